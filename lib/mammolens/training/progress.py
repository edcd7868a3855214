"""Progress of a training run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum


class Stage(StrEnum):
    """The parts of a training run, in order."""

    PREPARE = "prepare"
    LEARN = "learn"
    CALIBRATE = "calibrate"
    GATE = "gate"  # the comparison with the model in use, if one follows


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


def ignore_progress(_: TrainingProgress) -> None:
    """An observer that ignores progress."""


class MemberProgress:
    """Reports the epochs of one member of an ensemble as part of all members' epochs."""

    def __init__(self, member: int, members: int, observe: Observer) -> None:
        self.member, self.members, self.observe = member, members, observe

    def __call__(self, progress: TrainingProgress) -> None:
        """One epoch more; a training that stops early leaves the others' epochs as they are."""
        epochs, left = progress.total, progress.seconds_left
        done, total = self.member * epochs + progress.done, self.members * epochs
        if left is not None and progress.done < epochs:
            left *= (total - done) / (epochs - progress.done)
        self.observe(replace(progress, done=done, total=total, seconds_left=left))


class StageCounter:
    """Counts images of one stage and calls the observer."""

    def __init__(self, stage: Stage, total: int, observe: Observer) -> None:
        self.stage, self.total, self.observe, self.done = stage, total, observe, 0

    def __call__(self) -> None:
        """One image more."""
        self.done += 1
        self.observe(TrainingProgress(self.stage, self.done, self.total))
