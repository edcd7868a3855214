from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from mammolens.errors import DatasetError, RequestError
from mammolens.review.chain import Head, entry_of, linked
from mammolens.review.formats import Format, format_of, read_values, row_of_values, values_of, write_entries
from mammolens.review.rows import row_of

from .conftest import NOON, decision


def an_entry(**given):
    return entry_of(linked(row_of(decision(time=NOON, **given)), Head()))


def test_the_name_of_a_file_tells_its_format():
    assert format_of(Path("a.CSV")) is Format.CSV
    assert format_of(Path("a.jsonl")) is Format.JSON_LINES
    with pytest.raises(DatasetError, match="a.xlsx: its name ends neither in .csv nor in .jsonl; name it a.csv or"):
        format_of(Path("a.xlsx"))


def test_a_table_begins_with_its_columns_and_lists_images_with_blanks():
    file = io.StringIO(newline="")
    assert write_entries([an_entry(exam_p_value=0.1)], file, Format.CSV) == 1
    header, line = file.getvalue().split("\r\n")[:2]
    assert header == (
        "sequence,decision_id,exam_id,images,verdict,undoes,reviewer,time,comment,regions,model,calibration,"
        "exam_p_value,exam_score,viewer,origin,second_confirmation,salt,content,previous_hash,hash"
    )
    assert ",e-1,1.2.1 1.2.2,normal,,anna,2026-01-31T12:00:00.000000Z,,,,,0.1,,,viewer," in line


FORMULAS = ["=1+1", "+49", "-x", "@SUM(A1)", "\t=1", "'=1", "''-1", "-0.5"]


@pytest.mark.parametrize("comment", [*FORMULAS, "'tis normal", "a=b", ""])
def test_a_comment_is_no_formula_of_a_spreadsheet_and_comes_back_as_it_was(comment):
    file = io.StringIO(newline="")
    write_entries([an_entry(comment=comment, reviewer="@anna", exam_score=-0.5)], file, Format.CSV)
    cells = dict(zip(*csv.reader(io.StringIO(file.getvalue(), newline="")), strict=True))
    assert cells["comment"][:1] not in set("=+-@\t\r")
    assert cells["reviewer"] == "'@anna"
    assert cells["exam_score"] == "-0.5"  # a number, not text
    ((_, line),) = read_values(io.StringIO(file.getvalue(), newline=""), Format.CSV)
    assert (line["comment"] or "", line["reviewer"], line["exam_score"]) == (comment, "@anna", -0.5)


def test_a_line_of_json_has_lists_and_nulls():
    values = values_of(an_entry())
    assert values["images"] == ["1.2.1", "1.2.2"]
    assert values["exam_p_value"] is None
    assert values["sequence"] == 1


def test_lines_are_numbered_as_an_editor_does_though_comments_have_lines_too():
    text = 'exam_id,images,reviewer,time,comment\ne-1,1.2,anna,t,"two\nlines"\n\ne-2,1.2,anna,t,\ne-3,1.2\n'
    lines = list(read_values(io.StringIO(text, newline=""), Format.CSV))
    assert [number for number, _ in lines] == [2, 5, 6]
    assert isinstance(lines[2][1], RequestError)


def test_a_column_that_nobody_knows_is_refused():
    with pytest.raises(RequestError, match="'verdikt': is not a column; use decision_id, exam_id"):
        row_of_values({"verdikt": "normal"})


def test_a_value_of_another_type_is_refused():
    line = {"exam_id": "e-1", "images": ["1.2"], "reviewer": "anna", "time": "2026-01-31T12:00:00Z"}
    assert row_of_values(line)["origin"] == "import"
    for column, value in [("images", "1.2"), ("reviewer", 5), ("exam_p_value", "0.5"), ("exam_score", True)]:
        with pytest.raises(RequestError, match=f"{column}: .* is not "):
            row_of_values({**line, column: value})
