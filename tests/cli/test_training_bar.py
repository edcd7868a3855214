from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from mammolens.cli.training_bar import bar_observer
from mammolens.training.progress import Stage, TrainingProgress

EPOCH = TrainingProgress(Stage.LEARN, 2, 5, 0.5, 0.25, 9.0)


@pytest.fixture
def a_bar():
    return Progress(console=Console(file=io.StringIO(), width=120))


def test_each_stage_has_one_bar(a_bar):
    show = bar_observer(a_bar)
    for done in (1, 2):
        show(TrainingProgress(Stage.PREPARE, done, 4))
    show(EPOCH)
    assert [(task.description, task.completed, task.total) for task in a_bar.tasks] == [
        ("prepare", 2, 4),
        ("learn", 2, 5),
    ]


def test_a_run_that_follows_begins_its_bars_anew(a_bar):
    show = bar_observer(a_bar)
    show(TrainingProgress(Stage.PREPARE, 4, 4))
    show(TrainingProgress(Stage.PREPARE, 1, 6))
    assert [(task.completed, task.total) for task in a_bar.tasks] == [(1, 6)]


@pytest.mark.parametrize("wanted", [True, False])
def test_epochs_are_told_in_words_where_that_is_wanted(a_bar, wanted):
    bar_observer(a_bar, epochs_in_words=wanted)(EPOCH)
    assert ("epoch 2/5, training error 0.50000" in a_bar.console.file.getvalue()) is wanted
