from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import DataError
from steepest.data import numeric_columns, text
from steepest.data.source import Source
from steepest.data.text import from_text


def read(content: str | bytes) -> Source:
    return from_text(content.encode() if isinstance(content, str) else content, "a.csv")


def numbers(content: str | bytes, *names: str) -> dict[str, list[float]]:
    table = read(content).read()
    return {name: table.numeric(name).tolist() for name in names or table.names}


def refusal(content: str | bytes, *names: str) -> str:
    with pytest.raises(DataError) as caught:
        numbers(content, *names)
    message = str(caught.value)
    assert "a.csv" in message
    return message


EXPECTED = {"t": [1.0, 2.0], "y": [0.5, -1500.0]}


@pytest.mark.parametrize(
    "content",
    [
        "t,y\n1,0.5\n2,-1.5e3\n",
        "t,y\n1,0.5\n2,-1.5e3",
        "t,y\r\n1,0.5\r\n2,-1.5e3\r\n",
        "t,y\r1,0.5\r2,-1.5e3\r",
        "\ufefft,y\n1,0.5\n2,-1.5e3\n",
        "t,y\n1,0.5\n2,-1.5e3\n".encode("utf-16"),
        "t;y\n1;0,5\n2;-1,5e3\n",
        "t;y\n1;0.5\n2;-1.5e3\n",
        "t\ty\n1\t0.5\n2\t-1.5e3\n",
        "t y\n1 0.5\n2 -1.5e3\n",
        "  t     y\n  1   0.5\n\n  2\t-1.5e3\n",
        '"t","y"\n"1","0.5"\n"2","-1.5e3"\n',
        ' "t" , "y" \n 1 , 0.5 \n +2 , -1.5e3 \n',
        "# a comment\n\nt,y\n1,0.5\n2,-1.5e3\n\n\n",
    ],
)
def test_one_table_in_many_dresses(content: str | bytes) -> None:
    assert numbers(content) == EXPECTED


def test_a_tsv_with_commas_in_its_names() -> None:
    assert read("a,b\tc,d\n1\t2\n").names == ("a,b", "c,d")


def test_latin_1() -> None:
    assert numbers("größe,y\n1,2\n".encode("latin-1")) == {"größe": [1.0], "y": [2.0]}


def test_types() -> None:
    table = read("n,x,ok,day,name\n1,1.5,true,2001-01-01,a b\n2,2,false,2002-01-01,NA\n").read()
    assert [table.columns[name].dtype.kind for name in table.names] == ["i", "f", "b", "M", "O"]
    assert table.columns["name"].tolist() == ["a b", None]


@pytest.mark.parametrize("marker", ["", "NA", "N/A", "NaN", "nan", "null", "-", "None", " NA ", '"NA"'])
def test_missing_markers_are_missing_with_the_right_line(marker: str) -> None:
    message = refusal(f"# c\nt,y\n1,2\n2,{marker}\n3,4\n")
    assert "'y' is missing (empty or NaN) on line 4 of a.csv; 1 of 3 rows" in message
    table = read(f"t,y\n1,2\n2,{marker}\n3,4\n").read()
    assert numeric_columns(table, ["t", "y"], drop_missing=True).columns["y"].tolist() == [2.0, 4.0]


def test_a_column_without_any_number() -> None:
    assert "'y' is missing (empty or NaN) on line 2 of a.csv (the first of 2 such cells" in refusal("t,y\n1,\n2,\n")


def test_infinity() -> None:
    assert "'y' is infinite on line 3" in refusal("t,y\n1,1\n2,-inf\n")


def test_an_unused_column_of_text_does_no_harm() -> None:
    assert numbers("t,name,y\n1,a,0.5\n2,,-1500\n", "t", "y") == EXPECTED
    assert read("t,name\n1,a\n").read([]).rows == 0


def test_text_late_in_a_column_is_named_by_its_line() -> None:
    content = "t,y\n" + "".join(f"{i},{i}\n" for i in range(200_000)) + "5,abc\n6,7\n"
    message = refusal(content, "y")
    assert "Column 'y' has the text 'abc' on line 200002 of a.csv, where a number belongs" in message


