from __future__ import annotations

import pytest

from steepest.base.errors import DataError
from steepest.data.json_lines import from_json_lines


def refusal(content: str, name: str = "x") -> str:
    with pytest.raises(DataError) as caught:
        from_json_lines(content.encode(), "a.jsonl").read().numeric(name)
    message = str(caught.value)
    assert "a.jsonl" in message
    return message


@pytest.mark.parametrize(
    "content",
    [
        '{"x": 1, "s": "a"}\n{"x": 2.5}\n',
        '{"x": 1, "s": "a"}\r\n{"x": 2.5}',
        '\ufeff\n{"x": 1}\n\n{"s": "a", "x": 2.5}\n\n',
        '{"x": 1, "s": 3}\n{"x": 2.5, "s": "mixed"}\n',
        '{"x": 1, "x": 1}\n{"x": 2.5}\n',
        '{"x": true}\n{"x": "2.5"}\n',
    ],
)
def test_regular_and_irregular_lines(content: str) -> None:
    assert from_json_lines(content.encode(), "a.jsonl").read(["x"]).numeric("x").tolist() == [1.0, 2.5]


def test_missing_keys_are_missing_values() -> None:
    assert "'x' is missing (empty or NaN) on line 2 of a.jsonl" in refusal('{"x": 1}\n{"y": 2}\n{"x": null}\n')
    assert "on line 3 of a.jsonl (the first of 2" in refusal('{"x": 1}\n\n{"y": 2}\n{"x": null, "y": "mixed"}\n')


def test_nan_and_infinity_are_understood_and_refused() -> None:
    assert "is missing" in refusal('{"x": NaN}\n{"x": 1}\n')
    assert "is infinite on line 2" in refusal('{"x": 1, "s": 1}\n{"x": Infinity, "s": "mixed"}\n')


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ('{"x": 1}\n{"x": \n', ["Line 2 of a.jsonl is not JSON", "one complete object a line"]),
        ('{\n"x": 1}\n{"x": 2}\n', ["Line 1 of a.jsonl is not JSON"]),
        ('{"x": 1}{"x": 2}\n', ["Line 1 of a.jsonl is not JSON"]),
        ('{"x": 1}\n\n[1]\n', ["Line 3 of a.jsonl is no JSON object"]),
        ('[{"x": 1}]\n', ["one JSON list", "to_json"]),
        ("\n\n", ["is empty"]),
        ("{}\n{}\n", ["no columns"]),
        ('{"x": 1}\n{"x": "abc"}\n', ["the text 'abc' on line 2"]),
        ('{"x": [1, 2]}\n', ["the nested value [1, 2] on line 1"]),
        ('{"x": {"a": 1}}\n', ["the nested value {'a': 1} on line 1"]),
        ('{"x": 1}\n{"x": [1, 2]}\n', ["the nested value [1, 2] on line 2"]),
        ('{"x": "2001-01-01"}\n', ["the date or time 2001-01-01"]),
        ("not json\n", ["Line 1 of a.jsonl is not JSON"]),
        ('{"x": 1}\n' + "[" * 100_000, ["Line 2 of a.jsonl is not JSON"]),
    ],
)
def test_what_is_wrong_is_named_by_its_line(content: str, parts: list[str]) -> None:
    message = refusal(content)
    for part in parts:
        assert part in message


def test_unknown_column() -> None:
    assert "'y' is not in a.jsonl" in refusal('{"x": 1}\n', "y")
