from __future__ import annotations

import numpy as np
import pytest

from mammolens.config import PreprocessingConfig
from mammolens.datasets.base import Lesion
from mammolens.datasets.cbis_ddsm_tcia import open_cbis_ddsm_tcia
from mammolens.datasets.formats import detect_kind, open_dataset
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality, Split, ViewPosition
from mammolens.errors import DatasetError, InputError
from mammolens.evaluation.scoring import score_cases
from mammolens.training.preparation import prepare_to_folder
from mammolens.transforms.pipeline import Pipeline

MASSES = (
    "patient_id,breast_density,left or right breast,image view,abnormality id,abnormality type,mass shape,mass margins,"
    "assessment,pathology,subtlety,image file path,cropped image file path,ROI mask file path\n"
)
CALCIFICATIONS = MASSES.replace("breast_density", "breast density").replace(
    "mass shape,mass margins", "calc type,calc distribution"
)
UIDS = "1.3.6.1.4.1.9590.100.1.2.1/1.3.6.1.4.1.9590.100.1.2.2/000000.dcm"
SHAPE = (256, 208)


def row(folder, patient, side, view, number, kind, pathology, assessment=4):
    """A line as the collection has it: the paths end with a line break within quotes."""
    image, lesion = f"{folder}/{UIDS}", f"{folder}_{number}/{UIDS}"
    known = f"{patient},3,{side},{view},{number},{kind},OVAL,ILL_DEFINED,{assessment},{pathology},4"
    return f'{known},{image},"{lesion}\n","{lesion}\n"\n'


@pytest.fixture
def write_mask(write_view):
    """Write the mask of a lesion and its crop in one folder, in either order; ``box``: top, left, bottom, right."""

    def write(folder, box, *, mask_first=True, shape=SHAPE):
        mask, crop = np.zeros(shape, np.uint8), np.full((70, 66), 9, np.uint8)
        mask[box[0] : box[2], box[1] : box[3]] = 255
        names = ("1-1.dcm", "1-2.dcm") if mask_first else ("1-2.dcm", "1-1.dcm")
        for name, pixels in zip(names, (mask, crop), strict=True):
            write_view(
                f"CBIS-DDSM/{folder}/07-21-2016-DDSM-NA-64841/1.000000-ROI mask images-18984/{name}",
                "L_CC",
                PatientID=folder,
                Rows=pixels.shape[0],
                Columns=pixels.shape[1],
                BitsAllocated=8,
                BitsStored=8,
                HighBit=7,
                PixelData=pixels.tobytes(),
            )

    return write


@pytest.fixture
def a_download(write_text, write_view, write_mask):
    """Two patients: one with two masses in a view, one with a mass in training and a calcification in the test set."""
    first, second, third = (
        "Mass-Training_P_00001_LEFT_CC",
        "Mass-Training_P_00004_LEFT_MLO",
        "Calc-Test_P_00004_RIGHT_CC",
    )
    write_text(
        "mass_case_description_train_set.csv",
        MASSES
        + row(first, "P_00001", "LEFT", "CC", 1, "mass", "BENIGN")
        + row(first, "P_00001", "LEFT", "CC", 2, "mass", "MALIGNANT", 5)
        + row(second, "P_00004", "LEFT", "MLO", 1, "mass", "BENIGN_WITHOUT_CALLBACK", 2),
    )
    write_text(
        "calc_case_description_test_set.csv",
        CALCIFICATIONS + row(third, "P_00004", "RIGHT", "CC", 1, "calcification", "BENIGN"),
    )
    for folder, view in ((first, "L_CC"), (second, "L_MLO"), (third, "R_CC")):
        inside = "07-20-2016-DDSM-NA-74994/1.000000-full mammogram images-24515/1-1.dcm"
        path = write_view(
            f"CBIS-DDSM/{folder}/{inside}", view, PatientID=folder, ImageLaterality=None, ViewPosition=None
        )
    write_mask(f"{first}_1", (10, 20, 50, 40))
    write_mask(f"{first}_2", (100, 60, 120, 100), mask_first=False)
    write_mask(f"{second}_1", (60, 50, 80, 60))
    write_mask(f"{third}_1", (5, 10, 15, 30), shape=(512, 416))
    return path.parents[4]


def test_masks_become_the_ellipses_around_them_whichever_of_the_two_files_they_are(a_download):
    first, second, _ = open_cbis_ddsm_tcia(a_download).cases
    assert list(first.lesions) == [Lesion(29.5, 29.5, 20, 10, kind="mass"), Lesion(109.5, 79.5, 10, 20, kind="mass")]
    assert list(second.lesions) == [Lesion(69.5, 54.5, 10, 5, kind="mass")]


def test_a_mask_of_another_size_is_brought_to_the_image_s_grid(a_download):
    (lesion,) = open_cbis_ddsm_tcia(a_download).cases[2].lesions
    assert (lesion.half_rows, lesion.half_columns, lesion.kind) == (2.5, 5.0, "calcification")
    assert (lesion.row, lesion.column) == pytest.approx((4.75, 9.75))


