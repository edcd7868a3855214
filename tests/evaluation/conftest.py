"""Scored images from a seeded generator, with known truth."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammolens.enums import Laterality, ViewPosition
from mammolens.evaluation.localisation import Localisation, localise
from mammolens.evaluation.scored import ScoredImage

ImageMaker = Callable[..., ScoredImage]


@pytest.fixture(scope="session")
def an_image() -> ImageMaker:
    """Makes a scored image of a normal left breast; what is given replaces that."""

    def make(name: str = "a.png", **given: object) -> ScoredImage:
        fields: dict[str, object] = {
            "patient_id": "p1",
            "exam_id": "e1",
            "abnormal": False,
            "site": None,
            "laterality": Laterality.LEFT,
            "view": ViewPosition.CC,
            "pred_score": 1.0,
            "p_value": 0.5,
            "is_anomalous": False,
        }
        return ScoredImage(path=Path(name), **(fields | given))

    return make


@pytest.fixture(scope="session")
def images_of_two_sites(an_image: ImageMaker) -> Sequence[ScoredImage]:
    """240 images of 60 normal and 60 abnormal patients, two views each; abnormals score and are older, by a little."""
    rng = np.random.default_rng(7)
    calibration = rng.normal(0, 1, 199)
    images = []
    for patient in range(120):
        abnormal = patient % 2 == 1
        shift, age = 0.8 * abnormal + rng.normal(0, 0.7), rng.normal(62 if abnormal else 56, 8)
        for view in (ViewPosition.CC, ViewPosition.MLO):
            score = float(shift + rng.normal(0, 0.7))
            p_value = float((1 + (calibration >= score).sum()) / 200)
            given = {"site": "12"[patient % 3 == 0], "covariates": {"age": f"{age:.0f}"}, "view": view}
            given |= {"pred_score": score, "p_value": p_value, "is_anomalous": p_value <= 0.1, "abnormal": abnormal}
            images.append(an_image(f"{patient}_{view}.png", patient_id=f"p{patient}", exam_id=f"e{patient}", **given))
    return tuple(images)


@pytest.fixture(scope="session")
def images_with_everything(images_of_two_sites: Sequence[ScoredImage]) -> Sequence[ScoredImage]:
    """The same images with machines, density, exam decisions, other scores and localisations of three maps."""
    rng = np.random.default_rng(8)
    images = []
    for image in images_of_two_sites:
        number = int(image.patient_id[1:])
        places = {name: a_localisation(rng, image.abnormal, shift) for name, shift in (("model", 2.0), ("blob", 0.5))}
        given: dict[str, object] = {
            "acquisition_group": f"m{image.site}",
            "raw_score": image.pred_score / 100,
            "exam_p_value": image.p_value,
            "exam_is_anomalous": image.p_value <= 0.1,
            "calibration_patients": 199,
            "other_scores": {"blob": float(rng.normal()), "older, model": image.pred_score + float(rng.normal())},
            "localisations": places,
            "covariates": {**image.covariates, "density": "AB"[number % 5 < 2]},
        }
        images.append(replace(image, **given))
    first = {image.exam_id: image for image in reversed(images)}
    return tuple(
        replace(
            image,
            exam_p_value=first[image.exam_id].exam_p_value,
            exam_is_anomalous=first[image.exam_id].exam_is_anomalous,
        )
        for image in images
    )


def a_localisation(rng: np.random.Generator, abnormal: bool, shift: float) -> Localisation:
    """Of a map of 40 x 40 pixels whose values on a disc, the lesion, are ``shift`` higher."""
    down, right = np.mgrid[:40, :40]
    lesions = ((down - 20) ** 2 + (right - 12) ** 2 <= 25).astype(np.int32) * abnormal
    values = (rng.normal(0, 1, (40, 40)) + shift * (lesions > 0)).astype(np.float32)
    everywhere = np.ones((40, 40), np.bool_)
    return localise(values, everywhere, everywhere, lesions)
