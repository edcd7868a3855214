from __future__ import annotations

import pytest

from mammolens.datasets.cmmd import open_cmmd
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.errors import DatasetError

HEADER = "ID1,LeftRight,Age,number,abnormality,classification,subtype\n"
TABLE = "CMMD_clinicaldata_revision.csv"


@pytest.fixture
def a_download(write_text, write_view):
    write_text(
        TABLE,
        HEADER
        + "D1-0001,R,44,2,calcification,Benign,\n"
        + "D2-0010,L,61,4,mass,Benign,\n"
        + "D2-0010,L,61,4,both,Malignant,Luminal A\n",
    )
    for number, (patient, view) in enumerate(
        (("D1-0001", "R_CC"), ("D1-0001", "R_MLO"), ("D2-0010", "L_CC"), ("D2-0010", "R_CC"))
    ):
        inside = f"07-18-2010-NA-NA-79377/1.000000-NA-70244/1-{number + 1}.dcm"
        path = write_view(
            f"CMMD/{patient}/{inside}", view, PatientID=patient, StudyInstanceUID=f"1.2.{patient[-4:].lstrip('0')}"
        )
    return path.parents[4]


def test_the_breast_s_biopsy_is_the_truth_and_the_other_breast_is_neither(a_download):
    cases = open_cmmd(a_download).cases
    assert [(case.patient_id, case.abnormal) for case in cases] == [
        ("D1-0001", False),
        ("D1-0001", False),
        ("D2-0010", True),
        ("D2-0010", None),
    ]
    assert not any(case.clean_normal for case in cases)


def test_the_worse_row_of_a_breast_says_what_it_has(a_download):
    cases = open_cmmd(a_download).cases
    assert cases[2].covariates == {"age": "61", "abnormality": "both", "pathology": "malignant", "subtype": "Luminal A"}
    assert cases[3].covariates == {}


def test_the_layout_is_told_by_itself_and_says_its_terms(a_download):
    assert detect_kind(a_download) == "cmmd"
    dataset = open_dataset(a_download)
    assert dataset.licence == "CC BY 4.0"
    assert "10.7937/tcia.eqde-4b16" in dataset.citation


def test_the_workbook_that_the_archive_ships_is_read(a_download, write_workbook):
    (a_download / TABLE).unlink()
    rows = [
        HEADER.strip().split(","),
        ["D2-0010", "L", 61, 4, "both", "Malignant"],
        ["D1-0001", "R", 44, 2, None, "Benign"],
    ]
    write_workbook("CMMD_clinicaldata_revision.xlsx", rows)
    cases = open_cmmd(a_download).cases
    assert [case.abnormal for case in cases] == [False, False, True, None]
    assert cases[0].covariates == {"age": "44", "pathology": "benign"}


def test_bad_rows_and_files_are_left_out_and_named(a_download, write_text, caplog):
    write_text(TABLE, HEADER + "D1-0001,R,44,2,mass,Unsure,\nD2-0010,L,61,4,mass,Malignant,\n")
    (a_download / "CMMD" / "broken.dcm").write_bytes(b"no image")
    assert [case.abnormal for case in open_cmmd(a_download).cases] == [True, None]
    assert "column 'classification': 'unsure' is unknown" in caplog.text
    assert "the patient 'D1-0001' is not in" in caplog.text
    assert "broken.dcm: " in caplog.text


def test_a_table_without_images_is_refused(write_text, tmp_path):
    write_text(TABLE, HEADER + "D1-0001,R,44,2,mass,Benign,\n")
    with pytest.raises(DatasetError, match="none of its 0 images exists"):
        open_cmmd(tmp_path)
