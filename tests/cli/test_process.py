"""What only a process of its own shows: what it imports, pipes, terminals, encodings, signals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "steepest"]
LINE = [*COMMAND, "fit", "line.csv", "y ~ a + b*x"]


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from steepest.__main__ import main\n"
        "code = main(['--version'])\n"
        "heavy = {'numpy', 'typer', 'rich', 'click', 'scipy', 'matplotlib', 'pyarrow', 'steepest.cli'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "steepest 0.1.0\n", "")


def test_help_imports_no_numpy() -> None:
    code = "import sys\nfrom steepest.__main__ import main\nmain(['fit', '--help'])\nsys.exit('numpy' in sys.modules)\n"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, timeout=60).returncode == 0


def test_reader_that_goes_away_is_no_error_and_the_files_are_written(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*LINE, "--out", "out"], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
    assert sorted(file.name for file in (folder / "out").iterdir()) == [
        "checkpoints",
        "fit.png",
        "history.csv",
        "model.json",
        "result.json",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_said(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*LINE, "--no-picture"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (
        2,
        "steepest: standard output cannot be written: No space left on device.\n",
    )


def test_plain_encodings_get_plain_signs(folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*LINE, "--no-picture"], capture_output=True, env=environment, timeout=60)
    assert done.returncode == 0
    assert b"R^2   " in done.stdout
    assert b"-------" in done.stdout
    assert b"?" not in done.stdout


def in_terminal(arguments: list[str], interrupt: bool = False, **environment: str) -> tuple[int, str]:
    """Run in a terminal of 80 columns; with `interrupt` type Ctrl-C once a step is shown."""
    pid, terminal = pty.fork()
    if pid == 0:  # the child
        os.environ.update({"COLUMNS": "80", "LINES": "24", "TERM": "xterm", **environment})
        os.execv(arguments[0], arguments)
    shown, give_up = b"", time.monotonic() + 60
    while time.monotonic() < give_up:
        if select.select([terminal], [], [], 1)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:  # how Linux says that the child closed it
                break
            if not part:
                break
            shown += part
        if interrupt and b"step 1" in shown:
            os.write(terminal, b"\x03")
            interrupt = False
    else:
        os.kill(pid, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(terminal)
    return code, shown.decode()


SLOW = [
    "--method",
    "gradient_descent",
    "--learning-rate",
    "1e-7",
    "--start",
    "a=3,b=9",
    "--steps",
    "100000000",
    "--no-picture",
]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_ctrl_c_in_a_terminal_keeps_the_best_and_says_so(folder: Path) -> None:
    code, shown = in_terminal([*LINE, *SLOW], interrupt=True)
    assert code == 130
    assert "of 100,000,000   loss" in shown  # the live line
    assert "interrupted after" in shown
    assert "residual standard deviation" in shown
    assert "Traceback" not in shown


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("options", "term"), [(["--quiet"], "xterm"), ([], "dumb")])
def test_no_live_line_where_it_is_not_wanted_or_not_possible(folder: Path, options: list[str], term: str) -> None:
    code, shown = in_terminal([*LINE, *SLOW, *options, "--time", "0.5"], TERM=term)
    assert code == 0
    assert "   loss 8" not in shown
    assert "\x1b[2K" not in shown
