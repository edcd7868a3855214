"""What is missing for a learning job, known before it is requested."""

from __future__ import annotations

import threading
from pathlib import Path

from mammolens.calibration.conformal import min_patients
from mammolens.config import CalibrationConfig, EnsembleConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.errors import DatasetError, MammoLensError
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.eligibility import eligible_images, patient_of
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.learning.patient_split import PatientSplit, split_for_calibration, split_for_training
from mammolens.labelapp.learning.training_data import NAME, learned_here
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ServerSettings
from mammolens.models.directory import network_directories
from mammolens.types import ImageAttributes


class Readiness:
    """Why a job would certainly fail or be rejected by the gate; from decisions alone, without reading images.

    Args:
        exams: of the datastore.
        decisions: on them.
        serving: the model in use.
        settings: of the server.
    """

    def __init__(self, exams: Exams, decisions: Decisions, serving: ServingModel, settings: ServerSettings) -> None:
        self._exams = exams
        self._decisions = decisions
        self._serving = serving
        self._settings = settings
        self._lock = threading.Lock()
        self._seen: tuple[object, ...] = ()
        self._missing: dict[LearningKind, str] = {}

    def missing(self) -> dict[LearningKind, str]:
        """A clause for each kind of job that would be refused; nothing while exams, decisions or model are unknown."""
        try:
            seen = (self._exams.all(), self._decisions.now(), self._serving.predictor())
        except MammoLensError:
            return {}
        with self._lock:
            if len(self._seen) != len(seen) or any(a is not b for a, b in zip(self._seen, seen, strict=True)):
                normals = self._normals()
                found = {kind: self._missing_for(kind, normals) for kind in LearningKind}
                self._missing = {kind: reason for kind, reason in found.items() if reason is not None}
                self._seen = seen
            return self._missing

    def _normals(self) -> Dataset:
        """A case for each eligible image, with its id instead of its file."""
        eligible = eligible_images(self._exams.all().values(), self._decisions.now())
        cases = [
            Case(
                path=Path(image.image_id),
                patient_id=patient_of(exam),
                attributes=ImageAttributes(patient_id=patient_of(exam), exam_id=exam.exam_id),
                abnormal=False,
                clean_normal=True,
            )
            for exam, images in eligible.items()
            for image in images
        ]
        return Dataset(name=NAME, cases=tuple(cases), licence="")

    def _missing_for(self, kind: LearningKind, normals: Dataset) -> str | None:
        config = self._serving.configuration()
        if kind is LearningKind.TRAIN and isinstance(config, EnsembleConfig):
            return "an ensemble of whole models is in use, which a server does not train"
        if not normals.cases:
            return "no exam is confirmed as normal; confirm normal exams of several patients"
        try:
            split = self._split(kind, normals, config.calibration)
        except DatasetError as error:
            return f"{error.reason}; {error.remedy}"
        # Every member of a model of several networks calibrates, on other patients.
        several = not isinstance(config, EnsembleConfig) and config.network.members > 1
        calibrating = split.training if several else split.training.in_split(Split.CALIBRATION)
        return self._too_few(len(split.held_out.patients), len(calibrating.patients), config.calibration)

    def _split(self, kind: LearningKind, normals: Dataset, config: CalibrationConfig) -> PatientSplit:
        shares = {"held_out_share": self._settings.held_out_share, "calibration_share": config.fraction}
        if kind is LearningKind.TRAIN:
            return split_for_training(normals, **shares, excluded=())
        parts = network_directories(self._serving.store.serving())
        return split_for_calibration(normals, **shares, trained_here=any(learned_here(part) for part in parts))

    def _too_few(self, held_out: int, calibrating: int, config: CalibrationConfig) -> str | None:
        policy = self._settings.gate_policy
        reasons = []
        if held_out < policy.min_patients:
            reasons.append(f"{held_out} of the {policy.min_patients} held-out normal patients that the gate requires")
        needed = min_patients(config.alpha, config.confidence) if config.decision == "conformal" else 1
        if calibrating < needed:
            reasons.append(f"{calibrating} of the {needed} normal patients that a calibration needs to flag any exam")
        return f"there are {' and '.join(reasons)}; confirm normal exams of more patients" if reasons else None
