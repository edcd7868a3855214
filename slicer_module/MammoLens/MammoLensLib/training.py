"""What the server tells of a training."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ServerError

RUNNING = ("SUBMITTED", "RUNNING")
_EPOCH = re.compile(r"epoch (\d+)/(\d+)")


@dataclass(frozen=True)
class TrainStatus:
    """A training.

    Attributes:
        status: "SUBMITTED", "RUNNING", "DONE", "ERROR" or "STOPPED".
        started, ended: in the server's local time, as it writes them.
        lines: the last of its log.
    """

    status: str
    started: str | None = None
    ended: str | None = None
    lines: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, told: Any) -> TrainStatus:
        """A training, from the server's JSON.

        Raises:
            ServerError: it is none.
        """
        if not isinstance(told, Mapping) or not isinstance(told.get("status"), str):
            raise ServerError("the server", "does not tell how the training is", "update the server or this module")
        lines = told.get("details")
        return cls(
            told["status"],
            told.get("start_ts"),
            told.get("end_ts"),
            tuple(str(line) for line in lines) if isinstance(lines, list) else (),
        )

    @property
    def is_running(self) -> bool:
        """Still under way."""
        return self.status in RUNNING

    @property
    def share_done(self) -> float | None:
        """Of its epochs, 0 to 1; ``None`` before the first."""
        for line in reversed(self.lines):
            if found := _EPOCH.search(line):
                return min(1.0, int(found[1]) / max(1, int(found[2])))
        return None
