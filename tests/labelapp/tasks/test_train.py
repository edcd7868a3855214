import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mammolens.config import load_config
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.tasks.train import NormalTrain
from mammolens.models.directory import CONFIG, model_id_of
from mammolens.models.store import ModelStore, pretrained_directory


def _echo(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"learned": dict(request)}


def test_the_defaults_are_the_serving_models_own(a_serving: ServingModel) -> None:
    config = NormalTrain(a_serving, _echo).config()
    assert config["epochs"] == 1
    assert (config["from_scratch"], config["learn_from_findings"], config["ask"]) == (False, False, None)
    assert "resume" not in config
    assert json.dumps(NormalTrain(a_serving, _echo).info())


def test_clients_read_the_training_record_of_the_serving_model(a_serving: ServingModel) -> None:
    stats = NormalTrain(a_serving, _echo).stats()
    assert stats["model"] == a_serving.predictor().model_id
    assert stats["seed"] == 0


def test_where_the_version_in_use_is_gone_the_shipped_one_serves_and_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "serving").write_text("gone")
    task = NormalTrain(ServingModel(ModelStore(tmp_path)), _echo)
    assert task.stats()["model"] == model_id_of(pretrained_directory())
    assert task.info()["config"]["epochs"] == load_config(pretrained_directory() / CONFIG).training.epochs


def test_a_request_is_learned_with_its_parameters(a_serving: ServingModel) -> None:
    task = NormalTrain(a_serving, _echo)
    assert task({"epochs": 2}, None) == {"learned": {"epochs": 2}}  # type: ignore[arg-type]
