from __future__ import annotations

import plistlib

import numpy as np
import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.datasets.inbreast import open_inbreast
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality, ViewPosition

HEADER = "Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads\n"
ROWS = [
    ("100", "R", "CC", "2", "1"),
    ("101", "L", "MLO", " ", "2"),
    ("102", "R", "MLO", "4", "4a"),
    ("103", "L", "CC", "1", "3"),
]
PATIENTS = {"100": "aaaa000000000001", "101": "aaaa000000000001", "102": "bbbb000000000002", "103": "bbbb000000000002"}


def contours(*regions):
    """A property list as OsiriX writes it; a region is its name and its points (column, row)."""
    entries = [
        {"Name": name, "NumberOfPoints": len(points), "Point_px": [f"({x:.6f}, {y:.6f})" for x, y in points]}
        for name, points in regions
    ]
    return plistlib.dumps({"Images": [{"ImageIndex": 0, "NumberOfROIs": len(entries), "ROIs": entries}]}).decode()


@pytest.fixture
def a_release(write_text, write_images):
    lines = [f"removed;removed;{side};{view};201001;{name};{acr};{birads}\n" for name, side, view, acr, birads in ROWS]
    write_text("INbreast.csv", HEADER + "".join(lines))
    mass = [(10.0, 20.0), (30.0, 20.0), (30.0, 60.0), (10.0, 60.0)]
    write_text("AllXML/102.xml", contours(("Mass", mass), ("Calcification", [(5.0, 6.0)]), ("Cluster", [(9.0, 8.0)])))
    write_text("AllXML/101.xml", contours(("Assymetry", [(1.0, 2.0), (5.0, 6.0)]), ("Unnamed", [])))
    return write_images(
        *(f"AllDICOMs/{name}_{PATIENTS[name]}_MG_{side}_{'ML' if view == 'MLO' else view}_ANON.png"
          for name, side, view, _, _ in ROWS)
    )  # fmt: skip


def test_patients_come_from_the_files_names_and_stay_together(a_release):
    cases = open_inbreast(a_release).cases
    assert [case.patient_id for case in cases] == [PATIENTS[row[0]] for row in ROWS]
    assert cases[0].attributes.exam_id == cases[1].attributes.exam_id != cases[2].attributes.exam_id
    assert [(case.attributes.laterality, case.attributes.view) for case in cases[:2]] == [
        (Laterality.RIGHT, ViewPosition.CC),
        (Laterality.LEFT, ViewPosition.MLO),
    ]


def test_truth_is_the_birads_assessment_and_three_is_neither(a_release):
    cases = open_inbreast(a_release).cases
    assert [case.abnormal for case in cases] == [False, False, True, None]
    assert [case.clean_normal for case in cases] == [True, False, False, False]
    assert cases[0].covariates == {"birads": "1", "density": "2"}
    assert "density" not in cases[1].covariates


def test_contours_become_the_ellipses_around_them_and_single_calcifications_none(a_release):
    cases = open_inbreast(a_release).cases
    assert cases[0].lesions == ()
    assert cases[1].lesions == (Lesion(4, 3, 2, 2, kind="asymmetry"),)
    assert cases[2].lesions == (Lesion(40, 20, 20, 10, kind="mass"), Lesion(8, 9, 0.5, 0.5, kind="cluster"))


def test_the_layout_is_told_by_itself(a_release):
    assert detect_kind(a_release) == "inbreast"
    assert open_dataset(a_release).name == "inbreast"


@pytest.mark.parametrize("text", ["not a list", "<plist>", contours(("Mass", [(1, 2)])).replace("(1.0", "(one")])
def test_an_image_with_a_damaged_list_of_contours_is_left_out(a_release, write_text, caplog, text):
    write_text("AllXML/102.xml", text)
    assert len(open_inbreast(a_release).cases) == 3
    assert "102.xml: is not a list of contours" in caplog.text


def test_rows_of_totals_are_left_out(a_release, write_text, caplog):
    row = "removed;removed;R;CC;201001;100;2;1\n"
    write_text("INbreast.csv", HEADER + row + ";;;;;;;\n;;Total;;;410;;\n")
    assert len(open_inbreast(a_release).cases) == 1
    assert "line 4, column 'bi-rads': is empty" in caplog.text


def test_a_phantom_release_is_read_and_its_contour_is_where_the_mass_is(
    an_exam_with_a_mass_on_the_left, write_text, write_view
):
    stripped = dict.fromkeys(("PatientID", "PatientName", "StudyDate", "ViewPosition", "ViewCodeSequence"))
    write_text("INbreast.csv", HEADER + "removed;removed;L;MLO;201001;20586908;2;5\n")
    path = write_view("AllDICOMs/20586908_6c613a14b80a8591_MG_L_ML_ANON.dcm", "L_MLO", **stripped)
    view = an_exam_with_a_mass_on_the_left.views[3]
    outline = [(column, row) for row, column in np.argwhere(view.lesion_mask)]
    write_text("AllXML/20586908.xml", contours(("Mass", outline)))
    (case,) = open_inbreast(path.parents[1]).cases
    header = read_header(case.path, case.attributes)
    assert (header.patient_id, header.laterality, header.view) == (
        "6c613a14b80a8591",
        Laterality.LEFT,
        ViewPosition.MLO,
    )
    (lesion,), (truth,) = case.lesions, view.lesions
    assert (lesion.row, lesion.column, lesion.kind) == (truth.row, truth.column, "mass")
    assert (lesion.half_rows, lesion.half_columns) == (truth.half_rows - 0.5, truth.half_columns - 0.5)


def test_images_that_are_not_there_are_left_out(a_release):
    next((a_release / "AllDICOMs").glob("100_*")).unlink()
    assert len(open_inbreast(a_release).cases) == 3
