"""Scored images with their truth, and the same numbers as columns at image, breast and exam level."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from mammolens.calibration.fusion import breast_score, exam_score
from mammolens.config import MEANS, FusionConfig
from mammolens.dicom.image_kind import without_synthetic_twins
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import DatasetError
from mammolens.evaluation.localisation import Localisation

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.str_]
Level = Literal["breast", "exam"]
Unit = Literal["image", "exam"]
MODEL: Final = "model"  # name of the measured model's own map


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """A model's result for one image, with the truth.

    Attributes:
        abnormal: cancer (or a marked lesion) present in this image's breast.
        site: the institution, for figures within each; ``None`` where unknown.
        laterality: ``None`` leaves the image out of breast level.
        pred_score: finite, grows with deviation from normal, arbitrary unit.
        p_value: in [0, 1], the share of normal patients expected to score at least as high.
        is_anomalous: the model's own decision.
        covariates: other columns (age, density, ...), as text.
        acquisition_group: the machine; ``None`` where unknown.
        raw_score: the network's own score, before standardisation; ``None`` where it is not kept.
        exam_p_value: as ``p_value``, of the exam that the image belongs to; ``None`` where it was not scored.
        exam_is_anomalous: the model's decision for that exam; ``None`` where it was not scored.
        other_scores: of the same image by baselines and other models, by name; missing where unknown.
        localisations: how well maps lie on the lesions, by the map's name, :data:`MODEL` for the model's own;
            empty if it is unknown whether or where lesions lie.
        member_scores: standardised scores of an ensemble's members, by name; empty of a single model.
        calibration_patients: calibration patients behind the p-values, only those of the same machine if it has a
            scale of its own; ``None`` if the number is unknown.

    Raises:
        DatasetError: for a score that is not finite or a p-value outside [0, 1].
    """

    path: Path
    patient_id: str
    exam_id: str
    abnormal: bool
    site: str | None
    laterality: Laterality | None
    view: ViewPosition | None
    pred_score: float
    p_value: float
    is_anomalous: bool
    covariates: dict[str, str] = field(default_factory=dict)
    acquisition_group: str | None = None
    raw_score: float | None = None
    exam_p_value: float | None = None
    exam_is_anomalous: bool | None = None
    other_scores: dict[str, float] = field(default_factory=dict)
    localisations: dict[str, Localisation] = field(default_factory=dict)
    member_scores: dict[str, float] = field(default_factory=dict)
    calibration_patients: int | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.pred_score):
            raise DatasetError(self.path, f"its score is {self.pred_score}", "score the image again")
        for p_value in (self.p_value, self.exam_p_value):
            if p_value is not None and not 0 <= p_value <= 1:
                raise DatasetError(self.path, f"its p-value is {p_value}", "calibrate the model again")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Images, breasts or exams as arrays ``(n,)``: ``patients`` str, ``abnormal`` bool, ``scores`` float64."""

    patients: Texts
    abnormal: Bools
    scores: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ImageColumns(Columns):
    """Images as arrays ``(n,)``: also ``p_values`` float64, ``flagged`` bool and ``sites`` str, '' where unknown."""

    p_values: Floats
    flagged: Bools
    sites: Texts


def columns(images: Sequence[ScoredImage]) -> ImageColumns:
    """Images in their order, as arrays."""
    return ImageColumns(
        patients=np.array([image.patient_id for image in images], dtype=np.str_),
        abnormal=np.array([image.abnormal for image in images], dtype=np.bool_),
        scores=np.array([image.pred_score for image in images], dtype=np.float64),
        p_values=np.array([image.p_value for image in images], dtype=np.float64),
        flagged=np.array([image.is_anomalous for image in images], dtype=np.bool_),
        sites=np.array([image.site or "" for image in images], dtype=np.str_),
    )


def fused(images: Sequence[ScoredImage], level: Level, fusion: FusionConfig = MEANS) -> Columns:
    """Views fused to breasts, breasts to exams; a unit is abnormal when any of its images is.

    Breast level leaves out images without laterality; at exam level those of one exam count as one breast. The score of
    a synthetic view does not count if there is its exposed twin.
    """
    breasts: dict[tuple[str, str, str], list[ScoredImage]] = defaultdict(list)
    for image in images:
        if image.laterality is not None or level == "exam":
            breasts[image.patient_id, image.exam_id, image.laterality or ""].append(image)
    units = {key: _breast(members, fusion) for key, members in breasts.items()}
    if level == "exam":
        exams: dict[tuple[str, str, str], list[tuple[float, bool]]] = defaultdict(list)
        for (patient, exam, _), unit in units.items():
            exams[patient, exam, ""].append(unit)
        units = {key: _fused(members, partial(exam_score, fusion=fusion)) for key, members in exams.items()}
    return Columns(
        patients=np.array([patient for patient, _, _ in units], dtype=np.str_),
        abnormal=np.array([abnormal for _, abnormal in units.values()], dtype=np.bool_),
        scores=np.array([score for score, _ in units.values()], dtype=np.float64),
    )


def _breast(images: list[ScoredImage], fusion: FusionConfig) -> tuple[float, bool]:
    counted = without_synthetic_twins(images, lambda image: image)
    return breast_score([image.pred_score for image in counted], fusion), any(image.abnormal for image in images)


def _fused(members: list[tuple[float, bool]], fuse: Callable[[list[float]], float]) -> tuple[float, bool]:
    return fuse([score for score, _ in members]), any(abnormal for _, abnormal in members)


def check_images(images: Sequence[ScoredImage]) -> None:
    """Check that there are normal and abnormal images, and that none is listed twice.

    Raises:
        DatasetError: without a normal or without an abnormal image, unless lesions are located in them, which
            can be distinguished from the rest of the breast; or a file is listed twice.
    """
    seen: set[Path] = set()
    for image in images:
        if image.path in seen:
            raise DatasetError(image.path, "is scored twice", "list each image once")
        seen.add(image.path)
    if any(place.located for image in images for place in image.localisations.values()):
        return
    abnormal = sum(image.abnormal for image in images)
    for word, count in (("normal", len(images) - abnormal), ("abnormal", abnormal)):
        if not count:
            reason = f"none of the {len(images)} images is known to be {word}"
            raise DatasetError("evaluation", reason, f"add {word} cases, or a table that says which are")
