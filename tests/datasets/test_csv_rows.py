from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.enums import ViewPosition
from mammolens.errors import DatasetError


def a_row(**cells: str) -> CsvRow:
    return CsvRow(Path("labels.csv"), 7, cells)


def test_a_byte_order_mark_and_upper_case_names_do_not_matter(tmp_path):
    (tmp_path / "excel.csv").write_bytes("\ufeffImage, Patient_ID \r\na.png, 1 \r\n".encode())
    (row,) = read_rows(tmp_path / "excel.csv", required=("image",))
    assert dict(row.values) == {"image": "a.png", "patient_id": "1"}
    assert row.line == 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate(write_text, separator):
    path = write_text("labels.csv", f"image{separator}age\na.png{separator}61\n")
    assert read_rows(path)[0].text("age") == "61"


def test_blank_lines_are_passed_over_and_lines_are_counted_all_the_same(write_text):
    rows = read_rows(write_text("labels.csv", "image,age\n\na.png,61\n,\nb.png\n"))
    assert [(row.line, row.text("image"), row.text("age")) for row in rows] == [(3, "a.png", "61"), (5, "b.png", None)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no column 'image' (found nothing)"),
        ("image,age\n", "has no rows"),
        ("file,age\na.png,61\n", "has no column 'image' (found file, age)"),
        ("image,age,Age\na.png,61,62\n", "has the column 'age' twice"),
        ("image,age\na.png,61,62\n", "line 2 has 3 cells for 2 columns"),
    ],
)
def test_a_broken_table_is_refused_with_its_name_and_reason(write_text, text, complaint):
    path = write_text("labels.csv", text)
    with pytest.raises(DatasetError) as caught:
        read_rows(path, required=("image",))
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)


def test_a_missing_file_and_one_in_another_encoding_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        read_rows(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("image,ort\na.png,Köln\n".encode("latin-1"))
    with pytest.raises(DatasetError, match="not UTF-8"):
        read_rows(tmp_path / "latin.csv")


@pytest.mark.parametrize("cell", ["", "NA", "nan", "None", "null"])
def test_a_cell_that_says_nothing_is_missing(cell):
    row = a_row(age=cell)
    assert (row.text("age"), row.number("age"), row.flag("age"), row.word("age", ViewPosition)) == (None,) * 4
    with pytest.raises(DatasetError, match=r"labels\.csv: line 7, column 'age': is empty"):
        row.required("age")


def test_cells_become_numbers_flags_and_words():
    row = a_row(age="61.5", cancer="1.0", implant="False", view=" mlo".strip())
    assert row.number("age") == 61.5
    assert (row.flag("cancer"), row.flag("implant")) == (True, False)
    assert row.word("view", ViewPosition) is ViewPosition.MLO


@pytest.mark.parametrize("cell", ["sixty", "inf", "1,5"])
def test_what_is_no_number_is_refused_with_line_and_column(cell):
    with pytest.raises(DatasetError, match=r"line 7, column 'age': .* is not a number; write it"):
        a_row(age=cell).number("age")


def test_an_unknown_word_or_flag_is_refused_with_what_is_allowed():
    with pytest.raises(DatasetError, match="'AP' is unknown; use one of CC, MLO"):
        a_row(view="AP").word("view", ViewPosition)
    with pytest.raises(DatasetError, match="'maybe' is not yes or no"):
        a_row(cancer="maybe").flag("cancer")


def test_only_the_columns_that_are_asked_for_are_kept(write_text):
    (row,) = read_rows(write_text("t.csv", "Name,Age,Note\na,4,long\n"), ("name",), columns=("name", "age"))
    assert row.values == {"name": "a", "age": "4"}


def test_ragged_rows_are_handed_over_and_the_others_read(write_text):
    found = []
    rows = read_rows(write_text("t.csv", "name,age\na,4,5\nb,6\n"), on_bad_row=found.append)
    assert [row.required("name") for row in rows] == ["b"]
    assert [str(error) for error in found if "line 2 has 3 cells for 2 columns" in str(error)] == [str(found[0])]
