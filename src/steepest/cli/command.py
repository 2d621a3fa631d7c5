"""The command line as a whole: from the arguments to an exit code, whatever happens."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Container, Sequence

from steepest.base.errors import SteepestError
from steepest.cli.output import Output, complain
from steepest.cli.usage import UsageError

BAD_INPUT, INTERNAL_ERROR, INTERRUPTED = 2, 70, 130


def run(arguments: Sequence[str]) -> int:
    """Run ``steepest`` with these arguments.

    Returns
    -------
    int
        0 done; 1 the fit diverged, stalled or met a value that is not finite; 2 bad input; 70 a mistake of steepest's own;
        130 interrupted; 141 nobody read the output to its end.
    """
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_object, debug = "--json" in options, "--debug" in options
    output = Output(arguments)
    try:
        with warnings.catch_warnings():
            if not debug:
                warnings.simplefilter("ignore")  # they speak to programmers
            code = _dispatch(arguments, output)
    except KeyboardInterrupt:
        code = _fail(output, as_object, INTERRUPTED, "Interrupted", "interrupted.")
    except SteepestError as error:
        if debug:
            traceback.print_exc()
        code = _fail(output, as_object, BAD_INPUT, type(error).__name__, str(error))
    except MemoryError:
        message = "there is not enough memory for this. Give --batch-size, or fewer rows."
        code = _fail(output, as_object, BAD_INPUT, "MemoryError", message)
    except Exception as error:
        if debug:
            traceback.print_exc()
        message = (
            f"internal error ({type(error).__name__}: {error}). This is a mistake in steepest; please report it. "
            "Run with --debug for the traceback."
        )
        code = _fail(output, as_object, INTERNAL_ERROR, "InternalError", " ".join(message.split()))
    return code if output.exit_code is None else output.exit_code


def _dispatch(arguments: Sequence[str], output: Output) -> int:
    import typer

    from steepest.cli.app import app

    command = typer.main.get_command(app)
    try:
        # Typer only reads the arguments: each of its commands returns what is to be done, which is done out here.
        asked = command.main(args=list(arguments) or ["--help"], prog_name="steepest", standalone_mode=False)
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        explain = getattr(error, "format_message", None)  # a class of click's or of Typer's own, by release
        if explain is None:
            raise
        raise UsageError(_usage_message(explain(), arguments, getattr(command, "commands", ()))) from error
    return asked if isinstance(asked, int) else int(asked.run(output)) if asked is not None else 0


def _usage_message(message: str, arguments: Sequence[str], commands: Container[str]) -> str:
    message = " ".join(message.split())
    if not message.endswith((".", "?", ")")):
        message += "."
    if any(argument.startswith("-") and "~" in argument for argument in arguments) and "--" not in arguments:
        return f"{message} Put -- before a formula that begins with a minus: steepest fit data.csv -- '-y ~ a*x'."
    name = next((argument for argument in arguments if argument in commands), "")
    return f"{message} See {' '.join(['steepest', name, '--help'] if name else ['steepest', '--help'])}."


def _fail(output: Output, as_object: bool, code: int, kind: str, message: str) -> int:
    if as_object:
        output.say_object({"error": {"type": kind, "message": message}})
    else:
        complain(message)
    return code
