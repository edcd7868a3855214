"""Score normal patients that learning never saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from mammolens.calibration.calcifications import can_combine, left_out_scores
from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalBreast, NormalCalcifications, NormalExam, NormalImage
from mammolens.calibration.standardisation import Acquisition, leave_one_out
from mammolens.config import CalibrationConfig, FusionConfig, ModelConfig
from mammolens.datasets.base import Case
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import ConfigError, DatasetError
from mammolens.inference.asymmetry import asymmetry
from mammolens.inference.blur import FINEST_DETAIL, finest_detail
from mammolens.inference.breast_view import breast_view
from mammolens.inference.calcifications import CalcificationDetector
from mammolens.inference.exam import ImageScore, fuse
from mammolens.inference.image_statistics import image_statistics
from mammolens.inference.scorer import ScoredGrid, Scorer
from mammolens.models.calcifications import CalcificationBranch
from mammolens.models.devices import REFERENCE, Device
from mammolens.training.preparation import prepared_by
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import ImageHeader


@dataclass(frozen=True, slots=True)
class ScoredNormal:
    """A normal image as a model that never learned from the patient scores it; ``patient`` is an ordinal."""

    header: ImageHeader
    patient: int
    raw_score: float
    map_peak: float
    statistics: dict[str, float]
    calcifications: NormalCalcifications | None = None

    @property
    def source(self) -> Acquisition:
        """Machine and view."""
        return Acquisition(self.header.acquisition_group, self.header.view)


@dataclass(frozen=True, slots=True)
class Unseen:
    """Normal cases, and a network that learned from none of their patients."""

    network: nn.Module
    cases: Sequence[Case]


def calibrate(
    unseen: Sequence[Unseen],
    pipeline: Pipeline,
    config: ModelConfig,
    on_done: Callable[[], None],
    branch: CalcificationBranch | None = None,
    device: Device = REFERENCE,
) -> tuple[Calibration, tuple[Case, ...]]:
    """Image and exam scores of normal patients by networks that never saw them, patients as ordinals.

    Args:
        unseen: a network each with its cases; of an ensemble, its members or itself.
        pipeline: of the configuration.
        config: of the model.
        on_done: called once a case.
        branch: of the model, if it has one.
        device: to score on.

    Returns:
        The calibration, and those of the cases that it comes from: the others cannot be used.

    Raises:
        DatasetError: none of the images can be used.
        ConfigError: the model has a calcification branch, and its map is not a probability.
    """
    detector = CalcificationDetector(branch, device) if branch is not None else None

    def prepare(case: Case) -> tuple[Prepared, float | None]:
        if detector is None:
            return pipeline.load(case.path, case.attributes), None
        mammogram = read_mammogram(case.path, case.attributes)
        prepared = pipeline.prepare(mammogram)
        return prepared, detector.highest(mammogram, prepared, pipeline)

    used: list[Case] = []
    scored: list[ScoredNormal] = []
    ordinals = ordinals_of([case for part in unseen for case in part.cases])
    for part in unseen:
        scorer = Scorer(part.network, config.scoring, device)
        for case, (prepared, log_odds) in prepared_by(prepare, part.cases, on_done):
            grid = scorer.score(prepared)
            used.append(case)
            statistics = image_statistics(breast_view(prepared)) | {FINEST_DETAIL: finest_detail(prepared)}
            header, patient = header_of(prepared.image), ordinals[case.patient_id]
            found = calcifications_in(grid, log_odds)
            scored.append(ScoredNormal(header, patient, grid.pred_score, grid.map_peak, statistics, found))
    return calibration_of(scored, config.calibration, config.scoring.fusion), tuple(used)


def calcifications_in(grid: ScoredGrid, log_odds: float | None) -> NormalCalcifications | None:
    """What a calibration keeps of the branch's highest log odds and the map without it.

    Raises:
        ConfigError: the map is not a probability.
    """
    if log_odds is None:
        return None
    if not grid.is_probability:
        reason = "cannot take part in a model that only reconstructs, whose map is not a probability"
        raise ConfigError("the calcification branch", reason, "remove the folder 'calcifications' and seal the model")
    return NormalCalcifications(raw_score=log_odds, map_peak=grid.map_peak)


def ordinals_of(cases: Sequence[Case]) -> dict[str, int]:
    """A number for each patient, which replaces the ID in a calibration."""
    return {patient: number for number, patient in enumerate(sorted({case.patient_id for case in cases}))}


def calibration_of(scored: Sequence[ScoredNormal], config: CalibrationConfig, fusion: FusionConfig) -> Calibration:
    """Standardise each patient's scores by those of all others, and fuse them to exams.

    Where the calcification branch takes part, an image's score and the peak of its map are the higher of both.

    Raises:
        DatasetError: there is no image.
    """
    if not scored:
        raise DatasetError("calibration", "none of its images can be used", "see the images that were left out")
    patients = np.array([one.patient for one in scored], dtype=np.int64)
    sources, by = [one.source for one in scored], config.standardise
    raw_scores = np.array([one.raw_score for one in scored], dtype=np.float64)
    scores = [float(score) for score in leave_one_out(raw_scores, patients, sources, by)]
    peaks = [one.map_peak for one in scored]
    found = [one.calcifications for one in scored if one.calcifications is not None]
    if can_combine([one.calcifications for one in scored], [one.patient for one in scored], by):
        branch = left_out_scores(found, patients, sources, by)
        scores = [max(own, score) for own, (score, _) in zip(scores, branch, strict=True)]
        peaks = [max(own, heat) for own, (_, heat) in zip(peaks, branch, strict=True)]
    images = tuple(_normal_image(*one) for one in zip(scored, scores, peaks, strict=True))
    return Calibration(images, _normal_exams(scored, images, fusion), config, fusion)


def _normal_image(scored: ScoredNormal, pred_score: float, map_peak: float) -> NormalImage:
    return NormalImage(
        patient=scored.patient,
        view=scored.header.view,
        acquisition_group=scored.header.acquisition_group,
        software_versions=scored.header.software_versions,
        raw_score=scored.raw_score,
        pred_score=pred_score,
        map_peak=map_peak,
        statistics=scored.statistics,
        calcifications=scored.calcifications,
    )


def _normal_exams(
    scored: Sequence[ScoredNormal], images: Sequence[NormalImage], fusion: FusionConfig
) -> tuple[NormalExam, ...]:
    exams: dict[tuple[int, str], list[ImageScore]] = defaultdict(list)
    for one, image in zip(scored, images, strict=True):
        exams[one.patient, one.header.exam_id].append(ImageScore(one.header, image.pred_score, image.raw_score))
    fused = [(patient, fuse(scores, fusion)) for (patient, _), scores in exams.items()]
    return tuple(
        NormalExam(
            patient=patient,
            acquisition_group=exam.acquisition_group,
            exam_score=exam.exam,
            asymmetry=asymmetry(exam),
            breasts=tuple(NormalBreast(laterality=side, pred_scores=own) for side, own in exam.views.items()),
        )
        for patient, exam in fused
    )
