"""An exported model is the same model, with a network that other runtimes read."""

from __future__ import annotations

import json
import shutil
from functools import cache

import pytest

from mammolens import RESEARCH_USE_ONLY
from mammolens.config import ModelConfig, NetworkConfig, PreprocessingConfig
from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError, ModelError
from mammolens.models import export, installed_runtimes, runtime_choice
from mammolens.models.directory import check_model, load_model, model_id_of, seal_model
from mammolens.models.export import data_licences, export_model
from mammolens.models.exported import EXPORT_RECORD, NETWORK_FILES, ExportFormat, exported_networks
from mammolens.models.onnx_network import onnx_of
from mammolens.models.runtime_choice import LOG_ODDS_TOLERANCE, choose_runtime
from mammolens.models.store import ModelStore, pretrained_directory

from .conftest import write_model

onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
FORMATS = [
    ExportFormat.ONNX,
    pytest.param(
        ExportFormat.OPENVINO,
        marks=pytest.mark.skipif(
            not installed_runtimes.is_installed(RuntimeName.OPENVINO), reason="the package openvino is not installed"
        ),
    ),
]
RUNTIMES = {ExportFormat.ONNX: RuntimeName.ONNXRUNTIME, ExportFormat.OPENVINO: RuntimeName.OPENVINO}


@pytest.fixture(scope="module")
def a_model(tmp_path_factory):
    config = ModelConfig(
        name="two",
        preprocessing=PreprocessingConfig(size=64),
        network=NetworkConfig(name="small_unet", options={"width": 2}, members=2),
    )
    folder = tmp_path_factory.mktemp("models") / "two"
    write_model(folder, 0, config)
    return folder


@pytest.fixture(scope="module")
def exported(a_model, tmp_path_factory):
    """The model in a format, exported once; copy it before changing anything."""

    @cache
    def export(form):
        folder = tmp_path_factory.mktemp("exported") / form
        export_model(a_model, form, folder)
        return folder

    return export


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_the_same_model_and_says_what_it_is(a_model, form, tmp_path):
    found = export_model(a_model, form, tmp_path / "out")
    model_id = model_id_of(a_model)
    check_model(tmp_path / "out")
    assert load_model(tmp_path / "out").model_id == model_id
    assert list(found) == [model_id]
    assert found[model_id].log_odds < LOG_ODDS_TOLERANCE
    record = json.loads((tmp_path / "out" / EXPORT_RECORD).read_text())
    assert (record["model"], record["format"], record["notice"]) == (model_id, form, RESEARCH_USE_ONLY)
    assert record["differences_from_torch"]["log_odds"] == found[model_id].log_odds
    assert (list(record["inputs"]), list(record["outputs"])) == (["image", "mask"], ["reconstruction", "log_odds"])
    assert {path.name for path in tmp_path.glob("*")} >= {"out"}
    assert not list(tmp_path.glob(".*"))


def test_the_network_itself_says_what_it_is(a_model, exported):
    read = onnx.load(exported_networks(exported(ExportFormat.ONNX))[ExportFormat.ONNX])
    properties = {one.key: one.value for one in read.metadata_props}
    assert properties == {"model": model_id_of(a_model), "notice": RESEARCH_USE_ONLY, "licence": "not recorded"}


@pytest.mark.parametrize("form", FORMATS)
def test_a_runtime_takes_the_exported_network_and_converts_nothing(exported, form, monkeypatch):
    model = load_model(exported(form))
    monkeypatch.setattr(runtime_choice, "onnx_of", lambda *_: pytest.fail("converted again"))
    assert choose_runtime(model, RUNTIMES[form]).name is RUNTIMES[form]


@pytest.mark.parametrize("form", FORMATS)
def test_a_changed_network_is_noticed(exported, form, tmp_path):
    shutil.copytree(exported(form), tmp_path / "out")
    path = tmp_path / "out" / NETWORK_FILES[form][-1]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=f"{path.name}: is damaged or was changed"):
        load_model(tmp_path / "out")


def test_the_network_of_another_model_is_refused(a_model, exported, make_model, tmp_path):
    shutil.copytree(exported(ExportFormat.ONNX), tmp_path / "out")
    other = load_model(make_model(1, load_model(a_model).config))
    (tmp_path / "out" / NETWORK_FILES[ExportFormat.ONNX][0]).write_bytes(onnx_of(other.network))
    seal_model(tmp_path / "out")
    with pytest.raises(ModelError, match="gives different results in onnxruntime than in torch"):
        choose_runtime(load_model(tmp_path / "out"), RuntimeName.ONNXRUNTIME)


def test_nothing_is_left_of_an_export_with_other_results(a_model, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime_choice, "LOG_ODDS_TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="gives different results"):
        export_model(a_model, ExportFormat.ONNX, tmp_path / "new" / "out")
    assert not list((tmp_path / "new").iterdir())


def test_a_folder_with_something_in_it_stays_as_it_is(a_model, tmp_path):
    with pytest.raises(ModelError, match="already exists; choose another output"):
        export_model(a_model, ExportFormat.ONNX, a_model)
    check_model(a_model)


def test_without_a_runtime_there_is_no_export(a_model, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "is_installed", lambda _: False)
    with pytest.raises(ConfigError, match="--format onnx: the package onnxruntime is not installed"):
        export_model(a_model, ExportFormat.ONNX, tmp_path / "out")


def test_a_server_can_publish_it(exported, tmp_path):
    store = ModelStore(tmp_path / "store")
    store.publish(exported(ExportFormat.ONNX))
    assert set(exported_networks(store.serving())) == {ExportFormat.ONNX}


def test_the_licences_of_the_shipped_model_bind_its_export():
    record = load_model(pretrained_directory()).training
    assert "RSNA 2022 challenge terms: non-commercial research" in data_licences(record)[0]
    assert data_licences({}) == []


def test_every_member_of_an_ensemble_is_exported(an_ensemble_of_models, tmp_path):
    found = export_model(an_ensemble_of_models, ExportFormat.ONNX, tmp_path / "out")
    assert len(found) == 2
    assert model_id_of(tmp_path / "out") == model_id_of(an_ensemble_of_models)
    check_model(tmp_path / "out")
    assert all((folder / EXPORT_RECORD).is_file() for folder in (tmp_path / "out" / "members").iterdir())
    assert not (tmp_path / "out" / EXPORT_RECORD).exists()
