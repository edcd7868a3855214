from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.labelapp.learning.candidate import CandidateFolder
from mammolens.models.directory import record_of
from mammolens.training.progress import Stage, TrainingProgress, ignore_progress


class Engine:
    """Hands out a copy of a model that was trained."""

    def __init__(self, model: Path) -> None:
        self._model, self.runs = model, 0

    def __call__(self, config: ModelConfig, dataset: Dataset, output: Path, **_: Any) -> Path:
        self.runs += 1
        return Path(shutil.copytree(self._model, output))


@pytest.fixture
def an_engine(a_trained_model: Path) -> Engine:
    return Engine(a_trained_model)


@pytest.fixture
def a_folder(an_engine: Engine, tmp_path: Path) -> CandidateFolder:
    return CandidateFolder(tmp_path / "models" / "training", an_engine)


def _train(folder: CandidateFolder, config: ModelConfig, dataset: Dataset, *, resume: bool) -> Path:
    return folder.trained(config, dataset, start_from=None, resume=resume, observe=ignore_progress)


def test_what_was_trained_before_the_process_was_killed_is_not_trained_again(
    a_folder: CandidateFolder, an_engine: Engine, a_tiny_config: ModelConfig, phantoms: Dataset
) -> None:
    _train(a_folder, a_tiny_config, phantoms, resume=True)
    made = _train(a_folder, a_tiny_config, phantoms, resume=True)
    assert an_engine.runs == 1
    assert record_of(made)["dataset"]["name"] == "phantom"


def test_without_resume_or_of_other_data_it_is_trained_anew(
    a_folder: CandidateFolder, an_engine: Engine, a_tiny_config: ModelConfig, phantoms: Dataset
) -> None:
    _train(a_folder, a_tiny_config, phantoms, resume=True)
    _train(a_folder, a_tiny_config, phantoms, resume=False)
    _train(a_folder, a_tiny_config, replace(phantoms, cases=phantoms.cases[8:]), resume=True)
    other = a_tiny_config.model_copy(update={"description": "another"})
    _train(a_folder, other, phantoms, resume=True)
    assert an_engine.runs == 4


def test_a_stopped_training_goes_on_from_its_last_epoch(
    a_tiny_config: ModelConfig, phantoms: Dataset, tmp_path: Path
) -> None:
    folder = CandidateFolder(tmp_path / "models" / "training")
    few = Dataset(phantoms.name, phantoms.cases[:24], phantoms.licence)
    epochs: list[int] = []

    def stop_after_the_first(progress: TrainingProgress) -> None:
        if progress.stage is Stage.LEARN:
            epochs.append(progress.done)
            if len(epochs) == 1:
                raise KeyboardInterrupt

    options = {"start_from": None, "observe": stop_after_the_first}
    with pytest.raises(KeyboardInterrupt):
        folder.trained(a_tiny_config, few, resume=False, **options)  # type: ignore[arg-type]
    folder.trained(a_tiny_config, few, resume=True, **options)  # type: ignore[arg-type]
    assert epochs[:3] == [1, 2, 3]


def test_a_model_calibrated_anew_replaces_what_was_left(
    a_folder: CandidateFolder, a_trained_model: Path, phantoms: Dataset
) -> None:
    a_folder.folder.mkdir(parents=True)
    (a_folder.folder / "left").write_text("over")
    made = a_folder.recalibrated(a_trained_model, phantoms, unseen=True, observe=ignore_progress)
    assert not (made / "left").exists()
    assert record_of(made)["calibrated_on"]["doubt"] is None
    a_folder.clear()
    assert record_of(made) == {}
