"""Scores of both models on the same held-out normal images, without and with a synthetic lesion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mammolens.calibration.realised_rate import EvaluatedPatients
from mammolens.datasets.base import Case
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError
from mammolens.evaluation.lesion_insertion import insert_lesion
from mammolens.evaluation.scored import Bools, Floats, Texts
from mammolens.inference.batch import OnError
from mammolens.inference.exam import ImageScore
from mammolens.inference.predictor import Predictor
from mammolens.promotion.policy import PromotionPolicy
from mammolens.types import ExamKey, Mammogram


class ModelPair(NamedTuple):
    """The two models, or what belongs to each."""

    serving: Predictor
    candidate: Predictor


@dataclass(frozen=True, slots=True, eq=False)
class ExamPredictions:
    """One model's predictions for one exam of each held-out patient.

    Attributes:
        p_values: ``(patients,)`` float64.
        flagged: ``(patients,)`` bool.
        evaluated: the patients by calibration scale.
    """

    p_values: Floats
    flagged: Bools
    evaluated: tuple[EvaluatedPatients, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PairedScores:
    """Scores of the images that both models could use; a row of ``plain`` and ``with_lesion`` a model, serving first.

    Attributes:
        patients: ``(images,)`` str.
        plain: ``(2, images)`` float64, standardised scores.
        with_lesion: the same of the images with a lesion; ``(2, 0)`` where none was with_lesion.
        exams: of each model.
        left_out: images that could not be used.
    """

    patients: Texts
    plain: Floats
    with_lesion: Floats
    exams: tuple[ExamPredictions, ExamPredictions]
    left_out: int


def score_pair(
    models: ModelPair,
    cases: Sequence[Case],
    policy: PromotionPolicy,
    on_error: OnError,
    on_done: Callable[[], None],
    *,
    insert_lesions: bool = True,
) -> PairedScores:
    """Score every case by both models; each image is read once.

    Args:
        models: serving and candidate.
        cases: normal images that neither learned from.
        policy: seed and size of the lesions.
        on_error: called with the error of each image that cannot be used; it is left out for both.
        on_done: called after each image.
        insert_lesions: also with a lesion.
    """
    patients: list[str] = []
    plain_scores: list[list[float]] = []
    lesion_scores: list[list[float]] = []
    exams: dict[str, dict[ExamKey, list[list[ImageScore]]]] = {}
    for case, mammogram in _read(cases, on_error, on_done):
        try:
            # Lesions are inserted first: an image in which none fits is left out of everything.
            lesion = (
                insert_lesion(mammogram, policy.synthetic_seed, policy.assumed_height_mm) if insert_lesions else None
            )
            plain = [model.score(mammogram) for model in models]
            with_lesion = [model.score(lesion) for model in models] if lesion is not None else []
        except InputError as error:
            on_error(error)
            continue
        patients.append(case.patient_id)
        plain_scores.append([score.pred_score for score in plain])
        if with_lesion:
            lesion_scores.append([score.pred_score for score in with_lesion])
        exams.setdefault(case.patient_id, {}).setdefault(mammogram.header.exam_key, []).append(plain)
    # A patient counts once, by the first exam: two exams of one patient are not independent.
    first = [next(iter(own.values())) for own in exams.values()]
    return PairedScores(
        patients=np.array(patients, dtype=np.str_),
        plain=_rows(plain_scores),
        with_lesion=_rows(lesion_scores),
        exams=(
            _predictions(models.serving, [[image[0] for image in exam] for exam in first]),
            _predictions(models.candidate, [[image[1] for image in exam] for exam in first]),
        ),
        left_out=len(cases) - len(patients),
    )


def _rows(scores: Sequence[Sequence[float]]) -> Floats:
    """``(2, images)`` of pairs."""
    return np.array(scores, dtype=np.float64).reshape(-1, 2).T


def _read(cases: Sequence[Case], on_error: OnError, on_done: Callable[[], None]) -> Iterator[tuple[Case, Mammogram]]:
    for case in cases:
        try:
            mammogram = read_mammogram(case.path, case.attributes)
        except InputError as error:
            on_error(error)
        else:
            yield case, mammogram
        on_done()


def _predictions(model: Predictor, exams: Sequence[Sequence[ImageScore]]) -> ExamPredictions:
    inferences = [model.infer_exam(scores) for scores in exams]
    by_scale: dict[tuple[str | None, int], int] = {}
    for inference in inferences:
        group = inference.fused.acquisition_group
        scales = model.calibration.exam_scales.of_shape(inference.fused.shape)
        scale = (group if group in scales.groups else None, scales.of_group(group).patients)
        by_scale[scale] = by_scale.get(scale, 0) + 1
    return ExamPredictions(
        p_values=np.array([inference.p_value for inference in inferences], dtype=np.float64),
        flagged=np.array([inference.is_anomalous for inference in inferences], dtype=np.bool_),
        evaluated=tuple(EvaluatedPatients(count, patients) for (_, patients), count in by_scale.items()),
    )
