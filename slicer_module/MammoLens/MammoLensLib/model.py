"""What the server tells of its models: which one serves, which wait, and what the gate says of them; as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ServerError
from .told import all_of, flag, made, number, numbers, text

WAITS = "waits"


@dataclass(frozen=True)
class Check:
    """One thing that the gate looked at.

    Attributes:
        name: "realised_rate", "synthetic_lesions_seen" and so on.
        passed: it does not stand in the model's way.
        sentence: figure, interval and what is asked for, in words.
        candidate, serving: the figure of the new model and of the one that served then.
        interval: of the new model's figure; of what it loses against the other, where it has no figure of its own.
    """

    name: str
    passed: bool = False
    sentence: str | None = None
    candidate: float | None = None
    serving: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class GateVerdict:
    """What the gate says of a model.

    Attributes:
        against: id of the model that it was set against.
        overridden_by: who let it serve all the same.
    """

    passed: bool = False
    reason: str | None = None
    against: str | None = None
    judged_at: str | None = None
    overridden_by: str | None = None
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Model:
    """A version.

    Attributes:
        model_id: of what it learned; a version that was calibrated anew shares it with the one before.
        state: "serving", "waits", "refused", "former" or "pretrained".
        added_at: ISO, UTC.
        images, patients: learned from.
        calibrated_on: patients.
        can_serve: its files are whole, and it does not serve already.
    """

    model: str
    model_id: str | None = None
    state: str | None = None
    parent: str | None = None
    kind: str | None = None
    added_at: str | None = None
    added_by: str | None = None
    images: int | None = None
    patients: int | None = None
    epochs: int | None = None
    calibrated_on: int | None = None
    verdict: GateVerdict | None = None
    can_serve: bool = False

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Model:
        """A version, from the server's JSON."""
        counts = {name: _count(told.get(name)) for name in ("images", "patients", "epochs", "calibrated_on")}
        can_serve = flag(told.get("can_serve")) or False
        return made(cls, told, "model", **counts, verdict=_verdict(told.get("verdict")), can_serve=can_serve)


@dataclass(frozen=True)
class Event:
    """Something that happened to a model; ISO, UTC."""

    event: str
    time: str | None = None
    version: str | None = None
    previous: str | None = None
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Models:
    """All versions, the newest first, and what happened to them, the newest first."""

    models: tuple[Model, ...] = ()
    serving: str | None = None
    history: tuple[Event, ...] = ()

    @classmethod
    def of_json(cls, told: Any) -> Models:
        """All models, from the server's JSON.

        Raises:
            ServerError: it tells none.
        """
        if not isinstance(told, Mapping) or not isinstance(told.get("models"), list):
            raise ServerError("the server", "does not tell its models", "update the server or this module")
        history = all_of(told, "history", lambda one: made(Event, one, "event"))
        return cls(all_of(told, "models", Model.of_json), text(told.get("serving")), history)

    @property
    def waiting(self) -> Model | None:
        """The newest that waits for a person."""
        return next((one for one in self.models if one.state == WAITS), None)

    def named(self, model: str | None) -> Model | None:
        """The version of this id."""
        return next((one for one in self.models if one.model == model), None)

    def needs_reason(self, model: Model) -> bool:
        """Whether letting it serve goes against the gate: it did not pass against the model that serves now."""
        verdict, serving = model.verdict, self.named(self.serving)
        if verdict is None or not verdict.passed or serving is None:
            return True
        return verdict.against not in (serving.model, serving.model_id)


def _verdict(told: Any) -> GateVerdict | None:
    if not isinstance(told, Mapping):
        return None
    words = {name: text(told.get(name)) for name in ("reason", "against", "judged_at", "overridden_by")}
    return GateVerdict(flag(told.get("passed")) or False, **words, checks=all_of(told, "checks", _check))


def _check(told: Mapping[str, Any]) -> Check:
    figures = {name: number(told.get(name)) for name in ("candidate", "serving")}
    interval = numbers(told.get("interval"), 2)
    return made(Check, told, "name", **figures, passed=flag(told.get("passed")) or False, interval=interval)


def _count(told: Any) -> int | None:
    counted = number(told)
    return None if counted is None else int(counted)
