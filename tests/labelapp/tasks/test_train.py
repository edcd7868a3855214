import json
import logging
from pathlib import Path
from typing import Any

import pytest

from mammolens.config import ModelConfig, load_config
from mammolens.datasets.base import Dataset
from mammolens.errors import DatasetError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.tasks.normals import accepted_normals
from mammolens.labelapp.tasks.serving import Serving
from mammolens.labelapp.tasks.train import NormalTrain
from mammolens.models.directory import CONFIG
from mammolens.models.store import ModelStore, pretrained_directory
from mammolens.training.progress import Stage, TrainingProgress

from ..conftest import MakeModel


class EngineStandIn:
    """Learns nothing; hands out a model with other random weights and remembers what it was told."""

    def __init__(self, make_model: MakeModel) -> None:
        self._make_model = make_model
        self.told: dict[str, Any] = {}

    def __call__(self, config: ModelConfig, dataset: Dataset, output: Path, **options: Any) -> Path:
        self.told = {"config": config, "dataset": dataset, **options}
        options["progress"](TrainingProgress(Stage.LEARN, 1, 2, 0.5, 0.25, 12.0))
        self._make_model(seed=7).rename(output)
        return output


@pytest.fixture
def an_engine(make_model: MakeModel) -> EngineStandIn:
    return EngineStandIn(make_model)


@pytest.fixture
def a_train_task(a_serving: Serving, an_engine: EngineStandIn, tmp_path: Path) -> NormalTrain:
    return NormalTrain(a_serving, tmp_path / "models" / "training", an_engine)


@pytest.fixture
def some_accepted_normals(a_folder_datastore: MammogramFolder) -> MammogramFolder:
    """Three images are normal, in two spellings, one shows a finding."""
    marks = ({"verdict": "normal"}, {"status": "normal"}, {"verdict": "normal"}, {"verdict": "finding"})
    for image_id, mark in zip(a_folder_datastore.list_images(), marks, strict=False):
        a_folder_datastore.update_image_info(image_id, {"review": mark})
    return a_folder_datastore


def test_only_accepted_normals_are_learned_from(some_accepted_normals: MammogramFolder) -> None:
    dataset = accepted_normals(some_accepted_normals)
    assert len(dataset.cases) == 3
    assert all(case.clean_normal and case.patient_id.startswith("PHANTOM") for case in dataset.cases)


def test_an_accepted_image_that_cannot_be_read_is_left_out(
    some_accepted_normals: MammogramFolder, a_studies_folder: Path
) -> None:
    (a_studies_folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    some_accepted_normals.update_image_info("broken.dcm", {"review": {"verdict": "normal"}})
    assert len(accepted_normals(some_accepted_normals).cases) == 3


def test_without_accepted_normals_the_error_says_what_to_do(
    a_train_task: NormalTrain, a_folder_datastore: MammogramFolder
) -> None:
    with pytest.raises(DatasetError, match="no image has the verdict 'normal'; review images"):
        a_train_task({}, a_folder_datastore)


def test_the_new_model_serves_afterwards_and_nothing_is_left_over(
    a_train_task: NormalTrain, some_accepted_normals: MammogramFolder, a_serving: Serving, tmp_path: Path
) -> None:
    before = a_serving.predictor().model_id
    result = a_train_task({}, some_accepted_normals)
    assert result["images"] == 3
    assert a_serving.predictor().model_id == result["model"] != before
    assert not (tmp_path / "models" / "training").exists()
    assert a_train_task.stats()["model"] == result["model"]
    assert a_train_task.stats()["seed"] == 7


def test_parameters_change_the_serving_models_configuration(
    a_train_task: NormalTrain, some_accepted_normals: MammogramFolder, an_engine: EngineStandIn, a_serving: Serving
) -> None:
    base = a_serving.predictor().config
    start = a_serving.store.serving()
    a_train_task({"epochs": 3, "learning_rate": 0.01, "model": "mammolens", "name": "ignored"}, some_accepted_normals)
    assert an_engine.told["config"].training == base.training.model_copy(update={"epochs": 3, "learning_rate": 0.01})
    assert an_engine.told["start_from"] == start
    a_train_task({"from_scratch": True, "resume": True}, some_accepted_normals)
    assert an_engine.told["start_from"] is None
    assert an_engine.told["resume"] is True


def test_where_no_model_serves_yet_the_first_one_is_learned_from_scratch(
    an_engine: EngineStandIn, some_accepted_normals: MammogramFolder, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "serving").write_text("gone")
    task = NormalTrain(Serving(ModelStore(tmp_path / "new")), tmp_path / "new" / "training", an_engine)
    assert "is gone" in task.stats()["error"]
    shipped = load_config(pretrained_directory() / CONFIG)
    assert task.info()["config"]["epochs"] == shipped.training.epochs
    result = task({}, some_accepted_normals)
    assert an_engine.told["config"] == shipped
    assert an_engine.told["start_from"] is None
    assert task.stats()["model"] == result["model"]


def test_each_epoch_is_one_line_of_the_log(
    a_train_task: NormalTrain, some_accepted_normals: MammogramFolder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        a_train_task({}, some_accepted_normals)
    assert any(
        message.startswith("epoch 1/2, training error 0.5") and "12 s left" in message for message in caplog.messages
    )
    assert caplog.messages[-1].startswith("done: model autoencoder-")


def test_the_defaults_are_the_serving_models_own(a_train_task: NormalTrain) -> None:
    config = a_train_task.config()
    assert config["epochs"] == 1
    assert config["from_scratch"] is False
    assert json.dumps(a_train_task.info())
