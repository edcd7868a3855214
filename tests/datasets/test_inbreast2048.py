from __future__ import annotations

import pytest

from mammolens.datasets.base import Lesion
from mammolens.datasets.formats import open_dataset
from mammolens.datasets.inbreast2048 import open_inbreast2048
from mammolens.enums import Laterality, SpacingSource, Split, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import PixelSpacing

HEADER = (
    "image,patient_id,laterality,view,machine_id,acr_density,birads,mass,calcifications,distortion,asymmetry,"
    "mass_mask,pixel_size_mm,cancer,clean_negative\n"
)
ROWS = {
    "1.jpg": "p,L,MLO,inbreast,3,4a,1,0,0,0,1,0.1396,1,0",
    "2.jpg": "p,R,MLO,inbreast,3,1,0,0,0,0,0,0.1396,0,0",
    "3.jpg": "q,L,FB,inbreast,2,3,0,0,0,0,0,0.1138,0,0",
    "4.jpg": "r,L,CC,inbreast,2,2,0,1,0,0,0,0.1138,0,1",
}
MASSES = "image,patient_id,x,y,w,h\n1.jpg,p,100,200,40,20\n"


@pytest.fixture
def a_folder(write_text, write_images):
    write_text("masses.csv", MASSES)
    write_text("labels.csv", HEADER + "".join(f"{image},{row}\n" for image, row in ROWS.items()))
    return write_images(*(f"images/{image}" for image in ROWS))


def test_truth_is_the_image_s_bi_rads_category(a_folder):
    cases = open_inbreast2048(a_folder).cases
    assert [case.abnormal for case in cases] == [True, False, None, False]
    assert [case.clean_normal for case in cases] == [False, False, False, True]
    assert {case.split for case in cases} == {Split.TEST}


def test_an_image_has_its_pixel_size_its_exam_and_its_density(a_folder):
    first, *_, last = open_inbreast2048(a_folder).cases
    attributes = first.attributes
    assert (attributes.laterality, attributes.view) == (Laterality.LEFT, ViewPosition.MLO)
    assert (attributes.patient_id, attributes.exam_id) == ("p", "p")
    assert attributes.spacing == PixelSpacing(0.1396, 0.1396, SpacingSource.TABLE)
    assert last.attributes.spacing == PixelSpacing(0.1138, 0.1138, SpacingSource.TABLE)
    assert first.covariates["density"] == "3"


def test_a_mass_is_the_ellipse_in_its_box(a_folder):
    first, *others = open_inbreast2048(a_folder).cases
    assert first.lesions == (Lesion(row=210, column=120, half_rows=10, half_columns=20, kind="mass"),)
    assert not any(case.lesions for case in others)


def test_the_masses_have_to_be_there(a_folder):
    (a_folder / "masses.csv").unlink()
    with pytest.raises(DatasetError, match=r"masses\.csv"):
        open_dataset(a_folder)


def test_the_development_set_holds_what_its_description_says(development_data):
    dataset = open_dataset(development_data / "inbreast2048")
    assert (dataset.name, len(dataset.cases), len(dataset.patients)) == ("inbreast2048", 199, 53)
    assert len({case.patient_id for case in dataset.cases if case.abnormal}) == 26
    assert sum(bool(case.lesions) for case in dataset.cases) == 55
    assert len({case.patient_id for case in dataset.cases if case.clean_normal}) == 17
