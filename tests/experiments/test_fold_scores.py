from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.evaluation.localisation import Localisation
from mammolens.evaluation.scored import MODEL, ScoredImage
from mammolens.experiments.fold_scores import combined


def scored(name, score, p_value=0.5, *, abnormal=False, flagged=False, exam=None, map_peak=1.0):
    return ScoredImage(
        path=Path(f"{name}.dcm"),
        patient_id=name,
        exam_id=name,
        abnormal=abnormal,
        site="1",
        laterality=None,
        view=None,
        pred_score=score,
        p_value=p_value,
        is_anomalous=flagged,
        covariates={"age": "60"},
        raw_score=score / 10,
        exam_p_value=exam,
        exam_is_anomalous=None if exam is None else exam <= 0.1,
        localisations={MODEL: Localisation(0, ((map_peak, -1),))},
    )


def ill(*answers):
    """One abnormal image by as many models, each answer a score and a p-value; decided at 0.1."""
    return {
        fold: [scored("ill", score, p, abnormal=True, flagged=p <= 0.1, exam=p, map_peak=float(fold))]
        for fold, (score, p) in enumerate(answers, 1)
    }


def test_a_normal_image_keeps_its_score_and_tells_its_fold():
    first, second = combined({1: [scored("a", 1.0)], 2: [scored("b", 2.0)]}, {})
    assert (first.pred_score, first.covariates) == (1.0, {"age": "60", "fold": "1"})
    assert (second.pred_score, second.covariates) == (2.0, {"age": "60", "fold": "2"})


def test_an_abnormal_image_gets_the_mean_score_and_the_middle_p_value():
    (image,) = combined(ill((1.0, 0.3), (2.0, 0.01), (6.0, 0.05)), {"ill": 1})
    assert image.pred_score == pytest.approx(3.0)
    assert image.raw_score == pytest.approx(0.3)
    assert image.p_value == image.exam_p_value == 0.05
    assert image.is_anomalous
    assert image.exam_is_anomalous
    assert image.covariates == {"age": "60"}


@pytest.mark.parametrize("p_values", [(0.05, 0.2), (0.2, 0.05, 0.04, 0.3), (0.1, 0.1, 0.9), (0.2, 0.3, 0.05)])
def test_the_majority_decides_as_the_p_value_does(p_values):
    (image,) = combined(ill(*((1.0, p) for p in p_values)), {"ill": 1})
    assert image.is_anomalous == image.exam_is_anomalous == (image.p_value <= 0.1)
    assert image.is_anomalous == (sum(p <= 0.1 for p in p_values) > len(p_values) / 2)


def test_her_map_is_that_of_the_fold_that_was_drawn_for_her():
    (image,) = combined(ill((1.0, 0.5), (2.0, 0.5)), {"ill": 2})
    assert image.localisations[MODEL].marks == ((2.0, -1),)


def test_without_exam_decisions_there_is_none():
    folds = {1: [scored("ill", 1.0, abnormal=True)], 2: [scored("ill", 3.0, abnormal=True)]}
    (image,) = combined(folds, {"ill": 1})
    assert image.exam_p_value is None
    assert image.exam_is_anomalous is None
    assert image.pred_score == 2.0
