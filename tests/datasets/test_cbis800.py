from __future__ import annotations

import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.cbis800 import open_cbis800
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality, Split, ViewPosition

HEADER = "image,patient_id,x,y,w,h\n"


def test_the_boxes_of_one_image_are_gathered(write_text, write_images):
    line = "00044_RIGHT_CC.jpg,00044,{},200,40,20\n"
    write_text("labels.csv", HEADER + line.format(100) + line.format(300))
    (case,) = open_cbis800(write_images("images/00044_RIGHT_CC.jpg")).cases
    assert case.lesions == (
        Lesion(row=210, column=120, half_rows=10, half_columns=20, shape="box", kind="mass"),
        Lesion(row=210, column=320, half_rows=10, half_columns=20, shape="box", kind="mass"),
    )
    assert (case.attributes.laterality, case.attributes.view) == (Laterality.RIGHT, ViewPosition.CC)
    assert case.abnormal
    assert case.attributes.pixel_aspect_ratio == pytest.approx(1.7)


def test_nothing_learns_from_patients_whom_the_demonstration_shows(write_text, write_images):
    shown = {read_header(file).patient_id.split("_")[2] for file in cbis_ddsm_files()}
    lines = [f"{patient}_LEFT_CC.jpg,{patient},1,2,3,4\n" for patient in (*sorted(shown), "00044")]
    write_text("labels.csv", HEADER + "".join(lines))
    folder = write_images(*(f"images/{line.split(',')[0]}" for line in lines))
    assert [case.split for case in open_cbis800(folder).cases] == [Split.TEST] * len(shown) + [None]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("00044.jpg,00044,1,2,3,4\n", "contains no side and view"),
        ("00044_LEFT_CC.jpg,00044,1,2,,4\n", "column 'w': is empty"),
    ],
)
def test_an_image_without_view_or_box_is_left_out_and_named(write_text, write_images, caplog, line, reason):
    write_text("labels.csv", HEADER + line + "00045_LEFT_CC.jpg,00045,1,2,3,4\n")
    folder = write_images("images/00044.jpg", "images/00044_LEFT_CC.jpg", "images/00045_LEFT_CC.jpg")
    assert [case.patient_id for case in open_cbis800(folder).cases] == ["00045"]
    assert reason in caplog.text


def test_the_development_set_holds_what_its_description_says(development_data):
    dataset = open_cbis800(development_data / "cbis800")
    assert len(dataset.cases) == 110
    boxes = [lesion for case in dataset.cases for lesion in case.lesions]
    assert len(boxes) == 133
    assert all(0 < box.row < 800 and 0 < box.column < 800 for box in boxes)
