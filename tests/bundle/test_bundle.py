"""MONAI loads and runs an exported bundle, with the scores of MammoLens."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path

import monai
import numpy as np
import pytest
import SimpleITK as sitk
import torch

from mammolens import RESEARCH_USE_ONLY, read_mammogram
from mammolens.bundle import files, write
from mammolens.bundle.configuration import metadata
from mammolens.bundle.inferer import BreastInferer
from mammolens.bundle.network import StackedNetwork, unstacked
from mammolens.bundle.write import write_bundle
from mammolens.errors import ModelError
from mammolens.inference.outputs import RESULTS
from mammolens.inference.predictor import Predictor
from mammolens.models.directory import load_model

SCHEMA = Path(__file__).parents[1] / "data" / "monai-bundle-metadata.schema.json"
TOLERANCE = 1e-4  # of scores: the bundle runs the network without folded batch normalisations


def monai_bundle(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """The command ``python -m monai.bundle``, within this process."""
    pytest.importorskip("fire", reason="the package fire is not installed")
    monkeypatch.setattr(sys, "argv", ["monai.bundle", *map(str, arguments)])
    runpy.run_module("monai.bundle", run_name="__main__")


@pytest.fixture(scope="module", params=["one network", "two members"])
def a_model(request, a_trained_model, an_ensemble_of_models) -> Path:
    return a_trained_model if request.param == "one network" else an_ensemble_of_models / "members" / "fine"


@pytest.fixture(scope="module")
def a_bundle(a_model, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "detector"
    write_bundle(a_model, folder)
    return folder


@pytest.fixture(scope="module")
def a_folder(phantoms, tmp_path_factory) -> Path:
    """Two images of two patients each, in folders of the patients; files of different patients have one name."""
    folder = tmp_path_factory.mktemp("images")
    for patient in phantoms.patients[:2]:
        (folder / patient).mkdir()
        paths = sorted(case.path for case in phantoms.cases if case.patient_id == patient)
        for path in paths[:2]:
            shutil.copy(path, folder / patient)
    return folder


def test_it_has_the_files_of_the_specification_and_says_what_it_is(a_bundle, a_model):
    for name in ("configs/metadata.json", "configs/inference.json", "models/model.pt", "docs/README.md"):
        assert (a_bundle / name).is_file()
    model_id, described = load_model(a_model).model_id, json.loads((a_bundle / files.METADATA).read_text())
    assert described["mammolens"]["model"] == model_id
    assert described["mammolens"]["calibration"] == Predictor.load(a_model).calibration_id
    assert RESEARCH_USE_ONLY in described["intended_use"]
    assert all(RESEARCH_USE_ONLY in (a_bundle / name).read_text() for name in (files.README, files.LICENCE))
    assert model_id in (a_bundle / files.README).read_text()


def test_its_metadata_are_verified_by_monai(a_bundle, tmp_path, monkeypatch):
    schema = shutil.copy(SCHEMA, tmp_path / "schema.json")  # a schema that is there is not downloaded
    monai_bundle(monkeypatch, "verify_metadata", "--meta_file", a_bundle / files.METADATA, "--filepath", schema)


def test_incomplete_metadata_would_be_noticed(a_bundle, tmp_path, monkeypatch):
    described = json.loads((a_bundle / files.METADATA).read_text())
    del described["network_data_format"]["outputs"]["pred"]["num_channels"]
    (tmp_path / "metadata.json").write_text(json.dumps(described))
    schema = shutil.copy(SCHEMA, tmp_path / "schema.json")
    with pytest.raises(ValueError, match="num_channels"):
        monai_bundle(monkeypatch, "verify_metadata", "--meta_file", tmp_path / "metadata.json", "--filepath", schema)


def test_monai_runs_it_with_the_scores_and_maps_of_the_predictor(a_bundle, a_model, a_folder, tmp_path, monkeypatch):
    monai_bundle(
        monkeypatch, "run", "--config_file", a_bundle / files.INFERENCE, "--meta_file", a_bundle / files.METADATA,
        "--bundle_root", a_bundle, "--dataset_dir", a_folder, "--output_dir", tmp_path / "out",
    )  # fmt: skip
    predictor = Predictor.load(a_model)
    records = [json.loads(line) for line in (tmp_path / "out" / RESULTS).read_text().splitlines()]
    assert len(records) == 4
    for record in records:
        result = predictor.predict(read_mammogram(record["path"]))
        for name in ("raw_score", "pred_score"):
            assert record[name] == pytest.approx(getattr(result.record, name), abs=TOLERANCE)
        assert record["p_value"] == pytest.approx(result.record.p_value, abs=0.02)
        assert (record["model"], record["calibration"]) == (result.record.model, result.record.calibration)
        assert record["notice"] == RESEARCH_USE_ONLY
        written = sitk.ReadImage(tmp_path / "out" / f"{Path(record['path']).relative_to(a_folder)}.anomaly.nrrd")
        values = sitk.GetArrayFromImage(written)[0]
        np.testing.assert_allclose(values, result.anomaly_map, atol=TOLERANCE * max(1, result.anomaly_map.max()))


def test_monai_loads_its_network_with_the_weights(a_bundle, a_model):
    loaded = monai.bundle.load(a_bundle.name, bundle_dir=a_bundle.parent, workflow_type="inference", device="cpu")
    model = load_model(a_model)
    image = torch.rand(1, 1, 64, 64)
    with torch.inference_mode():
        found = unstacked(loaded.eval()(image, torch.ones_like(image)), model.config.network.members)
        wanted = model.network(image, torch.ones_like(image))
    for one, other in zip(found, wanted, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other)


def test_a_changed_calibration_is_noticed(a_bundle, a_folder, tmp_path):
    copied = tmp_path / "copied"
    shutil.copytree(a_bundle, copied)
    path = copied / files.MODEL_FOLDER / "calibration.json"
    path.write_text(path.read_text() + " ")
    workflow = monai.bundle.ConfigWorkflow(
        config_file=str(copied / files.INFERENCE),
        meta_file=str(copied / files.METADATA),
        workflow_type="inference",
        bundle_root=str(copied),
        dataset_dir=str(a_folder),
    )
    workflow.initialize()
    with pytest.raises(RuntimeError) as caught:
        workflow.run()
    errors = [caught.value]
    while errors[-1].__cause__ is not None:
        errors.append(errors[-1].__cause__)
    assert "calibration.json: is damaged or was changed" in "".join(map(str, errors))


def test_the_specified_schema_is_met_without_a_licence_too(a_model):
    described = metadata(load_model(a_model), "cal-0", [])
    assert described["mammolens"]["licences_of_the_training_data"] == []


def test_an_ensemble_of_whole_models_is_refused(an_ensemble_of_models, tmp_path):
    with pytest.raises(ModelError, match="is an ensemble of whole models; give one of its members"):
        write_bundle(an_ensemble_of_models, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_bundle_with_other_results(a_trained_model, tmp_path, monkeypatch):
    save = torch.save
    monkeypatch.setattr(write.torch, "save", lambda state, path: save({k: v + 1 for k, v in state.items()}, path))
    with pytest.raises(ModelError, match="gives different results from the model"):
        write_bundle(a_trained_model, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_the_inferer_gives_the_network_the_breast_of_each_image_alone():
    sizes = []

    def network(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        sizes.append(tuple(image.shape))
        return torch.cat([image, mask], dim=1)

    images, masks = torch.rand(2, 1, 128, 128), torch.zeros(2, 1, 128, 128)
    masks[0, :, :100, :20] = masks[1, :, :10, :10] = 1
    found = BreastInferer()(images, network, masks)
    assert sizes == [(1, 1, 128, 64), (1, 1, 32, 32)]
    assert found.shape == (2, 2, 128, 128)
    assert torch.equal(found[1, 0, :32, :32], images[1, 0, :32, :32])
    assert not found[1, :, 32:].any()


@pytest.mark.parametrize(("name", "channels"), [("autoencoder", 2), ("small_unet", 4)])
def test_outputs_are_stacked_and_unstacked(name, channels):
    network = StackedNetwork(name, {"width": 2}, members=2).eval()
    image = torch.rand(1, 1, 32, 32)
    with torch.inference_mode():
        stacked, wanted = network(image, torch.ones_like(image)), network.network(image, torch.ones_like(image))
    assert stacked.shape[1] == channels
    for one, other in zip(unstacked(stacked, 2), wanted, strict=True):
        assert one is other is None or torch.equal(one, other)
