from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mammolens.datasets.base import Lesion
from mammolens.datasets.bcdr import open_bcdr
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Laterality, ViewPosition

IMAGES = "patient_id,study_id,series,image_filename,image_type_name,image_type_id,age,density\n"
OUTLINES = (
    "patient_id,study_id,series,lesion_id,segmentation_id,image_view,image_filename,lw_x_points,lw_y_points,"
    "mammography_type,mammography_nodule,mammography_calcification,mammography_microcalcification,"
    "mammography_axillary_adenopathy,mammography_architectural_distortion,mammography_stroma_distortion,age,density,"
    "classification\n"
)


def image(patient, name, view):
    return f"{patient},10,1, patient_{patient}/study_10/{name}.tif,{view},0,60,3\n"


def outline(patient, name, pathology, nodule=1, microcalcification=0):
    place = f"patient_{patient}/study_10/{name}.tif, 20 60 60 20, 100 100 140 140"
    return f"{patient},10,1,10,10,1, {place},1,{nodule},0,{microcalcification},0,0,0,60.5,3, {pathology}\n"


@pytest.fixture
def write_tiff(an_exam_with_a_mass_on_the_left, tmp_path):
    """Write a view as TIFF, of 8 bits as the film sets have them or of 16 as the digital ones."""

    def write(name, number, dtype=np.uint8):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = an_exam_with_a_mass_on_the_left.views[number].pixels
        Image.fromarray((pixels * (255 if dtype is np.uint8 else 16383)).astype(dtype)).save(path)
        return tmp_path

    return write


@pytest.fixture
def two_sets(write_text, write_tiff):
    """F01 with two outlined lesions on one of two images, and a set of a normal patient."""
    first, second = "img_9_10_1_LCC", "img_9_10_1_RO"
    write_text("BCDR-F01_dataset/bcdr_f01_img.csv", IMAGES + image(9, first, " LCC ") + image(9, second, "RO"))
    write_text(
        "BCDR-F01_dataset/bcdr_f01_outlines.csv",
        OUTLINES + outline(9, first, "Benign ") + outline(9, first, "Malign ", microcalcification=1),
    )
    write_text("BCDR-DN01_dataset/bcdr_dn01_img.csv", IMAGES + image(9, "img_9_10_1_LO", "LO"))
    write_tiff(f"BCDR-F01_dataset/patient_9/study_10/{first}.tif", 1)
    write_tiff(f"BCDR-F01_dataset/patient_9/study_10/{second}.tif", 2)
    return write_tiff("BCDR-DN01_dataset/patient_9/study_10/img_9_10_1_LO.tif", 3, np.uint16)


def test_outlines_become_the_ellipses_around_them(two_sets):
    case = next(case for case in open_bcdr(two_sets).cases if case.lesions)
    assert case.lesions == (
        Lesion(120, 40, 20, 20, kind="nodule"),
        Lesion(120, 40, 20, 20, kind="nodule + microcalcification"),
    )
    assert case.covariates == {"pathology": "malign", "density": "3", "age": "60.5"}


def test_outlined_images_are_abnormal_normal_sets_clean_and_other_views_neither(two_sets):
    known = {case.path.stem: (case.abnormal, case.clean_normal) for case in open_bcdr(two_sets).cases}
    assert known == {"img_9_10_1_LCC": (True, False), "img_9_10_1_RO": (None, False), "img_9_10_1_LO": (False, True)}


def test_film_and_digital_sets_number_their_patients_apart(two_sets):
    assert sorted(open_bcdr(two_sets).patients) == ["D9", "F9"]


def test_the_layout_is_told_by_itself_and_tiff_of_8_and_16_bits_is_read(two_sets, an_exam_with_a_mass_on_the_left):
    assert detect_kind(two_sets) == "bcdr"
    for case in open_dataset(two_sets).cases:
        mammogram = read_mammogram(case.path, case.attributes)
        side, view = mammogram.header.laterality, mammogram.header.view
        truth = next(one for one in an_exam_with_a_mass_on_the_left.views if (one.laterality, one.view) == (side, view))
        assert np.abs(mammogram.pixels - truth.pixels).max() < 0.1


def test_a_set_of_outlines_alone_tells_side_and_view_by_the_file_s_name(write_text, write_tiff):
    write_text("bcdr_f03_outlines.csv", OUTLINES + outline(182, "img_182_188_LCC", "Malign"))
    (case,) = open_bcdr(write_tiff("patient_182/study_10/img_182_188_LCC.tif", 1)).cases
    assert (case.attributes.laterality, case.attributes.view) == (Laterality.LEFT, ViewPosition.CC)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (("Malign", "Unsure"), "'unsure' is unknown"),
        ((" 20 60 60 20", " 20 x"), "is not a list of numbers"),
        (("RCC", "PR"), "contains no side and view"),
    ],
    ids=["pathology", "outline", "view"],
)
def test_an_image_with_a_bad_row_is_left_out(write_text, write_tiff, caplog, damage, said):
    write_tiff("patient_1/study_10/img_1_10_1_RCC.tif", 0)
    bad = outline(1, "img_1_10_1_RCC", "Malign").replace(*damage)
    write_text("bcdr_f01_outlines.csv", OUTLINES + bad + outline(2, "img_2_10_1_LCC", "Benign"))
    (case,) = open_bcdr(write_tiff("patient_2/study_10/img_2_10_1_LCC.tif", 1)).cases
    assert case.patient_id == "F2"
    assert said in caplog.text
