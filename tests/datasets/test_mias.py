from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mammolens.datasets.base import Lesion
from mammolens.datasets.lesion_labels import lesion_labels
from mammolens.datasets.mias import open_mias
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import DatasetError

HEADER = "image,patient_id,laterality,view,tissue,label,severity,col,row,radius\n"


@pytest.fixture
def a_reduced_set(write_text, write_images):
    write_text(
        "labels.csv",
        HEADER
        + "mdb005.jpg,3,R,MLO,F,CIRC,B,10,20,5\n"
        + "mdb005.jpg,3,R,MLO,F,CALC,M,50,60,7.5\n"
        + "mdb006.jpg,3,L,MLO,F,NORM,,,,\n"
        + "mdb216.jpg,108,L,MLO,D,CALC,M,,,\n",
    )
    return write_images("images/mdb005.jpg", "images/mdb006.jpg", "images/mdb216.jpg")


def test_odd_numbers_are_right_even_ones_left_and_two_in_a_row_one_woman(a_reduced_set):
    right, left, other = open_mias(a_reduced_set).cases
    assert [case.attributes.laterality for case in (right, left)] == [Laterality.RIGHT, Laterality.LEFT]
    assert (right.patient_id, left.patient_id, other.patient_id) == ("3", "3", "108")
    assert right.attributes.view is ViewPosition.MLO


def test_lesions_of_one_image_are_gathered_as_circles(a_reduced_set):
    case = open_mias(a_reduced_set).cases[0]
    assert case.lesions == (Lesion(20, 10, 5, 5, kind="CIRC"), Lesion(60, 50, 7.5, 7.5, kind="CALC"))
    assert (case.abnormal, case.clean_normal) == (True, False)
    assert case.covariates == {"tissue": "F", "label": "CALC+CIRC", "severity": "M"}


def test_normals_are_clean_and_diffuse_lesions_are_abnormal_without_a_place(a_reduced_set):
    _, normal, diffuse = open_mias(a_reduced_set).cases
    assert (normal.abnormal, normal.clean_normal, normal.lesions) == (False, True, ())
    assert (diffuse.abnormal, diffuse.clean_normal, diffuse.lesions) == (True, False, ())


def test_the_published_layout_counts_rows_from_the_bottom(write_text, write_images):
    write_text(
        "Info.txt",
        "MIAS MiniMammographic Database\n\nmdb001 G CIRC B 535 425 197\nmdb003 D NORM\nmdb216 D CALC M *NOTE 3*\n",
    )
    lesion, normal, diffuse = open_mias(write_images("mdb001.png", "mdb003.png", "mdb216.png")).cases
    assert lesion.lesions == (Lesion(1023 - 425, 535, 197, 197, kind="CIRC"),)
    assert normal.clean_normal
    assert (diffuse.abnormal, diffuse.lesions, diffuse.covariates["severity"]) == (True, (), "M")


def test_the_published_pgm_is_read_with_its_pixel_size_and_its_circle_lies_on_the_mass(
    an_exam_with_a_mass_on_the_left, write_text, tmp_path
):
    view = an_exam_with_a_mass_on_the_left.views[3]
    frame = (slice(None), slice(96, 928))  # published images stand in the middle of 1024 x 1024 pixels
    pixels, mask = np.zeros((1024, 1024), np.uint8), np.zeros((1024, 1024), bool)
    pixels[frame] = np.kron(view.pixels * 255, np.ones((4, 4))).astype(np.uint8)
    mask[frame] = np.kron(view.lesion_mask, np.ones((4, 4), bool))
    Image.fromarray(pixels).save(tmp_path / "mdb002.pgm")
    (row, column), radius = np.argwhere(mask).mean(axis=0).round().astype(int), int(np.sqrt(mask.sum() / np.pi))
    write_text("Info.txt", f"mdb002 G SPIC M {column} {1023 - row} {radius}\n")
    (case,) = open_mias(tmp_path).cases
    mammogram = read_mammogram(case.path, case.attributes)
    assert (mammogram.header.laterality, mammogram.header.view) == (Laterality.LEFT, ViewPosition.MLO)
    assert (mammogram.header.spacing.between_rows, mammogram.header.spacing.between_columns) == (0.2, 0.2)
    circle = lesion_labels(case.lesions, mask.shape, mask.shape) > 0
    assert (circle & mask).sum() > 0.5 * (circle | mask).sum()


def test_a_line_that_is_no_entry_is_left_out_and_named(write_text, write_images, caplog):
    write_text("Info.txt", "mdb001 G ODD! B 535 425 197\nmdb003 D NORM\n")
    assert [case.path.stem for case in open_mias(write_images("mdb001.png", "mdb003.png")).cases] == ["mdb003"]
    assert "line 1 is not an entry: 'mdb001 G ODD! B 535 425 197'" in caplog.text


def test_a_folder_without_table_is_refused_and_a_strange_name_left_out(write_text, write_images, tmp_path, caplog):
    with pytest.raises(DatasetError, match=r"Info\.txt: cannot be read"):
        open_mias(tmp_path)
    write_text("labels.csv", HEADER + "x1.jpg,3,R,MLO,F,NORM,,,,\n" + "mdb006.jpg,3,L,MLO,F,NORM,,,,\n")
    assert len(open_mias(write_images("images/x1.jpg", "images/mdb006.jpg")).cases) == 1
    assert "'x1.jpg' is not a file name of mini-MIAS" in caplog.text


def test_the_development_set_holds_what_its_description_says(development_data):
    dataset = open_mias(development_data / "mias640")
    assert (len(dataset.cases), len(dataset.patients)) == (158, 80)
    assert sum(case.clean_normal for case in dataset.cases) == 101
    inside = [0 <= lesion.row < 640 and 0 <= lesion.column < 640 for case in dataset.cases for lesion in case.lesions]
    assert len(inside) == 57
    assert all(inside)
