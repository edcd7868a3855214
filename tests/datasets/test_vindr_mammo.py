from __future__ import annotations

import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.datasets.vindr_mammo import open_vindr_mammo
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality, Split, ViewPosition
from mammolens.errors import DatasetError

BREASTS = "study_id,series_id,image_id,laterality,view_position,height,width,breast_birads,breast_density,split\n"
FINDINGS = (
    "study_id,series_id,image_id,laterality,view_position,height,width,breast_birads,breast_density,"
    "finding_categories,finding_birads,xmin,ymin,xmax,ymax,split\n"
)
STRIPPED = {"PatientID": None, "PatientName": None, "StudyDate": None}
MASS = (
    "s1,e1,i1,L,CC,256,208,BI-RADS 4,DENSITY C,\"['Mass', 'Skin Thickening']\",BI-RADS 4,20.5,100,60.5,140,training\n"
)


@pytest.fixture
def a_release(write_text, write_view):
    write_text(
        "breast-level_annotations.csv",
        BREASTS
        + "s1,e1,i1,L,CC,256,208,BI-RADS 4,DENSITY C,training\n"
        + "s1,e1,i2,R,CC,256,208,BI-RADS 1,DENSITY C,training\n"
        + "s2,e2,i3,L,MLO,256,208,BI-RADS 3,DENSITY A,test\n"
        + "s2,e2,i4,R,MLO,256,208,BI-RADS 2,DENSITY A,test\n",
    )
    write_text(
        "finding_annotations.csv",
        FINDINGS + MASS + "s1,e1,i2,R,CC,256,208,BI-RADS 1,DENSITY C,['No Finding'],,,,,,training\n",
    )
    for study, image, view in (
        ("s1", "i1", "L_CC"),
        ("s1", "i2", "R_CC"),
        ("s2", "i3", "L_MLO"),
        ("s2", "i4", "R_MLO"),
    ):
        path = write_view(f"images/{study}/{image}.dicom", view, **STRIPPED)
    return path.parents[2]


def test_a_breast_s_birads_is_the_truth_of_its_images_and_three_is_neither(a_release):
    cases = open_vindr_mammo(a_release).cases
    assert [case.abnormal for case in cases] == [True, False, None, False]
    assert [case.clean_normal for case in cases] == [False, True, False, False]
    assert cases[0].covariates == {"birads": "4", "density": "C"}


def test_findings_become_boxes_with_their_categories(a_release):
    cases = open_vindr_mammo(a_release).cases
    assert cases[0].lesions == (Lesion(120, 40.5, 20, 20, shape="box", kind="mass + skin thickening"),)
    assert not any(case.lesions for case in cases[1:])


def test_a_part_of_the_release_without_any_finding_is_read(a_release, write_text):
    write_text("finding_annotations.csv", FINDINGS)
    assert [case.lesions for case in open_vindr_mammo(a_release).cases] == [()] * 4


def test_a_study_is_a_patient_and_the_training_part_may_be_drawn_from(a_release):
    cases = open_vindr_mammo(a_release).cases
    assert [case.patient_id for case in cases] == ["s1", "s1", "s2", "s2"]
    assert [case.split for case in cases] == [None, None, Split.TEST, Split.TEST]


def test_images_are_read_by_the_table_though_their_headers_name_nobody(a_release):
    case = open_vindr_mammo(a_release).cases[2]
    header = read_header(case.path, case.attributes)
    assert (header.patient_id, header.laterality, header.view) == ("s2", Laterality.LEFT, ViewPosition.MLO)
    assert header.acquisition_group == "MammoLens Phantom power law"


def test_the_layout_is_told_by_itself_and_says_its_terms(a_release):
    assert detect_kind(a_release) == "vindr-mammo"
    dataset = open_dataset(a_release)
    assert "PhysioNet" in dataset.licence
    assert "10.13026/br2v-7517" in dataset.citation


def test_a_finding_on_a_breast_of_birads_1_is_no_clean_normal(a_release, write_text):
    write_text("finding_annotations.csv", FINDINGS + MASS.replace("i1", "i2").replace("BI-RADS 4", "BI-RADS 1"))
    assert not any(case.clean_normal for case in open_vindr_mammo(a_release).cases)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("s1,e1,i1,L,CC,256,208,BI-RADS 9,DENSITY C,training\n", "'9' is unknown"),
        ("s1,e1,i1,L,CC,256,208,BI-RADS 4,DENSITY C,valid\n", "'valid' is unknown; use one of training, test"),
        ("s1,e1,i1,B,CC,256,208,BI-RADS 4,DENSITY C,training\n", "column 'laterality': 'B' is unknown"),
        ("s1,e1,i1,L,CC,256,208,BI-RADS 4,DENSITY C,training,more\n", "line 2 has 11 cells for 10 columns"),
    ],
    ids=["birads", "split", "side", "ragged"],
)
def test_a_bad_row_is_left_out_and_named(a_release, write_text, caplog, wrong, reason):
    good = "s1,e1,i2,R,CC,256,208,BI-RADS 1,DENSITY C,training\n"
    write_text("breast-level_annotations.csv", BREASTS + wrong + good)
    (case,) = open_vindr_mammo(a_release).cases
    assert case.path.stem == "i2"
    assert reason in caplog.text


@pytest.mark.parametrize(
    "damage", [("20.5", "left"), ("\"['Mass', 'Skin Thickening']\"", "Mass")], ids=["number", "list"]
)
def test_an_image_whose_finding_cannot_be_read_is_left_out(a_release, write_text, caplog, damage):
    write_text("finding_annotations.csv", FINDINGS + MASS.replace(*damage))
    assert [case.path.stem for case in open_vindr_mammo(a_release).cases] == ["i2", "i3", "i4"]
    assert "finding_annotations.csv: line 2" in caplog.text


def test_images_that_are_not_there_are_left_out_and_a_download_without_any_is_refused(a_release):
    (a_release / "images/s1/i1.dicom").unlink()
    assert len(open_vindr_mammo(a_release).cases) == 3
    (a_release / "images").rename(a_release / "elsewhere")
    with pytest.raises(DatasetError, match="none of its 4 images exists"):
        open_vindr_mammo(a_release)
