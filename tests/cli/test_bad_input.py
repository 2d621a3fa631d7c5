"""Every mistake has one message on standard error, exit code 2, no traceback, and leaves nothing behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.conftest import Steepest
from steepest.cli import command
from steepest.cli.usage import UsageError, any_number, parse_values, positive_number, whole_number

F = "y ~ a + b*x"
MISTAKES = {
    "file that is not there": (("fit", "lime.csv", F), r"lime\.csv does not exist.*line\.csv"),
    "empty file": (("fit", "empty.csv", F), r"empty\.csv is empty"),
    "header only": (("fit", "nothing.csv", F), "no rows"),
    "no header": (("fit", "numbers.csv", F), "no header"),
    "folder": (("fit", ".", F), "is a folder"),
    "no name": (("fit", "", F), "folder|empty|path"),
    "unknown column": (("fit", "line.csv", "z ~ a + b*x"), "no column 'z'.*x, y"),
    "text": (("fit", "text.csv", F), r"'y'.*'abc'.*line 3 of text\.csv"),
    "dates": (("fit", "dates.csv", "y ~ a + b*d"), "'d'.*date"),
    "missing values": (("fit", "missing.csv", F), "line 3 of missing.csv.*--drop-missing"),
    "too few rows": (("fit", "one.csv", F), "1 row cannot determine 2 parameters"),
    "no parameter": (("fit", "line.csv", "y ~ x"), "nothing to fit"),
    "log of a negative start": (("fit", "line.csv", "y ~ log(a)*x", "--start", "a=-1"), "log of -1 is nan.*--start"),
    "log of a negative column": (("fit", "line.csv", "log(y - 3) ~ a*x"), "line 2 of line.csv"),
    "no formula": (("fit", "line.csv", "y = a"), "Write ~ between"),
    "out is a file": (("fit", "line.csv", F, "--out", "line.csv"), "--out line.csv .*a file is in its way"),
    "out below a file": (("fit", "line.csv", F, "--out", "line.csv/sub"), "a file is in its way"),
    "out cannot be made": (("fit", "line.csv", F, "--out", "/proc/nowhere"), "--out /proc/nowhere cannot be made"),
    "unknown loss": (("fit", "line.csv", F, "--loss", "mze"), "'mze'.*mse"),
    "unknown method": (("fit", "line.csv", F, "--method", "adm"), "'adm'.*adam"),
    "unknown option": (("fit", "line.csv", F, "--los", "mse"), "--los.*--loss"),
    "unknown command": (("fot",), "'fot'.*fit"),
    "missing argument": (("fit", "line.csv"), "FORMULA.*steepest fit --help"),
    "option without a value": (("fit", "line.csv", F, "--steps"), "--steps"),
    "formula like an option": (("fit", "line.csv", "-y ~ a*x"), "Put -- before a formula"),
    "negative steps": (("fit", "line.csv", F, "--steps", "-4"), "--steps must be a whole number, at least 0, not -4"),
    "half a step": (("fit", "line.csv", F, "--steps", "1.5"), "--steps must be a whole number.*1.5"),
    "no rate": (("fit", "line.csv", F, "--learning-rate", "0"), "--learning-rate must be a positive number, not 0"),
    "time in words": (("fit", "line.csv", F, "--time", "soon"), "--time must be a positive number of seconds, not soon"),
    "empty batch": (("fit", "line.csv", F, "--batch-size", "0"), "--batch-size must be a whole number, at least 1"),
    "threshold": (("fit", "line.csv", F, "--threshold", "nan"), "--threshold must be a number"),
    "seed": (("fit", "line.csv", F, "--seed", "x"), "--seed must be a whole number, not x"),
    "start": (("fit", "line.csv", F, "--start", "a"), "--start has 'a'"),
    "start of what is no parameter": (("fit", "line.csv", F, "--start", "x=1"), "'x'.*not a parameter.*a, b"),
    "weights": (("fit", "line.csv", F, "--weights", "w"), "'w'.*x, y"),
    "rate for a method without one": (("fit", "line.csv", F, "--learning-rate", "1", "--method", "lm"), "takes no learning rate"),
    "no model": (("predict", "model.json", "line.csv"), "no model file model.json"),
    "not a model": (("predict", "line.csv", "line.csv"), "line.csv is"),
    "predictions not CSV": (("predict", "model.json", "line.csv", "--out", "p.txt"), "must end in .csv or .parquet"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_one_message(name: str, steepest: Steepest, folder: Path) -> None:
    arguments, message = MISTAKES[name]
    before = sorted(folder.rglob("*"))
    result = steepest(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("steepest: ")
    assert "Traceback" not in result.err
    assert re.search(message, result.err, re.DOTALL), result.err
    assert sorted(folder.rglob("*")) == before

    result = (
        steepest(*arguments, "--json")
        if arguments[-1] != "--steps"
        else steepest(arguments[0], "--json", *arguments[1:])
    )
    assert (result.code, result.err) == (2, "")
    assert result.object.keys() == {"error"}
    assert result.object["error"].keys() == {"type", "message"}
    assert result.object["error"]["type"].endswith("Error")


def test_folder_made_for_a_fit_that_fails_is_taken_away_again(steepest: Steepest, folder: Path) -> None:
    assert steepest("fit", "text.csv", F, "--out", "new/er").code == 2
    assert not (folder / "new").exists()
    (folder / "old").mkdir()
    assert steepest("fit", "text.csv", F, "--out", "old/er").code == 2
    assert list((folder / "old").iterdir()) == []


def test_model_file_that_was_cut_off_or_changed(steepest: Steepest, folder: Path) -> None:
    steepest("fit", "line.csv", F, "--out", "out", "--no-picture")
    whole = (folder / "out" / "model.json").read_text()
    for name, content in (("cut.json", whole[:200]), ("changed.json", whole.replace('"rows": 5', '"rows": 6'))):
        (folder / name).write_text(content)
        result = steepest("predict", name, "line.csv")
        assert result.code == 2
        assert f"{name} is damaged" in result.err


def test_our_own_mistakes_are_one_line(steepest: Steepest, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr("steepest.fitting.fit.fit", broken)
    result = steepest("fit", "line.csv", F)
    assert (result.code, result.out) == (70, "")
    assert result.err.startswith(
        "steepest: internal error (ZeroDivisionError: one two). This is a mistake in steepest; please report"
    )
    assert result.err.count("\n") == 1
    result = steepest("fit", "line.csv", F, "--debug")
    assert "Traceback" in result.err
    assert result.code == 70
    assert steepest("fit", "line.csv", F, "--json").object["error"]["type"] == "InternalError"


def test_interrupted_before_there_is_anything(steepest: Steepest, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("steepest.fitting.fit.fit", interrupted)
    result = steepest("fit", "line.csv", F)
    assert (result.code, result.err) == (130, "steepest: interrupted.\n")


def test_no_memory_is_not_a_mistake_of_ours(steepest: Steepest, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("steepest.fitting.fit.fit", greedy)
    result = steepest("fit", "line.csv", F)
    assert result.code == 2
    assert "not enough memory" in result.err


def test_debug_shows_where(steepest: Steepest) -> None:
    result = steepest("fit", "text.csv", F, "--debug")
    assert "Traceback" in result.err
    assert result.err.splitlines()[-1].startswith("steepest: Column 'y'")


def test_messages_have_no_control_characters(steepest: Steepest) -> None:
    result = steepest("fit", "a\x1b[31mred.csv", F)
    assert "\x1b" not in result.err


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "empty"), ("a", "not a name and a number"), ("=1", "not a name and a number"), ("a=1,,b=2", "between two commas"),
     ("a=1,", "between two commas"), ("a=x", "'x', which is not a number"), ("a=", "'', which is not a number"),
     ("a=1=2", "'1=2', which is not a number"), ("a=1,a=2", "twice"), ("a=inf", "must be finite"), ("a=nan", "must be finite")],
)  # fmt: skip
def test_start_is_checked(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_values("--start", text)


def test_numbers_of_options() -> None:
    assert parse_values("--start", "a=1, w.b = -2e-3") == {"a": 1.0, "w.b": -0.002}
    assert whole_number("--seed", "123456789012345678901") == 123456789012345678901
    assert [whole_number("--steps", text) for text in (None, "7", "1e3", "-2")] == [None, 7, 1000, -2]
    assert [positive_number("--time", text) for text in (None, "0.5")] == [None, 0.5]
    assert [any_number("--threshold", text) for text in (None, "-inf", "2")] == [None, float("-inf"), 2.0]
    for text in ("inf", "nan", "", "1,5", "-1", "0"):
        with pytest.raises(UsageError, match="--time must be a positive number"):
            positive_number("--time", text)
    for text in ("inf", "nan", "", "2.5", "x"):
        with pytest.raises(UsageError, match="--steps must be a whole number"):
            whole_number("--steps", text)


def test_bare_call_and_help_show_the_way(steepest: Steepest) -> None:
    bare = steepest()
    assert (bare.code, bare.err) == (0, "")
    assert bare.out == steepest("--help").out
    assert 'steepest fit heights.csv "height ~ a + b*age"' in bare.out
    help_of_fit = steepest("fit", "--help").out
    for option in ("--loss", "--method", "--learning-rate", "--steps", "--batch-size", "--seed", "--time", "--threshold",
                   "--start", "--weights", "--out", "--drop-missing", "--no-picture", "--quiet", "--debug",
                   "--json"):  # fmt: skip
        assert option in help_of_fit
    assert "Examples:\n    steepest fit" in help_of_fit
    assert "Examples:\n    steepest predict" in steepest("predict", "--help").out
    assert steepest("fit", "--version").code == 2
    assert (command.BAD_INPUT, command.INTERNAL_ERROR, command.INTERRUPTED) == (2, 70, 130)
