"""Learning on the server: a model or a calibration from confirmed normals, which then has to pass the gate."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mammolens.config import EnsembleConfig, ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.formats import open_dataset
from mammolens.errors import InputError, ModelError, RequestError
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.learning.candidate import CandidateFolder
from mammolens.labelapp.learning.marked_findings import check_learns_from_findings, localises_lesions, split_findings
from mammolens.labelapp.learning.model_versions import gate_check
from mammolens.labelapp.learning.patient_split import PatientSplit, split_for_calibration, split_for_training
from mammolens.labelapp.learning.training_data import TrainingData, learned_here
from mammolens.labelapp.parameters import RecalibrateParameters, TrainParameters, parse
from mammolens.labelapp.responses.learning import JobOutcome
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ServerSettings
from mammolens.models.devices import choose_device
from mammolens.models.directory import network_directories
from mammolens.promotion.promote import PromotionResult, propose
from mammolens.training.progress import Observer, Stage, TrainingProgress, ignore_progress

_log = logging.getLogger(__name__)
_OF_THE_RUN = {"from_scratch", "ask", "learn_from_findings", "device"}  # parameters that are not configuration
_EVERY = 50  # images a line
_EXPOSURE_SHARE = 0.25  # of each batch, where the serving model learned from no lesion
_ANYHOW = "a person may use it anyway, with a reason"


class Learner:
    """Creates a candidate model and evaluates it with the gate; no model serves without that.

    Args:
        serving: the model to start from and to compare with.
        data: of this site.
        folder: for the candidate.
        settings: of the server.
    """

    def __init__(
        self, serving: ServingModel, data: TrainingData, folder: CandidateFolder, settings: ServerSettings
    ) -> None:
        self._serving = serving
        self._data = data
        self._folder = folder
        self._settings = settings

    def learn(
        self,
        kind: str,
        parameters: Mapping[str, Any],
        observe: Observer = ignore_progress,
        by: str = "mammolens",
        *,
        resume: bool = False,
    ) -> dict[str, Any]:
        """Learn, evaluate with the gate and, if it passes, promote.

        Args:
            kind: a :class:`LearningKind`.
            parameters: :class:`TrainParameters` or :class:`RecalibrateParameters`.
            observe: called with every step.
            by: who requested it, for the history of the models.
            resume: continue the work of a previous attempt in the folder.

        Returns:
            A :class:`JobOutcome` as JSON: the version, whether it is used and why, and its training data.

        Raises:
            DatasetError: too few patients are confirmed as normal.
            RequestError: an invalid parameter, or a training while an ensemble of whole models is in use.
            ModelError: the serving model cannot be recalibrated, or another one was promoted meanwhile.
            PacsError, StorageError: an eligible image cannot be fetched, or its score cannot be stored.
        """
        if LearningKind(kind) is LearningKind.RECALIBRATE:
            outcome = self._recalibrated(parse(RecalibrateParameters, parameters), observe, by)
        else:
            outcome = self._trained(parse(TrainParameters, parameters), observe, by, resume)
        return outcome.model_dump(mode="json")

    def _trained(self, wanted: TrainParameters, observe: Observer, by: str, resume: bool) -> JobOutcome:
        base, share = self._configuration(), self._settings.held_out_share
        training, evaluation = split_findings(self._data.findings(), share)
        if wanted.learn_from_findings:
            check_learns_from_findings(base, training)
        exposure = self._exposure(base, training if wanted.learn_from_findings else None)
        # Annotators confirm normals: without lesions from elsewhere there is none to learn from.
        lesions = (base.training.exposure_share or _EXPOSURE_SHARE) if exposure else 0.0
        changes = {**wanted.model_dump(exclude_none=True, exclude=_OF_THE_RUN), "exposure_share": lesions}
        config = base.model_copy(update={"training": base.training.model_copy(update=changes)})
        normals, start_from = self._data.normals(), self._start()
        excluded = self._data.excluded(self._serving.predictor(), observe) if start_from else frozenset[str]()
        split = split_for_training(
            normals, held_out_share=share, calibration_share=config.calibration.fraction, excluded=excluded
        )
        self._log(split, len(excluded))
        candidate = self._folder.trained(
            config,
            split.training,
            exposure=exposure,
            start_from=None if wanted.from_scratch else start_from,
            resume=resume,
            observe=observe,
            device=wanted.device or self._settings.device,
        )
        return self._outcome(candidate, split, evaluation.cases, len(excluded), wanted, observe, by)

    def _recalibrated(self, wanted: RecalibrateParameters, observe: Observer, by: str) -> JobOutcome:
        config, directory = self._serving.predictor().config, self._serving.store.serving()
        normals = self._data.normals()
        trained_here = any(learned_here(part) for part in network_directories(directory))
        split = split_for_calibration(
            normals,
            held_out_share=self._settings.held_out_share,
            calibration_share=config.calibration.fraction,
            trained_here=trained_here,
        )
        self._log(split, 0)
        device = choose_device(wanted.device or self._settings.device, self._settings.precision)
        candidate = self._folder.recalibrated(
            directory, split.training, unseen=trained_here, observe=observe, device=device
        )
        return self._outcome(candidate, split, (), 0, wanted, observe, by)

    def _configuration(self) -> ModelConfig:
        """Of a training, unless the serving model is an ensemble of whole models."""
        config = self._serving.configuration()
        if isinstance(config, EnsembleConfig):
            reason = f"the serving model ({config.name}) is an ensemble of whole models, which a server does not train"
            remedy = "recalibrate it instead, or train its members separately and publish the ensemble"
            raise RequestError("train", reason, remedy)
        return config

    def _exposure(self, base: ModelConfig, findings: Dataset | None) -> Dataset | None:
        """Lesions to train on: the admin's, if the model can learn from them, and the site's own, if requested."""
        folder = self._settings.exposure if localises_lesions(base) else None
        sources = [*([open_dataset(folder)] if folder else []), *([findings] if findings else [])]
        return _together(sources) if sources else None

    def _start(self) -> Path | None:
        """The version in use; ``None`` where it is missing or damaged, even if another version is used instead."""
        try:
            return self._serving.store.serving() if self._serving.refusal() is None else None
        except ModelError:
            return None

    def _outcome(
        self,
        candidate: Path,
        split: PatientSplit,
        findings: Sequence[Case],
        set_aside: int,
        wanted: RecalibrateParameters,
        observe: Observer,
        by: str,
    ) -> JobOutcome:
        """Evaluate the candidate with the gate; returns the outcome of the job."""
        store = self._serving.store
        if self._start() is None:
            version, why = store.add(candidate, by=by), "rejected: no model is in use to compare it with"
            store.refuse(version, by=by, why=why)
            result = {"model": version, "serves": False, "waits": False, "reason": f"{why}; {_ANYHOW}", "checks": []}
        else:
            result = _result(self._proposed(candidate, split.held_out.cases, findings, wanted, observe, by))
        self._folder.clear()
        outcome = JobOutcome(
            **result,
            images=len(split.training.cases),
            patients=len(split.training.patients),
            held_out=len(split.held_out.patients),
            set_aside=set_aside,
        )
        _log.info("done: model %s: %s", outcome.model, outcome.reason)
        return outcome

    def _proposed(
        self,
        candidate: Path,
        normals: Sequence[Case],
        findings: Sequence[Case],
        wanted: RecalibrateParameters,
        observe: Observer,
        by: str,
    ) -> PromotionResult:
        settings = self._settings
        return propose(
            self._serving.store,
            candidate,
            normals,
            by=by,
            findings=findings,
            sentinels=open_dataset(settings.sentinels).cases if settings.sentinels else (),
            policy=settings.gate_policy,
            ask=settings.asks(wanted.ask),
            on_error=_left_out,
            progress=lambda done, total: observe(TrainingProgress(Stage.GATE, done, total)),
            device=choose_device(wanted.device or settings.device, settings.precision),
        )

    def _log(self, split: PatientSplit, set_aside: int) -> None:
        training, held_out = split.training, split.held_out
        numbers = len(training.cases), len(training.patients), len(held_out.patients), set_aside
        _log.info("%d eligible images of %d patients; %d more are held out, %d exams set aside", *numbers)


def _together(sources: Sequence[Dataset]) -> Dataset:
    return Dataset(
        " and ".join(source.name for source in sources),
        tuple(case for source in sources for case in source.cases),
        "; ".join(source.licence for source in sources),
        " ".join(source.citation for source in sources if source.citation),
    )


def _result(decision: PromotionResult) -> dict[str, Any]:
    gate_result = decision.gate_result
    reason = gate_result.reason
    if decision.waits:
        reason += "; it awaits approval by a person"
    elif not decision.serves:
        reason += f"; {_ANYHOW}"
    return {
        "model": decision.version,
        "serves": decision.serves,
        "waits": decision.waits,
        "reason": reason,
        "checks": [gate_check(check) for check in gate_result.checks],
    }


def _left_out(error: InputError) -> None:
    _log.warning("left out of the gate: %s", error)


def log_progress(progress: TrainingProgress) -> None:
    """Observer of a training: logs every epoch, and images now and then."""
    if progress.stage is Stage.LEARN or progress.done % _EVERY == 0 or progress.done == progress.total:
        _log.info("%s", progress)
