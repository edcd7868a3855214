"""What a training run tells of itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """The parts of a training run, in order."""

    PREPARE = "prepare"
    LEARN = "learn"
    CALIBRATE = "calibrate"
    JUDGE = "judge"  # by the gate, where one follows


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """One step done; errors are what the task measures, only known while learning."""

    stage: Stage
    done: int
    total: int
    training_error: float | None = None
    validation_error: float | None = None
    seconds_left: float | None = None

    def __str__(self) -> str:
        """One line for a log."""
        if self.stage is not Stage.LEARN:
            return f"{self.stage} {self.done}/{self.total} images"
        left = "" if self.seconds_left is None else f", {self.seconds_left:.0f} s left at most"
        return (
            f"epoch {self.done}/{self.total}, training error {self.training_error:.5f}, "
            f"validation error {self.validation_error:.5f}{left}"
        )


Observer = Callable[[TrainingProgress], None]


def unobserved(_: TrainingProgress) -> None:
    """The observer of a run that nobody watches."""


class StageCounter:
    """Counts images of one stage and tells the observer."""

    def __init__(self, stage: Stage, total: int, observe: Observer) -> None:
        self.stage, self.total, self.observe, self.done = stage, total, observe, 0

    def __call__(self) -> None:
        """One image more."""
        self.done += 1
        self.observe(TrainingProgress(self.stage, self.done, self.total))
