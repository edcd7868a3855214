"""Both models on the same held-back normal images, as they are and with a synthetic lesion each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mammolens.calibration.realised_rate import Judged
from mammolens.datasets.base import Case
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError
from mammolens.evaluation.planting import plant_lesion
from mammolens.evaluation.scored import Bools, Floats, Texts
from mammolens.inference.batch import OnError
from mammolens.inference.exam import ImageScore
from mammolens.inference.predictor import Predictor
from mammolens.promotion.policy import PromotionPolicy
from mammolens.types import ExamKey, Mammogram


class Pair(NamedTuple):
    """The two models, or what belongs to each."""

    serving: Predictor
    candidate: Predictor


@dataclass(frozen=True, slots=True, eq=False)
class Exams:
    """What one model says of one exam of each held-back patient.

    Attributes:
        p_values: ``(patients,)`` float64.
        flagged: ``(patients,)`` bool.
        judged: the patients by the calibration scale that judged them.
    """

    p_values: Floats
    flagged: Bools
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Scores of the images that both models could use; a row of ``plain`` and ``planted`` a model, serving first.

    Attributes:
        patients: ``(images,)`` str.
        plain: ``(2, images)`` float64, standardised scores.
        planted: the same of the images with a lesion; ``(2, 0)`` where none was planted.
        exams: of each model.
        left_out: images that could not be used.
    """

    patients: Texts
    plain: Floats
    planted: Floats
    exams: tuple[Exams, Exams]
    left_out: int


def try_models(
    models: Pair,
    cases: Sequence[Case],
    policy: PromotionPolicy,
    on_error: OnError,
    on_done: Callable[[], None],
    *,
    plant: bool = True,
) -> Trial:
    """Score every case by both models; each image is read once.

    Args:
        models: serving and candidate.
        cases: normal images that neither learned from.
        policy: seed and size of the lesions.
        on_error: told of each image that cannot be used; it is left out for both.
        on_done: called after each image.
        plant: also with a lesion.
    """
    patients: list[str] = []
    plain_scores: list[list[float]] = []
    planted_scores: list[list[float]] = []
    exams: dict[str, dict[ExamKey, list[list[ImageScore]]]] = {}
    for case, mammogram in _read(cases, on_error, on_done):
        try:
            # Planted first: an image in which no lesion fits is left out of everything.
            lesion = plant_lesion(mammogram, policy.suite_seed, policy.suite_height_mm) if plant else None
            plain = [model.score(mammogram) for model in models]
            planted = [model.score(lesion) for model in models] if lesion is not None else []
        except InputError as error:
            on_error(error)
            continue
        patients.append(case.patient_id)
        plain_scores.append([score.pred_score for score in plain])
        if planted:
            planted_scores.append([score.pred_score for score in planted])
        exams.setdefault(case.patient_id, {}).setdefault(mammogram.header.exam_key, []).append(plain)
    # A patient counts once, by the first of her exams: two of the same woman are not independent.
    first = [next(iter(own.values())) for own in exams.values()]
    return Trial(
        patients=np.array(patients, dtype=np.str_),
        plain=_rows(plain_scores),
        planted=_rows(planted_scores),
        exams=(
            _judged(models.serving, [[image[0] for image in exam] for exam in first]),
            _judged(models.candidate, [[image[1] for image in exam] for exam in first]),
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


def _judged(model: Predictor, exams: Sequence[Sequence[ImageScore]]) -> Exams:
    judgements = [model.judge_exam(scores) for scores in exams]
    by_scale: dict[tuple[str | None, int], int] = {}
    for judgement in judgements:
        group = judgement.fused.acquisition_group
        scales = model.calibration.exam_scales.of_shape(judgement.fused.shape)
        scale = (group if group in scales.groups else None, scales.of_group(group).patients)
        by_scale[scale] = by_scale.get(scale, 0) + 1
    return Exams(
        p_values=np.array([judgement.p_value for judgement in judgements], dtype=np.float64),
        flagged=np.array([judgement.is_anomalous for judgement in judgements], dtype=np.bool_),
        judged=tuple(Judged(count, patients) for (_, patients), count in by_scale.items()),
    )
