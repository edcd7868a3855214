from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest

from mammolens.calibration.exam_scales import ExamScales, FusedExam
from mammolens.calibration.sub_exams import Breast

PATIENTS = 59


def mean_of_means(breasts: tuple[Breast, ...]) -> float:
    return fmean(fmean(breast) for breast in breasts)


def exam_of(patient: int, breasts: tuple[Breast, ...]) -> FusedExam:
    return FusedExam(patient, "Maker One", mean_of_means(breasts), breasts)


def normal_exams(rng: np.random.Generator, patients: int = PATIENTS) -> list[FusedExam]:
    """Four views each, half of their variance the patient's own."""
    scores = rng.normal(size=(patients, 1, 1)) + rng.normal(size=(patients, 2, 2))
    return [exam_of(patient, tuple(map(tuple, own.tolist()))) for patient, own in enumerate(scores)]


@pytest.mark.parametrize("shape", [(1,), (2,), (1, 1), (2, 1), (2, 2)])
def test_the_promise_holds_for_exams_with_fewer_views(shape):
    rng = np.random.default_rng(7)
    rates, whole = [], []
    for _ in range(150):
        scales = ExamScales(normal_exams(rng), mean_of_means, 20)
        own = rng.normal(size=(100, 1, 1)) + rng.normal(size=(100, 2, 2))
        new = np.mean([own[:, breast, :views].mean(axis=1) for breast, views in enumerate(shape)], axis=0)
        rates.append(np.mean(new >= scales.of_shape(shape).pooled.threshold(0.1)))
        whole.append(np.mean(new >= scales.whole.pooled.threshold(0.1)))
    error = 3 * np.std(rates) / len(rates) ** 0.5
    assert 0.1 - 1 / (PATIENTS + 1) - error <= np.mean(rates) <= 0.1 + error
    assert shape == (2, 2) or np.mean(whole) > np.mean(rates)


def test_a_patient_weighs_one_however_many_exams_hers_make():
    scales = ExamScales(normal_exams(np.random.default_rng(1), 19), mean_of_means, 20)
    one_image = scales.of_shape((1,)).pooled
    assert (one_image.patients, len(one_image.scores)) == (19, 76)
    assert one_image.p_value(100.0) == 1 / 20


def test_an_exam_larger_than_all_is_set_against_the_whole_ones():
    scales = ExamScales(normal_exams(np.random.default_rng(1)), mean_of_means, 20)
    assert scales.of_shape((7, 5, 1)) is scales.of_shape((2, 2))
    assert np.array_equal(scales.of_shape((2, 2)).pooled.scores, scales.whole.pooled.scores)


def test_exams_whose_views_are_not_known_count_as_they_are():
    scales = ExamScales([FusedExam(patient, None, float(patient), ()) for patient in range(5)], mean_of_means, 20)
    assert scales.of_shape((1,)).pooled.scores.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_machine_with_patients_enough_has_its_own_scale_for_every_shape():
    scales = ExamScales(normal_exams(np.random.default_rng(1), 20), mean_of_means, 20)
    assert scales.of_shape((1,)).of_group("Maker One").patients == 20
    assert not ExamScales(scales.exams, mean_of_means, 21).of_shape((1,)).groups
