"""What the server learns: a model from the accepted normals, or a new calibration; then the gate has its say."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mammolens.config import EnsembleConfig, ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.registry import open_dataset
from mammolens.errors import InputError, ModelError, RequestError
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.learning.candidate import Workplace
from mammolens.labelapp.learning.marked_findings import refuse_unteachable, tells_lesions, to_teach_and_to_judge
from mammolens.labelapp.learning.model_versions import gate_check
from mammolens.labelapp.learning.patient_split import Parts, parts_to_calibrate, parts_to_learn
from mammolens.labelapp.learning.training_data import Site
from mammolens.labelapp.parameters import RecalibrateParameters, TrainParameters, parse
from mammolens.labelapp.responses.learning import JobOutcome
from mammolens.labelapp.serving import Serving
from mammolens.labelapp.settings import ServerSettings
from mammolens.models.directory import network_directories, record_of
from mammolens.promotion.promote import Decision, propose
from mammolens.training.progress import Observer, Stage, TrainingProgress, unobserved

_log = logging.getLogger(__name__)
_OF_THE_RUN = {"from_scratch", "ask", "learn_from_findings"}  # parameters that are no configuration
_EVERY = 50  # images a line
_EXPOSURE_SHARE = 0.25  # of each batch, where the serving model learned from no lesion
_ANYHOW = "a person may let it serve all the same, and say why"


class Learner:
    """Makes a candidate and puts it through the gate; nothing serves that was not judged.

    Args:
        serving: the model to start from and to judge against.
        site: what to learn from.
        workplace: where the candidate is made.
        settings: of the gate.
    """

    def __init__(self, serving: Serving, site: Site, workplace: Workplace, settings: ServerSettings) -> None:
        self._serving = serving
        self._site = site
        self._workplace = workplace
        self._settings = settings

    def learn(
        self,
        kind: str,
        parameters: Mapping[str, Any],
        observe: Observer = unobserved,
        by: str = "mammolens",
        *,
        resume: bool = False,
    ) -> dict[str, Any]:
        """Learn, judge and, where the gate allows it, promote.

        Args:
            kind: a :class:`LearningKind`.
            parameters: :class:`TrainParameters` or :class:`RecalibrateParameters`.
            observe: told of every step.
            by: who asked for it, for the history of the models.
            resume: go on with what an attempt before this one left in the workplace.

        Returns:
            A :class:`JobOutcome` as JSON: the version, what became of it and why, and what it learned from.

        Raises:
            DatasetError: too few patients are accepted as normal.
            RequestError: a parameter that cannot be used, or a training where an ensemble of whole models serves.
            ModelError: the serving model cannot be calibrated anew, or another one was promoted meanwhile.
            PacsError, StorageError: an accepted image cannot be had, or its score not be kept.
        """
        if LearningKind(kind) is LearningKind.RECALIBRATE:
            outcome = self._recalibrated(parse(RecalibrateParameters, parameters), observe, by)
        else:
            outcome = self._trained(parse(TrainParameters, parameters), observe, by, resume)
        return outcome.model_dump(mode="json")

    def _trained(self, wanted: TrainParameters, observe: Observer, by: str, resume: bool) -> JobOutcome:
        base, share = self._configuration(), self._settings.held_back_share
        teaching, judging = to_teach_and_to_judge(self._site.findings(), share)
        if wanted.learn_from_findings:
            refuse_unteachable(base, teaching)
        exposure = self._exposure(base, teaching if wanted.learn_from_findings else None)
        # What annotators accept is normal: without lesions from elsewhere there is none to learn from.
        lesions = (base.training.exposure_share or _EXPOSURE_SHARE) if exposure else 0.0
        changes = {**wanted.model_dump(exclude_none=True, exclude=_OF_THE_RUN), "exposure_share": lesions}
        config = base.model_copy(update={"training": base.training.model_copy(update=changes)})
        normals, start_from = self._site.normals(), self._start()
        aside = self._site.set_aside(self._serving.predictor(), observe) if start_from else frozenset[str]()
        parts = parts_to_learn(
            normals, held_back_share=share, calibration_share=config.calibration.fraction, aside=aside
        )
        self._log(parts, len(aside))
        candidate = self._workplace.trained(
            config,
            parts.learners,
            exposure=exposure,
            start_from=None if wanted.from_scratch else start_from,
            resume=resume,
            observe=observe,
        )
        return self._outcome(candidate, parts, judging.cases, len(aside), wanted.ask, observe, by)

    def _recalibrated(self, wanted: RecalibrateParameters, observe: Observer, by: str) -> JobOutcome:
        config, directory = self._serving.predictor().config, self._serving.store.serving()
        normals = self._site.normals()
        taught_here = any(_learned_from(part, normals) for part in network_directories(directory))
        parts = parts_to_calibrate(
            normals,
            held_back_share=self._settings.held_back_share,
            calibration_share=config.calibration.fraction,
            taught_here=taught_here,
        )
        self._log(parts, 0)
        candidate = self._workplace.recalibrated(directory, parts.learners, unseen=taught_here, observe=observe)
        return self._outcome(candidate, parts, (), 0, wanted.ask, observe, by)

    def _configuration(self) -> ModelConfig:
        """Of a training, unless the serving model is an ensemble of whole models."""
        config = self._serving.configuration()
        if isinstance(config, EnsembleConfig):
            reason = f"the serving model ({config.name}) is an ensemble of whole models, which a server does not train"
            remedy = "calibrate it anew instead, or train its members apart and publish the ensemble that they make"
            raise RequestError("train", reason, remedy)
        return config

    def _exposure(self, base: ModelConfig, findings: Dataset | None) -> Dataset | None:
        """The lesions to learn from: the admin's, where the model can, and the site's own, where somebody wants it."""
        folder = self._settings.exposure if tells_lesions(base) else None
        sources = [*([open_dataset(folder)] if folder else []), *([findings] if findings else [])]
        return _together(sources) if sources else None

    def _start(self) -> Path | None:
        """The serving model; ``None`` where it is gone or damaged."""
        try:
            self._serving.predictor()
        except ModelError:
            return None
        return self._serving.store.serving()

    def _outcome(
        self,
        candidate: Path,
        parts: Parts,
        findings: Sequence[Case],
        set_aside: int,
        ask: bool | None,
        observe: Observer,
        by: str,
    ) -> JobOutcome:
        """Put the candidate through the gate, and tell what became of it."""
        store = self._serving.store
        if self._start() is None:
            version, why = store.add(candidate, by=by), "refused: no model serves that it could be compared with"
            store.refuse(version, by=by, why=why)
            decided = {"model": version, "serves": False, "waits": False, "reason": f"{why}; {_ANYHOW}", "checks": []}
        else:
            decided = _decided(self._proposed(candidate, parts.held_back.cases, findings, ask, observe, by))
        self._workplace.clear()
        outcome = JobOutcome(
            **decided,
            images=len(parts.learners.cases),
            patients=len(parts.learners.patients),
            held_back=len(parts.held_back.patients),
            set_aside=set_aside,
        )
        _log.info("done: model %s: %s", outcome.model, outcome.reason)
        return outcome

    def _proposed(
        self,
        candidate: Path,
        normals: Sequence[Case],
        findings: Sequence[Case],
        ask: bool | None,
        observe: Observer,
        by: str,
    ) -> Decision:
        settings = self._settings
        return propose(
            self._serving.store,
            candidate,
            normals,
            by=by,
            findings=findings,
            sentinels=open_dataset(settings.sentinels).cases if settings.sentinels else (),
            policy=settings.gate_policy,
            ask=settings.asks(ask),
            on_error=_left_out,
            progress=lambda done, total: observe(TrainingProgress(Stage.JUDGE, done, total)),
        )

    def _log(self, parts: Parts, set_aside: int) -> None:
        learners, held_back = parts.learners, parts.held_back
        numbers = len(learners.cases), len(learners.patients), len(held_back.patients), set_aside
        _log.info("%d accepted images of %d patients; %d more are held back, %d exams set aside", *numbers)


def _learned_from(directory: Path, normals: Dataset) -> bool:
    """Whether the network of a model directory learned from the site's normals, earlier ones too."""
    name: str = record_of(directory).get("dataset", {}).get("name", "")
    return name.startswith(normals.name)


def _together(sources: Sequence[Dataset]) -> Dataset:
    return Dataset(
        " and ".join(source.name for source in sources),
        tuple(case for source in sources for case in source.cases),
        "; ".join(source.licence for source in sources),
        " ".join(source.citation for source in sources if source.citation),
    )


def _decided(decision: Decision) -> dict[str, Any]:
    verdict = decision.verdict
    reason = verdict.reason
    if decision.waits:
        reason += "; it waits for a person to accept it"
    elif not decision.serves:
        reason += f"; {_ANYHOW}"
    return {
        "model": decision.version,
        "serves": decision.serves,
        "waits": decision.waits,
        "reason": reason,
        "checks": [gate_check(check) for check in verdict.checks],
    }


def _left_out(error: InputError) -> None:
    _log.warning("left out of the judgement: %s", error)


def logged(progress: TrainingProgress) -> None:
    """Observes a training: a line of the log an epoch, and now and then one of the images."""
    if progress.stage is Stage.LEARN or progress.done % _EVERY == 0 or progress.done == progress.total:
        _log.info("%s", progress)
