from pathlib import Path

import pytest

from mammolens.datasets.base import Dataset
from mammolens.errors import InputError
from mammolens.evaluation.scored import ScoredImage
from mammolens.web.gallery import GalleryCategory, GalleryPicture, chosen, draw


def scored(name: str, score: float, *, abnormal: bool, flagged: bool, patient: str | None = None) -> ScoredImage:
    return ScoredImage(
        path=Path(name),
        patient_id=patient or name,
        exam_id=name,
        abnormal=abnormal,
        site=None,
        laterality=None,
        view=None,
        pred_score=score,
        p_value=0.5,
        is_anomalous=flagged,
    )


def test_each_outcome_shows_its_most_telling_images_first_and_a_patient_once():
    images = [
        scored("hit", 5.0, abnormal=True, flagged=True),
        scored("hit-again", 4.0, abnormal=True, flagged=True, patient="hit"),
        scored("weaker-hit", 3.0, abnormal=True, flagged=True),
        scored("miss", -3.0, abnormal=True, flagged=False),
        scored("closer-miss", 0.5, abnormal=True, flagged=False),
        scored("false", 4.5, abnormal=False, flagged=True),
        scored("right", -1.0, abnormal=False, flagged=False),
    ]
    found = {outcome: [image.path.name for image in members] for outcome, members in chosen(images, 2).items()}
    assert found == {
        GalleryCategory.TRUE_POSITIVE: ["hit", "weaker-hit"],
        GalleryCategory.FALSE_NEGATIVE: ["miss", "closer-miss"],
        GalleryCategory.FALSE_POSITIVE: ["false"],
    }


def test_no_more_than_asked_for_are_chosen():
    images = [scored(str(number), number, abnormal=True, flagged=True) for number in range(5)]
    assert [image.path.name for image in chosen(images, 2)[GalleryCategory.TRUE_POSITIVE]] == ["4", "3"]


def test_pictures_are_found_where_the_folder_is_now_and_missing_ones_are_told(a_predictor, phantoms: Dataset):
    case = phantoms.cases[0]
    # As names stand: of the file alone.
    folder_elsewhere = Dataset(phantoms.name, (case,), phantoms.licence)
    images = {
        GalleryCategory.TRUE_POSITIVE: [
            scored(f"/elsewhere/{case.path.name}", 1.0, abnormal=True, flagged=True),
            scored("/elsewhere/gone.dcm", 1.0, abnormal=True, flagged=True),
        ]
    }
    picture, error = draw(images, folder_elsewhere, a_predictor)
    assert isinstance(picture, GalleryPicture)
    assert picture.jpeg.startswith(b"\xff\xd8")
    assert picture.outcome is GalleryCategory.TRUE_POSITIVE
    assert isinstance(error, InputError)
    assert "gone.dcm" in str(error)


def test_a_name_that_two_images_have_is_nobodys(a_predictor, phantoms: Dataset, tmp_path):
    case = phantoms.cases[0]
    twin = type(case)(tmp_path / case.path.name, "other")
    images = {
        GalleryCategory.FALSE_NEGATIVE: [scored(f"/elsewhere/{case.path.name}", 1.0, abnormal=True, flagged=False)]
    }
    (error,) = draw(images, Dataset("two", (case, twin), ""), a_predictor)
    assert isinstance(error, InputError)


@pytest.mark.parametrize("size", [1, 3])
def test_sizes_hold_for_each_outcome(size):
    images = [scored(str(number), number, abnormal=number % 2 == 0, flagged=True) for number in range(12)]
    assert {len(members) for members in chosen(images, size).values()} == {size, 0}
