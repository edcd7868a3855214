from __future__ import annotations

import pytest

from mammolens.training.progress import Stage, TrainingProgress


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (TrainingProgress(Stage.PREPARE, 3, 9), "prepare 3/9 images"),
        (TrainingProgress(Stage.CALIBRATE, 9, 9), "calibrate 9/9 images"),
        (
            TrainingProgress(Stage.LEARN, 2, 60, 0.0123456, 0.02, 61.7),
            "epoch 2/60, training error 0.01235, validation error 0.02000, 62 s left at most",
        ),
        (TrainingProgress(Stage.LEARN, 1, 2, 0.1, 0.2), "epoch 1/2, training error 0.10000, validation error 0.20000"),
    ],
)
def test_a_step_is_told_in_one_line(progress, line):
    assert str(progress) == line
