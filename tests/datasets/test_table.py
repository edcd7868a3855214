from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.table import find_image, open_table, read_table
from mammolens.enums import Laterality, SpacingSource, Split, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes, PixelSpacing

FULL = (
    "image,patient_id,exam_id,laterality,view,machine_id,inverted,split,clean_negative,cancer,site_id,age,density\n"
    "a.png,7,7-1,left,mlo,49,1,calibration,1,0,2,61,C\n"
)


def test_known_columns_are_understood_and_others_kept_as_covariates(write_text):
    row = read_table(write_text("labels.csv", FULL)).rows["a.png"]
    assert row.attributes == ImageAttributes("7", "7-1", Laterality.LEFT, ViewPosition.MLO, "49")
    assert (row.split, row.clean_negative, row.cancer, row.site) == (Split.CALIBRATION, True, False, "2")
    assert row.covariates == {"machine_id": "49", "inverted": "1", "age": "61", "density": "C"}


def test_only_the_image_column_is_needed(write_text):
    row = read_table(write_text("labels.csv", "image\na.png\n")).rows["a.png"]
    assert row.attributes == ImageAttributes()
    assert (row.split, row.clean_negative, row.cancer, row.site, row.covariates) == (None, None, None, None, {})


def test_a_pixel_size_is_no_covariate_but_the_image_s_spacing(write_text):
    row = read_table(write_text("labels.csv", "image,pixel_size_mm\na.png,0.07\n")).rows["a.png"]
    assert row.attributes.spacing == PixelSpacing(0.07, 0.07, SpacingSource.TABLE)
    assert row.covariates == {}