def test_a_patient_of_a_test_table_is_in_no_other_part(a_download):
    cases = open_cbis_ddsm_tcia(a_download).cases
    assert [(case.patient_id, case.split) for case in cases] == [
        ("P_00001", None),
        ("P_00004", Split.TEST),
        ("P_00004", Split.TEST),
    ]
    assert cases[1].attributes.exam_id != cases[2].attributes.exam_id


def test_all_are_abnormal_and_the_worst_pathology_of_an_image_counts(a_download):
    cases = open_cbis_ddsm_tcia(a_download).cases
    assert all(case.abnormal and not case.clean_normal for case in cases)
    assert [case.covariates["pathology"] for case in cases] == ["malignant", "benign_without_callback", "benign"]
    assert cases[0].covariates == {"pathology": "malignant", "density": "3", "birads": "5"}
    assert cases[2].covariates["density"] == "3"


def test_the_layout_is_told_by_itself_and_its_images_are_read(a_download):
    assert detect_kind(a_download) == "cbis-ddsm-tcia"
    dataset = open_dataset(a_download)
    header = read_header(dataset.cases[1].path, dataset.cases[1].attributes)
    assert (header.patient_id, header.laterality, header.view) == ("P_00004", Laterality.LEFT, ViewPosition.MLO)
    assert dataset.licence == "CC BY 3.0"


def test_an_image_with_a_mask_that_is_not_there_stays_without_lesions(a_download, caplog):
    for file in (a_download / "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_2").rglob("*.dcm"):
        file.unlink()
    first, second, third = open_cbis_ddsm_tcia(a_download).cases
    assert (first.lesions, len(second.lesions), len(third.lesions)) == ((), 1, 1)
    assert "its mask 'Mass-Training_P_00001_LEFT_CC_2' is missing" in caplog.text


def test_opening_reads_no_mask_and_a_damaged_one_is_an_error_of_its_image_alone(a_download, caplog):
    for file in (a_download / "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_1").rglob("*.dcm"):
        file.write_bytes(b"no DICOM")
    first, second, _ = open_cbis_ddsm_tcia(a_download).cases
    assert first.lesions  # known without reading
    assert not caplog.text
    with pytest.raises(InputError, match="1-1.dcm"):
        len(first.lesions)
    assert len(second.lesions) == 1


def test_evaluation_leaves_out_an_image_whose_mask_is_damaged(a_download, write_mask, a_predictor):
    write_mask("Mass-Training_P_00004_LEFT_MLO_1", (0, 0, 0, 0))
    errors = []
    scored = list(score_cases(a_predictor, open_cbis_ddsm_tcia(a_download).cases, on_error=errors.append))
    assert [image.patient_id for image in scored] == ["P_00001", "P_00004"]
    assert [error.reason for error in errors] == ["the mask is empty, so the position of the lesion is unknown"]


def test_a_bad_row_is_left_out_and_an_absent_image_counted(a_download, write_text, caplog):
    good = row("Mass-Training_P_00001_LEFT_CC", "P_00001", "LEFT", "CC", 1, "mass", "BENIGN")
    absent = row("Mass-Training_P_00009_LEFT_CC", "P_00009", "LEFT", "CC", 1, "mass", "BENIGN")
    write_text(
        "mass_case_description_train_set.csv",
        MASSES + good.replace("00001", "00002").replace("LEFT,", "BOTH,") + good + absent,
    )
    assert len(open_cbis_ddsm_tcia(a_download).cases) == 2
    assert "column 'left or right breast': 'BOTH' is unknown" in caplog.text
    assert "1 of 3 images are missing" in caplog.text


def test_a_table_of_another_collection_is_refused(a_download, write_text):
    write_text("mass_case_description_train_set.csv", "patient_id,side\n1,L\n")
    with pytest.raises(DatasetError, match="has no column 'left or right breast'"):
        open_cbis_ddsm_tcia(a_download)


def test_a_crop_alone_is_no_mask(a_download):
    next((a_download / "CBIS-DDSM/Mass-Training_P_00001_LEFT_CC_2").rglob("1-2.dcm")).unlink()
    with pytest.raises(
        InputError, match="1-1.dcm: is not a mask of 1-1.dcm: it has 70 x 66 pixels, the image 256 x 208"
    ):
        len(open_cbis_ddsm_tcia(a_download).cases[0].lesions)


def test_training_prepares_an_image_again_once_its_mask_is_another_one(a_download, write_mask, tmp_path):
    def prepared(folder):
        case = open_cbis_ddsm_tcia(a_download).cases[1]
        found = prepare_to_folder(
            [case], Pipeline(PreprocessingConfig(size=32)), lambda: None, trimmed=False, folder=folder
        )
        return found.images.files[0]

    cache = tmp_path / "cache"
    cache.mkdir()
    first = prepared(cache)
    assert prepared(cache) == first
    write_mask("Mass-Training_P_00004_LEFT_MLO_1", (160, 50, 180, 60))
    assert prepared(cache) != first
