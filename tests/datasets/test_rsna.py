from __future__ import annotations

import logging

import pytest

from mammolens.datasets.rsna import open_rsna
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import DatasetError

HEADER = (
    "site_id,patient_id,image_id,laterality,view,age,cancer,biopsy,invasive,BIRADS,implant,density,machine_id,"
    "difficult_negative_case,prediction_id\n"
)
CLEAN = "1,10,100,R,CC,61.0,0,0,0,1.0,0,B,49,False,10_R\n"


@pytest.fixture
def kaggle_with(write_text, write_images):
    """A folder in Kaggle's layout with one line of train.csv and its image."""

    def make(line: str):
        patient, image = line.split(",")[1:3]
        folder = write_images(f"train_images/{patient}/{image}.dcm")
        write_text("train.csv", HEADER + line)
        return folder

    return make


def test_a_row_becomes_a_case_with_its_image(kaggle_with):
    folder = kaggle_with(CLEAN)
    dataset = open_rsna(folder)
    (case,) = dataset.cases
    assert case.path == folder / "train_images" / "10" / "100.dcm"
    assert (case.patient_id, case.site, case.abnormal, case.clean_normal) == ("10", "1", False, True)
    assert (case.attributes.laterality, case.attributes.view) == (Laterality.RIGHT, ViewPosition.CC)
    assert (case.attributes.exam_id, case.attributes.machine_id) == ("10", "49")
    assert case.covariates["age"] == "61.0"
    assert "non-commercial" in dataset.licence


@pytest.mark.parametrize(
    ("line", "abnormal"),
    [
        ("1,10,100,R,CC,61,1,1,1,,0,B,49,False,10_R\n", True),
        ("1,10,100,R,CC,61,0,1,0,,0,B,49,False,10_R\n", False),
        ("1,10,100,R,CC,61,0,0,0,0.0,0,B,49,False,10_R\n", False),
        ("1,10,100,R,CC,61,0,0,0,1,1,B,49,False,10_R\n", False),
        ("1,10,100,R,CC,61,0,0,0,1,0,B,49,True,10_R\n", False),
    ],
    ids=["cancer", "biopsy", "recall", "implant", "difficult"],
)
def test_only_a_negative_without_any_doubt_is_a_clean_normal(kaggle_with, line, abnormal):
    (case,) = open_rsna(kaggle_with(line)).cases
    assert (case.abnormal, case.clean_normal) == (abnormal, False)


def test_a_negative_of_a_site_without_birads_is_a_clean_normal(kaggle_with):
    assert open_rsna(kaggle_with("2,10,100,L,MLO,,0,0,0,,0,,29,False,10_L\n")).cases[0].clean_normal


def test_axillary_tails_and_absent_images_are_left_out_and_counted(kaggle_with, write_text, caplog):
    folder = kaggle_with(CLEAN)
    absent = CLEAN.replace(",100,", ",101,")
    write_text("train.csv", HEADER + CLEAN + absent + CLEAN.replace(",CC,", ",AT,"))
    with caplog.at_level(logging.INFO):
        assert len(open_rsna(folder).cases) == 1
    assert "1 axillary-tail views left out" in caplog.text
    assert "1 of 2 images are missing" in caplog.text


def test_a_bad_row_is_left_out_and_named(kaggle_with, write_text, caplog):
    folder = kaggle_with(CLEAN)
    write_text("train.csv", HEADER + CLEAN + CLEAN.replace(",R,", ",both,"))
    assert len(open_rsna(folder).cases) == 1
    assert "line 3, column 'laterality': 'both' is unknown" in caplog.text


def test_a_download_without_images_is_refused(write_text, tmp_path):
    write_text("train.csv", HEADER + CLEAN)
    with pytest.raises(DatasetError, match=r"train\.csv: none of its 1 images exists, such as .*100\.dcm; give"):
        open_rsna(tmp_path)