@pytest.mark.parametrize("cell", ["0", "-0.07", "70", "small"])
def test_a_pixel_size_that_is_none_is_refused_with_file_line_and_column(write_text, cell):
    path = write_text("labels.csv", f"image,pixel_size_mm\na.png,{cell}\n")
    with pytest.raises(DatasetError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: line 2, column 'pixel_size_mm': ")


@pytest.mark.parametrize(("column", "cell"), [("laterality", "B"), ("view", "AP"), ("split", "dev"), ("cancer", "?")])
def test_an_unknown_value_is_refused_with_file_line_and_column(write_text, column, cell):
    path = write_text("labels.csv", f"image,{column}\na.png,{cell}\n")
    with pytest.raises(DatasetError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: line 2, column '{column}': '{cell}' ")


@pytest.mark.parametrize(("column", "cell"), [("laterality", "B"), ("view", "AT"), ("split", "dev"), ("cancer", "?")])
def test_one_bad_cell_leaves_out_its_image_and_no_other(write_text, write_images, caplog, column, cell):
    path = write_text("labels.csv", f"image,patient_id,{column}\na.png,1,\nb.png,2,{cell}\nc.png,3,\n")
    table = read_table(path)
    assert list(table.rows) == ["a.png", "c.png"]
    assert list(table.unusable) == ["b.png"]
    error = f"{path}: line 3, column '{column}': '{cell}' "
    assert str(table.unusable["b.png"]).startswith(error)
    with caplog.at_level(logging.WARNING):
        cases = open_table(write_images("a.png", "b.png", "c.png"), path).cases
    assert [case.path.name for case in cases] == ["a.png", "c.png"]
    (told,) = caplog.messages
    assert told.startswith(f"left out: {error}")


def test_a_row_without_image_or_patient_is_left_out_and_told(write_text, write_images, caplog):
    path = write_text("labels.csv", "image,patient_id\na.png,1\n,2\n../c.png,3\nd.png,\n")
    assert [str(error).split(": ")[1] for error in read_table(path).nameless] == [
        "line 3, column 'image'",
        "line 4, column 'image'",
    ]
    with caplog.at_level(logging.WARNING):
        cases = open_table(write_images("a.png", "d.png"), path).cases
    assert [case.path.name for case in cases] == ["a.png"]
    assert "'d.png' has no patient_id" in caplog.text


LESIONS = (
    "image,patient_id,view,cancer,x,y,w,h,finding\n"
    "a/b.png,1,CC,0,10,20,30,40,mass\n"
    "a\\b.png,1,,1,50,60,8,4,calcification\n"
    "c.png,2,CC,,,,,,\n"
)


def test_an_image_with_several_lesions_has_a_row_for_each_however_its_path_is_written(write_text, write_images):
    path = write_text("labels.csv", LESIONS)
    row = read_table(path).rows["a/b.png"]
    assert (row.attributes.view, row.cancer, row.clean_negative) == (ViewPosition.CC, True, None)
    assert row.covariates == {"finding": "mass; calcification"}
    assert row.lesions == (Lesion(40, 25, 20, 15, "box"), Lesion(62, 54, 2, 4, "box"))
    cases = open_table(write_images("a/b.png", "c.png"), path).cases
    assert [(case.abnormal, len(case.lesions)) for case in cases] == [(True, 2), (None, 0)]


def test_an_image_with_a_lesion_is_not_normal_by_assumption(write_text, write_images):
    path = write_text("labels.csv", "image,patient_id,x,y,w,h\na.png,1,10,20,30,40\nb.png,2,,,,\n")
    cases = open_table(write_images("a.png", "b.png"), path).cases
    assert [(case.abnormal, case.clean_normal) for case in cases] == [(True, False), (None, False)]


@pytest.mark.parametrize(
    ("column", "one", "other"), [("laterality", "L", "R"), ("patient_id", "1", "2"), ("split", "train", "test")]
)
def test_rows_that_contradict_each_other_leave_out_their_image(write_text, column, one, other):
    path = write_text("labels.csv", f"image,{column}\na.png,{one}\nb.png,{one}\nb.png,{other}\n")
    table = read_table(path)
    assert list(table.rows) == ["a.png"]
    assert str(table.unusable["b.png"]).startswith(
        f"{path}: line 4, column '{column}': the rows of 'b.png' contradict each other; "
    )


@pytest.mark.parametrize("name", ["../b.png", "/etc/b.png", "C:\\b.png", "."])
def test_an_image_outside_of_the_folder_is_refused(write_text, name):
    with pytest.raises(DatasetError, match="leads out of the folder"):
        read_table(write_text("labels.csv", f"image\n{name}\n"))


def test_a_file_finds_its_row_by_the_longest_name_that_fits(write_text):
    table = read_table(write_text("labels.csv", "image,age\nx.png,1\na/x.png,2\n"))
    assert find_image(table, Path("/data/a/x.png")) == "a/x.png"
    assert find_image(table, Path("/data/b/x.png")) == "x.png"
    assert find_image(table, Path("/data/y.png")) is None


def test_images_are_found_beside_the_table_or_in_the_folder_images(write_text, write_images):
    folder = write_images("a.png", "images/b.png")
    table = write_text("labels.csv", "image,patient_id,cancer\na.png,1,0\nb.png,2,1\n")
    cases = open_table(folder, table).cases
    assert [case.path for case in cases] == [folder / "a.png", folder / "images" / "b.png"]
    assert [(case.abnormal, case.clean_normal) for case in cases] == [(False, True), (True, False)]


@pytest.mark.parametrize(
    ("header", "cells", "abnormal", "clean_normal"),
    [
        ("cancer,clean_negative", "0,0", False, False),
        ("cancer,clean_negative", "1,1", True, False),
        ("cancer,clean_negative", ",0", None, False),
        ("clean_negative", "1", False, True),
        ("clean_negative", "0", None, False),
        ("cancer", "1", True, False),
    ],
)
def test_what_the_table_does_not_say_stays_unknown(write_text, write_images, header, cells, abnormal, clean_normal):
    table = write_text("labels.csv", f"image,patient_id,{header}\na.png,1,{cells}\n")
    (case,) = open_table(write_images("a.png"), table).cases
    assert (case.abnormal, case.clean_normal) == (abnormal, clean_normal)


def test_a_row_without_truth_is_unknown_if_another_row_has_it(write_text, write_images):
    table = write_text("labels.csv", "image,patient_id,cancer\na.png,1,\nb.png,2,0\n")
    cases = open_table(write_images("a.png", "b.png"), table).cases
    assert [(case.abnormal, case.clean_normal) for case in cases] == [(None, False), (False, True)]


def test_a_table_without_truth_lists_normals(write_text, write_images):
    table = write_text("labels.csv", "image,patient_id\na.png,1\n")
    (case,) = open_table(write_images("a.png"), table).cases
    assert (case.abnormal, case.clean_normal) == (False, True)


def test_absent_images_are_left_out_and_counted_in_the_log(write_text, write_images, caplog):
    table = write_text("labels.csv", "image,patient_id\na.png,1\nb.png,2\nc.png,3\n")
    with caplog.at_level(logging.WARNING):
        assert len(open_table(write_images("a.png"), table).cases) == 1
    assert "2 of 3 images are missing" in caplog.text


def test_a_table_without_a_patient_or_without_any_image_is_refused(write_text, tmp_path):
    with pytest.raises(DatasetError, match=r"'a\.png' has no patient_id"):
        open_table(tmp_path, write_text("labels.csv", "image\na.png\n"))
    with pytest.raises(DatasetError, match="none of its 1 images exists"):
        open_table(tmp_path, write_text("labels.csv", "image,patient_id\na.png,1\n"))
