"""Versions of the model as clients see them; promotion, refusal and rollback by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mammolens.enums import Split
from mammolens.errors import ConfigError, DatasetError, ModelError, RequestError, UnknownImageError
from mammolens.inference.predictor import load_calibration
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.learning import (
    GateCheck,
    GateResultDetail,
    ModelEvent,
    ModelList,
    ModelState,
    ModelVersion,
)
from mammolens.models.directory import model_id_of, record_of
from mammolens.models.history import HistoryEvent, served
from mammolens.models.lineage import Lineage, lineages
from mammolens.models.store import ModelStore, pretrained_directory
from mammolens.promotion.gate_result import CheckName, CheckResult, GateResult, read_gate_result
from mammolens.promotion.promote import accept, gate_approves

_TAUGHT = (Split.TRAIN, Split.VALIDATION)
_SHARES = (CheckName.RATE, CheckName.SENTINELS)
_LOSSES = (CheckName.DETECTION_LOSS, CheckName.FINDINGS)  # their figure is what is lost, serving minus candidate


class ModelVersions:
    """Lists the versions in a store; promotes, refuses and rolls back on behalf of a person.

    Args:
        store: of the models.
    """

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        # A version never changes, and its weights and calibration take a moment to read.
        self._model_ids: dict[Path, str] = {}
        self._cannot_flag: dict[Path, str | None] = {}

    def all(self) -> ModelList:
        """All versions, the newest first, the model of the package last; and what happened, the newest first.

        Raises:
            ModelError: the history or the model of the package is damaged.
        """
        packaged = self._model_id(pretrained_directory())
        versions = [self._version(one, packaged) for one in reversed(lineages(self._store))]
        serving = self._store.serving_version()
        return ModelList(
            serving=serving or packaged,
            cannot_flag=self.cannot_flag(),
            can_roll_back=self._can_roll_back(),
            models=[*versions, self._packaged(packaged, serves=serving is None)],
            history=[_event(entry, packaged) for entry in reversed(self._store.history())],
        )

    def model(self, name: str) -> ModelVersion:
        """One of them.

        Raises:
            UnknownImageError: there is none of that name.
        """
        found = next((one for one in self.all().models if one.model == name), None)
        if found is None:
            raise UnknownImageError(f"{name[:80]!a}", "no such model here", "see GET /mammolens/models")
        return found

    def promote(self, name: str, *, by: str, why: str) -> None:
        """Let a version serve.

        Raises:
            UnknownImageError: there is none of that name.
            RequestError: without a reason, where the gate has not passed it against the model that serves now.
            ModelError: it cannot be loaded.
        """
        accept(self._store, self._own(name), by=by, why=why)

    def refuse(self, name: str, *, by: str, why: str) -> None:
        """Keep the model that serves.

        Raises:
            UnknownImageError: there is none of that name.
            RequestError: it is the one that serves.
        """
        if self._own(name) == self._store.serving_version():
            raise RequestError(name, "is in use", "roll back to the previous model")
        self._store.refuse(name, by=by, why=why or "kept the model in use")

    def rollback(self, *, by: str, why: str) -> None:
        """Let the model serve that served before.

        Raises:
            DatasetError: none served before.
            ModelError: it is gone or damaged.
        """
        if not self._can_roll_back():
            raise DatasetError("rollback", "there is no previous model", "promote another version instead")
        self._store.rollback(by=by, why=why)

    def cannot_flag(self) -> str | None:
        """Why the model in use can flag no exam; ``None``: it can, or is gone or damaged."""
        try:
            directory = self._store.serving()
            if directory not in self._cannot_flag:
                self._cannot_flag[directory] = load_calibration(directory).cannot_flag
        except (ConfigError, ModelError):
            return None
        return self._cannot_flag[directory]

    def _can_roll_back(self) -> bool:
        return len(served(self._store.history())) > 1

    def _model_id(self, directory: Path) -> str:
        if directory not in self._model_ids:
            self._model_ids[directory] = model_id_of(directory)
        return self._model_ids[directory]

    def _own(self, name: str) -> str:
        """The name, if it is a version of the store."""
        if self.model(name).state is ModelState.PRETRAINED or name not in self._store.versions():
            raise RequestError(name, "is the model of the package", "roll back to it")
        return name

    def _version(self, one: Lineage, packaged: str) -> ModelVersion:
        record, result = record_of(self._store.directory(one.version)), self._gate_result(one)
        state = _state(one)
        return ModelVersion(
            model=one.version,
            model_id=self._model_id(self._store.directory(one.version)),
            state=state,
            state_label=state.label,
            parent=one.parent or packaged if one.added_at else None,
            kind=_kind(record),
            added_at=_utc(one.added_at) if one.added_at else None,
            added_by=one.added_by,
            **_learned(record),
            gate_result=gate_result_detail(result) if result else None,
            can_serve=not one.serves,
            needs_reason=not gate_approves(self._store, one, result),
        )

    def _packaged(self, name: str, *, serves: bool) -> ModelVersion:
        state = ModelState.SERVING if serves else ModelState.PRETRAINED
        return ModelVersion(
            model=name,
            model_id=name,
            state=state,
            state_label=state.label,
            parent=None,
            kind=None,
            added_at=None,
            added_by=None,
            **_learned(record_of(pretrained_directory())),
            gate_result=None,
            can_serve=False,
            needs_reason=True,
        )

    def _gate_result(self, one: Lineage) -> GateResult | None:
        if one.gate_result is None:
            return None
        try:
            return read_gate_result(self._store.gate_result(one.gate_result), one.gate_result)
        except ModelError:  # gone or damaged: the version is listed nevertheless
            return None


def gate_check(check: CheckResult) -> GateCheck:
    """One check: its outcome, also in words, and the figures of both models if there are any."""
    interval = (check.low, check.high) if check.low is not None and check.high is not None else None
    loses = check.name in _LOSSES
    return GateCheck(
        name=check.name,
        label=check.name.label,
        passed=check.allows_promotion,
        outcome=check.outcome,
        outcome_label=check.outcome.label,
        sentence=check.sentence,
        candidate=None if loses else check.figure,
        serving=check.serving,
        candidate_text=_range(interval) if loses else _figure(check.name, check.figure),
        serving_text=_figure(check.name, check.serving),
        interval=interval,
    )


def _range(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:.2f} to {interval[1]:.2f}" if interval else ""


def _figure(name: CheckName, value: float | None) -> str:
    if value is None:
        return ""
    if name is CheckName.HELD_OUT:
        return f"{value:.0f}"
    return f"{100 * value:.0f} %" if name in _SHARES else f"{value:.3f}"


def gate_result_detail(verdict: GateResult) -> GateResultDetail:
    """A result of the gate; ``against`` is the model that it was compared with."""
    return GateResultDetail(
        passed=verdict.passed,
        reason=verdict.reason,
        against=verdict.serving,
        evaluated_at=verdict.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        checks=[gate_check(check) for check in verdict.checks],
        overridden_by=verdict.override.by if verdict.override else None,
    )


def _state(one: Lineage) -> ModelState:
    if one.serves:
        return ModelState.SERVING
    if one.refused:
        return ModelState.REFUSED
    # A version without a gate result awaits a person, too.
    return ModelState.WAITS if one.waits or one.promoted_at is None else ModelState.FORMER


def _kind(record: Mapping[str, Any]) -> LearningKind | None:
    if record.get("calibrated_on"):
        return LearningKind.RECALIBRATE
    return LearningKind.TRAIN if record.get("members") else None


def _learned(record: Mapping[str, Any]) -> dict[str, int | None]:
    """What it learned from; ``None`` if its record does not say."""
    patients = record.get("patients")
    return {
        "images": _sum(record.get("images"), _TAUGHT),
        "patients": _sum(patients, _TAUGHT),
        "epochs": max((member["epochs"] for member in record.get("members", ())), default=None),
        "calibrated_on": patients.get(Split.CALIBRATION.value) if isinstance(patients, Mapping) else None,
    }


def _sum(counts: object, parts: Sequence[Split]) -> int | None:
    if not isinstance(counts, Mapping) or not any(part.value in counts for part in parts):
        return None  # as of an ensemble, each of whose members learned from patients of its own
    return sum(int(counts.get(part.value, 0)) for part in parts)


def _event(entry: HistoryEvent, packaged: str) -> ModelEvent:
    return ModelEvent(
        time=_utc(entry.at),
        event=entry.event,
        event_label=entry.label,
        version=entry.version or packaged,
        previous=entry.previous or packaged,
        by=entry.by,
        why=entry.why,
        overridden=entry.overridden,
    )


def _utc(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
