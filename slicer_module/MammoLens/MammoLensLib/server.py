"""The server as it introduces itself, and the state of what it watches over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .told import flag, text


@dataclass(frozen=True)
class ServerInfo:
    """The server as it introduces itself.

    Attributes:
        version: of MammoLens there.
        model: id of the model that serves; ``None`` while none does.
        notice: what everybody must know before trusting anything.
    """

    version: str
    model: str | None
    notice: str


@dataclass(frozen=True)
class Drift:
    """Whether recent exams still are like those that the model was calibrated on.

    Attributes:
        alarm: they are not.
        sentence: how it is, in one sentence.
    """

    alarm: bool = False
    sentence: str | None = None

    @classmethod
    def of_json(cls, told: Any) -> Drift:
        """Drift, from the server's JSON; a server that tells none has no alarm."""
        if not isinstance(told, Mapping):
            return cls()
        alarms = told.get("alarms")
        sentences = [text(one.get("sentence")) for one in alarms] if _are_alarms(alarms) else []
        said = " ".join(sentence for sentence in sentences if sentence)
        return cls(flag(told.get("alarm")) or False, text(told.get("sentence")) or said or None)


def _are_alarms(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(one, Mapping) for one in told)
