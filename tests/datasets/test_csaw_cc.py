from __future__ import annotations

import pytest

from mammolens.datasets.csaw_cc import TABLE, open_csaw_cc
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality, ViewPosition

HEADER = (
    "anon_patientid,exam_year,x_case,x_age,x_cancer_laterality,x_type,x_lymphnode_met,rad_timing,rad_r1,rad_r2,"
    "rad_recall,rad_recall_type_right,rad_recall_type_left,imagelaterality,viewposition,libra_breastarea,"
    "libra_densearea,libra_percentdensity,anon_filename\n"
)


def row(patient, side, view, name, *, case=0, cancer="", timing="", readers=(0, 0), recall=0, year=2012):
    known = f"{patient},{year},{case},2,{cancer},,,{timing},{readers[0]},{readers[1]},{recall},,"
    return f"{known},{side},{view},120.5,20.1,16.7,{name}\n"


@pytest.fixture
def a_release(write_text, write_view):
    write_text(
        TABLE,
        HEADER
        + row("0001", "Left", "CC", "0001_2012_L_CC_1.dcm", case=1, cancer="Left", timing="1.0", recall=1)
        + row("0001", "Right", "CC", "0001_2012_R_CC_1.dcm", case=1, cancer="Left", timing="1.0", recall=1)
        + row("0002", "Left", "MLO", "0002_2012_L_MLO_1.dcm"),
    )
    for name in ("0001_2012_L_CC_1", "0001_2012_R_CC_1", "0002_2012_L_MLO_1"):
        path = write_view(f"images/part1/{name}.dcm", name[10:-2], PatientID=None)
    return path.parents[2]


def test_the_breast_with_the_cancer_is_abnormal_and_the_other_one_is_not(a_release):
    cases = open_csaw_cc(a_release).cases
    assert [(case.abnormal, case.clean_normal) for case in cases] == [(True, False), (False, False), (False, True)]
    assert cases[0].attributes.exam_id == cases[1].attributes.exam_id == "0001-2012"
    assert cases[0].covariates == {"age_group": "over 55", "rad_timing": "1", "percent_density": "16.7"}


@pytest.mark.parametrize("timing", ["2.0", "3", ""], ids=["interval", "prior", "unknown"])
def test_a_cancer_that_was_found_later_says_nothing_of_this_image(a_release, write_text, timing):
    write_text(TABLE, HEADER + row("1", "Left", "CC", "0001_2012_L_CC_1.dcm", case=1, cancer="Left", timing=timing))
    assert open_csaw_cc(a_release).cases[0].abnormal is None


@pytest.mark.parametrize(
    "known", [{"recall": 1}, {"readers": (1, 0)}, {"readers": (0, 1)}], ids=["recall", "first", "second"]
)
def test_whom_a_reader_flagged_is_no_clean_normal(a_release, write_text, known):
    write_text(TABLE, HEADER + row("1", "Left", "CC", "0001_2012_L_CC_1.dcm", **known))
    (case,) = open_csaw_cc(a_release).cases
    assert (case.abnormal, case.clean_normal) == (False, False)


def test_the_layout_is_told_by_itself_and_its_images_are_read(a_release):
    assert detect_kind(a_release) == "csaw-cc"
    case = open_dataset(a_release).cases[2]
    header = read_header(case.path, case.attributes)
    assert (header.patient_id, header.laterality, header.view) == ("0002", Laterality.LEFT, ViewPosition.MLO)


def test_a_bad_row_is_left_out_and_an_absent_image_counted(a_release, write_text, caplog):
    good, absent = row("2", "Left", "MLO", "0002_2012_L_MLO_1.dcm"), row("3", "Left", "CC", "0003.dcm")
    write_text(TABLE, HEADER + good.replace(",Left,", ",Middle,") + good + absent)
    assert len(open_csaw_cc(a_release).cases) == 1
    assert "column 'imagelaterality': 'Middle' is unknown" in caplog.text
    assert "1 of 2 images are missing" in caplog.text
