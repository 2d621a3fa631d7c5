from __future__ import annotations

import pytest

from steepest.base.errors import DataError
from steepest.data.header import find_header, separator


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("a,b", "1,2", ","),
        ("a;b", "1;2", ";"),
        ("a;b", "1,5;2,5", ";"),
        ("a;b;c", "1,5;2,5;3", ";"),
        ("a\tb", "1\t2", "\t"),
        ("mass, kg;time", "1;2", ";"),
        ('"x;y",z', '"1;2",3', ","),
        ('"x;y", "z"', "1, 3", ","),
        ("a b", "1 2", " "),
        ("  a   b", " 1.5  2", " "),
        ("sea level", "3.5", ","),
        ("y", "1", ","),
        ("y", "", ","),
        ("a;b", "", ";"),
        ("a,b\tc,d", "1,5\t2,5", "\t"),
        ("mass, kg;time, s", "1,5;2,5", ";"),
    ],
)
def test_separator(header: str, row: str, expected: str) -> None:
    assert separator(header, row) == expected


def test_names_are_stripped_and_completed() -> None:
    header = find_header(b' t , "co2, ppm" ,\n1,2,3\n', "a.csv")
    assert header.names == ("t", "co2, ppm", "column_3")


def test_comments_and_blank_lines_before_the_header_are_counted() -> None:
    content = "# Mauna Loa\n#\n\n  # °\nt,y\n1,2\n".encode()
    header = find_header(content, "a.csv")
    assert (header.line, header.first_line) == (5, 6)
    assert content[header.body :] == b"1,2\n"


def test_a_header_may_run_over_lines() -> None:
    content = b'"mass\n(kg)",y\n1,2\n'
    header = find_header(content, "a.csv")
    assert header.names == ("mass\n(kg)", "y")
    assert (header.line, header.first_line, content[header.body :]) == (1, 3, b"1,2\n")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only\n# comments\n"])
def test_an_empty_file(content: bytes) -> None:
    with pytest.raises(DataError, match=r"a\.csv is empty"):
        find_header(content, "a.csv")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"1.0,2.0\n3.0,4.0\n", ["line 1 holds only numbers, '1.0,2.0'", "such as 'x,y'"]),
        (b"1.0;2;3\n3;4;5\n", ["'1.0;2;3'", "such as 'x1;x2;y'"]),
        (b"1,5;2,5\n3,5;4,5\n", ["such as 'x;y'"]),
        (b"1\n2\n", ["such as 'y'"]),
        (b"1 2\n3 4\n", ["such as 'x y'"]),
        (b"NA,2.0\n3.0,4.0\n", ["'NA,2.0'"]),
        (b"# made by hand\n\n1.0,2.0\n", ["line 3", "such as 'x,y'"]),
        (b"# x,y\n1.0,2.0\n", ["line 2", "If the comment '# x,y' above it is the header, remove its '#'"]),
        (b"# x y\n1.0 2.0\n3 4\n", ["line 2", "If the comment '# x y'"]),
    ],
)
def test_a_file_without_a_header(content: bytes, parts: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        find_header(content, "a.csv")
    message = str(caught.value)
    assert "a.csv has no header" in message
    for part in parts:
        assert part in message


def test_a_header_may_hold_some_numbers() -> None:
    assert find_header(b"year,2001,2002\na,1,2\n", "a.csv").names == ("year", "2001", "2002")
