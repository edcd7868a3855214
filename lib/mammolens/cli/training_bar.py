"""A training run as progress bars, one a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from mammolens.training.progress import Observer, TrainingProgress


def bar_observer(bar: Progress, *, epochs_in_words: bool = False) -> Observer:
    """An observer with one bar per stage; the next run resets them.

    Args:
        bar: that is being shown.
        epochs_in_words: also print a line an epoch.
    """
    tasks: dict[str, TaskID] = {}

    def show(progress: TrainingProgress) -> None:
        stage = progress.stage.value
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=progress.total)
        if epochs_in_words and not bar.disable and progress.training_error is not None:
            bar.console.print(str(progress), soft_wrap=True, highlight=False)
        bar.update(tasks[stage], completed=progress.done, total=progress.total)

    return show
