"""The command `steepest`, also `python -m steepest`."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as typing's, whose import would take longer than everything here
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    `steepest --version` answers before anything else is imported.

    Examples
    --------
    >>> main(["--version"])
    steepest 0.1.0
    0
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        from steepest.version import __version__

        print(f"steepest {__version__}")
        return 0
    from steepest.cli.command import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