def test_a_file_of_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_BLOCK", 64)
    rows = [f"{i},{i if i < 30 else i + 0.5}\n" for i in range(60)]
    assert numbers("t,y\n" + "".join(rows), "y")["y"] == [i if i < 30 else i + 0.5 for i in range(60)]
    message = refusal("t,y\n" + "".join(rows) + "60,abc\n")
    assert "the text 'abc' on line 62" in message
    assert "Line 62 of a.csv has 3 cells" in refusal("t,y\n" + "".join(rows) + "60,1,2\n")


def test_lines_are_right_past_blank_lines_and_quoted_line_ends() -> None:
    content = 't,name,y\n\n1,"two\nlines",2\n\n\n3,x,abc\n'
    assert "the text 'abc' on line 7" in refusal(content, "y")
    table = read(content).read(["t"])
    assert list(table.line_numbers or ()) == [3, 7]


def test_whitespace_separated_lines_are_right() -> None:
    assert "the text 'abc' on line 4" in refusal("t y\n1 2\n\n3 abc\n")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("t,y\n1,2\n\n3\n", ["Line 4 of a.csv has 1 cell,", "header on line 1 names 2 columns", "left empty"]),
        ("# c\nt,y\n1,2\n1,5,2,5\n", ["Line 4 of a.csv has 4 cells", "line 2 names 2", "decimal comma"]),
        ("t;y\n1;2\n1;2;3\n", ["Line 3 of a.csv has 3 cells", "Correct the line"]),
        ("t,y\n1,2\n# end\n", ["Line 3 of a.csv has 1 cell,", "comment may stand only before the header"]),
        ('"t","y"\n"1",2,3\n"2",2,3\n', ["Line 2 of a.csv has 3 cells", "give it a name in the header"]),
        ("y\n1\n1,5\n", ["Line 3 of a.csv has 2 cells", "names 1 column.", "decimal comma"]),
    ],
)
def test_ragged_rows_are_named(content: str, parts: list[str]) -> None:
    message = refusal(content)
    for part in parts:
        assert part in message


def test_separators_within_text_and_doubled_quotation_marks() -> None:
    table = read('name,y\n"a, b",1\n"say ""c""",2\n5" pipe,3\n').read()
    assert table.columns["name"].tolist() == ["a, b", 'say "c"', '5" pipe']


@pytest.mark.parametrize("tail", ["\n3,4\n", "\n" + "3,4\n" * 50_000])
def test_a_quotation_mark_that_is_never_closed(tail: str) -> None:
    message = refusal('t,name\n1,"a"\n2,"b' + tail, "t")
    assert "Line 3 of a.csv opens a quotation mark that is never closed" in message


def test_duplicate_names() -> None:
    assert "Two columns of a.csv are named 't': number 1 and number 3" in refusal("t,y, t\n1,2,3\n")


def test_only_a_header() -> None:
    assert "has a header (line 2) but no rows" in refusal("# c\nt,y\n\n")


def test_binary_content_is_not_text() -> None:
    assert "is not text" in refusal(b"t,y\n1,2\0\n")


def test_thousands_and_decimal_commas() -> None:
    assert "thousands separators" in refusal('t,y\n1,"1,234"\n2,"2,345"\n')
    assert "decimal comma" in refusal("t\ty\n1\t1,5\n")
    assert "the text '1.234,5' on line 2" in refusal("t;y\n1;1.234,5\n")
    assert numbers("t;y\n1;1,5\n2;\n".replace(";\n", ";7\n"))["y"] == [1.5, 7.0]


def test_decimal_commas_beside_missing_cells() -> None:
    table = read("t;y\n1;1,5\n2;NA\n3;2\n").read()
    np.testing.assert_array_equal(table.columns["y"], [1.5, np.nan, 2.0])


def test_dates_are_refused_with_their_line() -> None:
    message = refusal("day,y\n2001-01-01,1\n2001-01-02,2\n", "day")
    assert "Column 'day' has the date or time 2001-01-01 on line 2" in message
    assert "date or time 12:30:00" in refusal("at,y\n12:30,1\n", "at")


@settings(deadline=None, max_examples=50)
@given(st.one_of(st.binary(max_size=60), st.text("ty,;\t \n\r\"#'1.5-eNA\ufeffé", max_size=60).map(str.encode)))
def test_whatever_the_file_holds_only_a_data_error_is_raised(content: bytes) -> None:
    try:
        table = from_text(content, "a.csv").read()
        numeric_columns(table, table.names, drop_missing=True)
    except DataError:
        return
    assert table.rows > 0
    assert len(table.line_numbers or ()) == table.rows
