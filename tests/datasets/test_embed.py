from __future__ import annotations

import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.embed import open_embed
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality, ViewPosition

METADATA = (
    ",cohort_num,empi_anon,acc_anon,anon_dicom_path,FinalImageType,ImageLateralityFinal,ViewPosition,spot_mag,num_roi,"
    "ROI_coords\n"
)
CLINICAL = ",empi_anon,acc_anon,desc,numfind,side,asses,tissueden,bside,path_severity,implanfind,age_at_study\n"
SCREENING = "MG Screening Bilateral w/ CAD"
BASE = "/mnt/NAS2/mammo/anon_dicom"


def file_row(patient, exam, side, view, name, kind="2D", spot="", boxes="[]"):
    path = f"{BASE}/cohort_1/{patient}/{exam}/{name}.dcm"
    return f'0,1,{patient},{exam},{path},{kind},{side},{view},{spot},0,"{boxes}"\n'


def finding(exam, side, code, *, severity="", specimen="", desc=SCREENING, density="2.0", implant=""):
    return f"0,1001,{exam},{desc},1,{side},{code},{density},{specimen},{severity},{implant},55.5\n"


@pytest.fixture
def a_release(write_text, write_view):
    """One screening exam with a cancer on the left and its negative other breast."""
    write_text(
        "tables/EMBED_OpenData_metadata.csv",
        METADATA
        + file_row(1001, 2001, "L", "CC", "a", boxes="[[100, 40, 140, 60], [5, 6, 7, 10]]")
        + file_row(1001, 2001, "R", "MLO", "b", boxes="[[1, 2, 3, 4]]")
        + file_row(1001, 2001, "L", "CC", "c", kind="ROI_SSC")
        + file_row(1001, 2001, "L", "MLO", "d", spot="1.0"),
    )
    write_text(
        "tables/EMBED_OpenData_clinical.csv",
        CLINICAL + finding(2001, "L", "A", severity="0.0", specimen="L") + finding(2001, "R", "N"),
    )
    for name, view in (("a", "L_CC"), ("b", "R_MLO"), ("c", "L_CC"), ("d", "L_MLO")):
        path = write_view(f"images/cohort_1/1001/2001/{name}.dcm", view)
    return path.parents[4]


def test_findings_are_joined_by_exam_and_side(a_release):
    left, right = open_embed(a_release).cases
    assert (left.abnormal, left.clean_normal, right.abnormal, right.clean_normal) == (True, False, False, True)
    assert (left.patient_id, left.attributes.exam_id) == ("1001", "2001")
    assert left.covariates == {"birads": "0", "density": "B", "age": "55.5", "image_type": "2D"}


def test_boxes_are_lesions_where_the_breast_is_not_normal(a_release):
    left, right = open_embed(a_release).cases
    assert left.lesions == (
        Lesion(120, 50, 20, 10, shape="box", kind="ROI"),
        Lesion(6, 8, 1, 2, shape="box", kind="ROI"),
    )
    assert right.lesions == ()


@pytest.mark.parametrize(
    ("findings", "truth", "clean"),
    [
        (finding(2001, "B", "N"), False, True),
        (finding(2001, "", "N"), False, True),
        (finding(2001, "L", "B"), False, False),
        (finding(2001, "L", "N", desc="MG Diagnostic Left"), False, False),
        (finding(2001, "L", "N", implant="R"), False, False),
        (finding(2001, "L", "N", density="5.0"), False, False),
        (finding(2001, "L", "A"), None, False),
        (finding(2001, "L", "P"), None, False),
        (finding(2001, "L", "N") + finding(2001, "L", "S"), True, False),
        (finding(2001, "L", "S", severity="4", specimen="L"), False, False),
        (finding(2001, "L", "S", severity="1", specimen="L"), True, False),
        (finding(2001, "L", "S", severity="6", specimen="L"), None, False),
        (finding(2001, "B", "A", severity="0", specimen="R"), None, False),
        (finding(2002, "L", "N"), None, False),
    ],
    ids=["both", "none", "benign", "diagnostic", "implant", "male", "recall", "probable", "worst", "biopsied", "insitu",
         "lymphoma", "other-side", "other-exam"],
)  # fmt: skip
def test_the_specimen_goes_before_the_assessment_and_what_says_neither_is_unknown(
    a_release, write_text, findings, truth, clean
):
    write_text("tables/EMBED_OpenData_clinical.csv", CLINICAL + findings)
    left, _ = open_embed(a_release).cases
    assert (left.abnormal, left.clean_normal) == (truth, clean)


def test_the_layout_is_told_by_itself_and_its_reduced_tables_do_as_well(a_release):
    for name in ("metadata", "clinical"):
        table = a_release / "tables" / f"EMBED_OpenData_{name}.csv"
        table.rename(table.with_stem(f"{table.stem}_reduced"))
    assert detect_kind(a_release) == "embed"
    dataset = open_dataset(a_release)
    header = read_header(dataset.cases[1].path, dataset.cases[1].attributes)
    assert (header.patient_id, header.laterality, header.view) == ("1001", Laterality.RIGHT, ViewPosition.MLO)
    assert "no release of models" in dataset.licence


def test_bad_rows_are_left_out_and_named(a_release, write_text, caplog):
    write_text(
        "tables/EMBED_OpenData_metadata.csv",
        METADATA
        + file_row(1001, 2001, "L", "AT", "a")
        + file_row(1001, 2001, "L", "CC", "a", boxes="[[1, 2, 3]]")
        + file_row(1001, 2001, "R", "MLO", "b").replace("cohort_1", "elsewhere")
        + file_row(1001, 2001, "R", "MLO", "b"),
    )
    write_text(
        "tables/EMBED_OpenData_clinical.csv",
        CLINICAL + finding(2001, "L", "A", severity="bad") + finding(2001, "R", "N"),
    )
    (case,) = open_embed(a_release).cases
    assert case.path.stem == "b"
    for said in ("'AT' is unknown", "is not a list of boxes", "names no cohort", "'bad' is not a number"):
        assert said in caplog.text
