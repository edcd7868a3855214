"""Scored images from a seeded generator, with known truth."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mammolens.enums import Laterality, ViewPosition
from mammolens.evaluation.scored import ScoredImage

ImageMaker = Callable[..., ScoredImage]


@pytest.fixture
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


@pytest.fixture
def images_of_two_sites(an_image: ImageMaker) -> list[ScoredImage]:
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
    return images
