"""How the server learns: threads of a job, and when it begins one by itself."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from mammolens.errors import ConfigError

THREADS, RETRAIN_AT, RETRAIN_AFTER = "learning_threads", "retrain_at", "retrain_after"  # as `--conf` has them
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """What an admin says of learning.

    Attributes:
        threads: of the process that learns; the rest of the cores is left to infer.
        retrain_at: time of day, as this computer's clock shows it; ``None``: no time of day.
        retrain_after: so many newly accepted exams begin a training; ``None``: their number does not.
    """

    threads: int
    retrain_at: time | None = None
    retrain_after: int | None = None

    @classmethod
    def of(cls, conf: Mapping[str, str]) -> LearningSettings:
        """Read ``--conf learning_threads``, ``retrain_at`` and ``retrain_after``.

        Raises:
            ConfigError: a value that cannot be used.
        """
        threads = _whole_number(conf, THREADS)
        return cls(threads or max(1, cores() // 2), _time_of_day(conf), _whole_number(conf, RETRAIN_AFTER))

    @property
    def is_scheduled(self) -> bool:
        """Whether the server begins trainings by itself."""
        return self.retrain_at is not None or self.retrain_after is not None


def cores() -> int:
    """How many this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1


def _whole_number(conf: Mapping[str, str], name: str) -> int | None:
    if not (text := str(conf.get(name) or "").strip()):
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"--conf {name}", f"{text!r} is no number from 1 on", "give one, or leave it out")
    return int(text)


def _time_of_day(conf: Mapping[str, str]) -> time | None:
    if not (text := str(conf.get(RETRAIN_AT) or "").strip()):
        return None
    if not (found := _TIME.fullmatch(text)):
        raise ConfigError(f"--conf {RETRAIN_AT}", f"{text!r} is no time of day", "give one like 02:00")
    return time(int(found[1]), int(found[2]))
