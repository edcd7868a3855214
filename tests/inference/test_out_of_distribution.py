from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.normals import NormalImage
from mammolens.inference.image_statistics import ImageStatistic
from mammolens.inference.out_of_distribution import OutOfDistributionDetector

MACHINES = ((0.4, 0.5, 0.15, 0.10, 0.12), (0.6, 0.8, 0.06, 0.03, 0.05))  # in the order of ImageStatistic


def draw(machine: int, rng: np.random.Generator) -> dict[str, float]:
    values = np.array(MACHINES[machine]) * np.exp(0.08 * rng.standard_normal(5))
    return {statistic.value: float(value) for statistic, value in zip(ImageStatistic, values, strict=True)}


def normal(patient: int, statistics: dict[str, float]) -> NormalImage:
    return NormalImage(
        patient=patient,
        view="CC",
        acquisition_group="A",
        raw_score=1.0,
        pred_score=1.0,
        map_peak=1.0,
        statistics=statistics,
    )


@pytest.fixture(scope="module")
def usual() -> OutOfDistributionDetector:
    """Sixty patients of two machines, two images each."""
    rng = np.random.default_rng(0)
    found = OutOfDistributionDetector.of(
        [normal(patient, draw(patient % 2, rng)) for patient in range(60) for _ in range(2)]
    )
    assert found is not None
    return found


def test_new_images_of_either_machine_are_rarely_unusual(usual):
    rng = np.random.default_rng(1)
    flagged = [usual.outlying_statistic(draw(number % 2, rng)) is not None for number in range(600)]
    assert np.mean(flagged) < 0.05


@pytest.mark.parametrize(
    ("statistic", "factor", "words"),
    [
        (ImageStatistic.NOISE, 4.0, "noise higher than"),
        (ImageStatistic.SHARPNESS, 0.25, "edge sharpness lower than"),
        (ImageStatistic.MEAN, 0.3, "mean grey lower than"),
        (ImageStatistic.BREAST_SHARE, 2.2, "breast area higher than"),
    ],
)
def test_an_image_of_another_kind_is_named_by_its_statistic(usual, statistic, factor, words):
    image = dict(zip(ImageStatistic, MACHINES[0], strict=True))
    assert usual.outlying_statistic(image) is None
    said = usual.outlying_statistic({**image, statistic: image[statistic] * factor})
    assert said is not None
    assert said.startswith(words)


def test_an_image_between_two_machines_is_like_neither(usual):
    middle = {statistic: float(np.mean(pair)) for statistic, *pair in zip(ImageStatistic, *MACHINES, strict=True)}
    assert usual.outlying_statistic(middle) is not None


def test_too_few_images_or_images_without_statistics_call_nothing_unusual():
    rng = np.random.default_rng(2)
    assert OutOfDistributionDetector.of([normal(patient, draw(0, rng)) for patient in range(49)]) is None
    assert OutOfDistributionDetector.of([normal(patient, {}) for patient in range(200)]) is None
    assert OutOfDistributionDetector.of([normal(patient, {"noise": 0.1}) for patient in range(200)]) is None


def test_a_patient_is_not_her_own_neighbour():
    rng = np.random.default_rng(3)
    images = [normal(patient, draw(0, rng)) for patient in range(60)]
    odd = [normal(60, {**draw(0, rng), "noise": 0.9}) for _ in range(10)]  # one odd patient with ten like images
    found = OutOfDistributionDetector.of([*images, *odd])
    assert found is not None
    assert found.distances[-10:].min() > 2 * found.distances[:-10].max()


def test_statistics_that_never_differ_are_no_trouble():
    same = {statistic.value: 0.5 for statistic in ImageStatistic}
    found = OutOfDistributionDetector.of([normal(patient, same) for patient in range(60)])
    assert found is not None
    assert found.outlying_statistic(same) is None
    assert found.outlying_statistic({**same, "noise": 0.9}) is not None
