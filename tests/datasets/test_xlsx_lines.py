from __future__ import annotations

import pytest

from mammolens.datasets.csv_rows import read_rows
from mammolens.datasets.xlsx_lines import xlsx_lines
from mammolens.errors import DatasetError


def test_text_numbers_and_gaps_of_a_sheet_are_read(write_workbook):
    path = write_workbook("t.xlsx", [["Name", "Age", "Note"], ["a & b", 61.5, None], [None, None, "late"]])
    assert list(xlsx_lines(path)) == [(1, ["Name", "Age", "Note"]), (2, ["a & b", "61.5"]), (3, ["", "", "late"])]


def test_a_workbook_is_a_table_like_any_other(write_workbook):
    (row,) = read_rows(write_workbook("t.xlsx", [["Image", "Age"], ["a.png", 61]]), ("image",))
    assert (row.required("image"), row.number("age"), row.line) == ("a.png", 61, 2)


def test_what_is_no_workbook_or_not_there_is_refused(tmp_path):
    (tmp_path / "t.xlsx").write_text("name\n")
    with pytest.raises(DatasetError, match="is not a workbook .*; save the table"):
        read_rows(tmp_path / "t.xlsx")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_rows(tmp_path / "none.xlsx")
