from __future__ import annotations

import pytest

from mammolens.datasets.rsna640 import open_rsna640
from mammolens.enums import Split
from mammolens.errors import DatasetError


def test_split_truth_and_polarity_come_from_the_table(write_text, write_images):
    write_text(
        "labels.csv",
        "image,split,clean_negative,inverted,site_id,patient_id,image_id,laterality,view,age,cancer\n"
        "7_1.jpg,exposure,0,1,2,7,1,L,CC,61,1\n",
    )
    (case,) = open_rsna640(write_images("images/7_1.jpg")).cases
    assert (case.split, case.abnormal, case.clean_normal, case.site) == (Split.EXPOSURE, True, False, "2")
    assert (case.covariates["inverted"], case.attributes.exam_id) == ("1", "7")


@pytest.mark.parametrize(
    ("machine", "ratio"), [("21", 2776 / 2082), ("29", 5355 / 4915), ("49", 5928 / 4728), ("", 5928 / 4728)]
)
def test_the_stretch_is_that_of_the_machine_s_detector(write_text, write_images, machine, ratio):
    write_text("labels.csv", f"image,patient_id,split,machine_id\n7_1.jpg,7,test,{machine}\n")
    (case,) = open_rsna640(write_images("images/7_1.jpg")).cases
    assert case.attributes.pixel_aspect_ratio == pytest.approx(ratio)


def test_a_row_without_a_patient_is_refused(write_text, write_images):
    write_text("labels.csv", "image,patient_id,split\n7_1.jpg,,test\n")
    with pytest.raises(DatasetError, match="has no patient_id"):
        open_rsna640(write_images("images/7_1.jpg"))


def test_the_development_set_holds_what_its_description_says(development_data):
    dataset = open_rsna640(development_data / "rsna640")
    assert len(dataset.cases) == 1481
    assert sum(case.clean_normal for case in dataset.cases) == 907
    assert sum(case.abnormal is True for case in dataset.cases) == 574
    sizes = {split: len(dataset.in_split(split).cases) for split in Split}
    assert sizes == {
        Split.TRAIN: 578,
        Split.VALIDATION: 0,
        Split.CALIBRATION: 126,
        Split.TEST: 479,
        Split.EXPOSURE: 298,
    }
    assert all(case.clean_normal for case in dataset.in_split(Split.TRAIN).cases)


def test_no_patient_of_the_development_set_is_in_two_splits(development_data):
    dataset = open_rsna640(development_data / "rsna640")
    patients = [set(dataset.in_split(split).patients) for split in Split]
    assert sum(map(len, patients)) == len(set.union(*patients)) == 473
