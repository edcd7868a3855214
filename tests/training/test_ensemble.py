from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from mammolens.calibration.calibration import Calibration
from mammolens.config import CalibrationConfig, EnsembleConfig, load_any_config
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.enums import Split
from mammolens.errors import ConfigError, ModelError
from mammolens.inference.predictor import Predictor
from mammolens.models.directory import (
    CALIBRATION,
    CARD,
    CONFIG,
    MEMBERS,
    TRAINING,
    WEIGHTS,
    load_any_model,
    load_model,
    model_id_of,
)
from mammolens.models.store import ModelStore
from mammolens.training import ensemble as module
from mammolens.training.ensemble import read_plan, train_ensemble, train_plan
from mammolens.training.partition import partition
from mammolens.training.recalibrate import recalibrate


def calibration_of(folder: Path) -> Calibration:
    config = load_any_config(folder / CONFIG)
    return Calibration.load(folder / CALIBRATION, config.calibration, config.scoring.fusion)


@pytest.fixture
def changed(an_ensemble_file, tmp_path):
    """Writes the ensemble's configuration with changes, members by their whole paths."""

    def write(**changes: object) -> Path:
        content = yaml.safe_load(an_ensemble_file.read_text())
        for member in content["ensemble"]["members"]:
            member["model"] = str(an_ensemble_file.parent / member["model"])
        content["ensemble"].update(changes)
        (tmp_path / "changed.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        return tmp_path / "changed.yaml"

    return write


def test_it_is_a_model_directory_with_one_for_each_member(an_ensemble_of_models):
    model = load_any_model(an_ensemble_of_models)
    assert [(member.name, member.weight) for member in model.members] == [("fine", 3.0), ("tiny", 1.0)]
    assert model.model_id == model_id_of(an_ensemble_of_models)
    assert not (an_ensemble_of_models / WEIGHTS).exists()
    assert not list(an_ensemble_of_models.parent.glob(f".{an_ensemble_of_models.name}*"))  # nothing half-made is left
    assert [member.model for member in model.config.ensemble.members] == ["members/fine", "members/tiny"]
    with pytest.raises(ModelError, match=r"is an ensemble of whole models; give one of its members: .*members/fine"):
        load_model(an_ensemble_of_models)


def test_all_calibrate_on_patients_whom_no_network_that_scores_them_learned_from(an_ensemble_of_models, phantoms):
    """One of the fine member's networks never learned from each patient, so that the tiny one's patients are left."""
    tiny = load_model(an_ensemble_of_models / MEMBERS / "tiny")
    patients = {case.patient_id for case in partition(phantoms, tiny.config).by_split[Split.CALIBRATION]}
    folders = [an_ensemble_of_models, *(an_ensemble_of_models / MEMBERS / name for name in ("fine", "tiny"))]
    assert [calibration_of(folder).image_scales.pooled.patients for folder in folders] == [len(patients)] * 3


def test_a_member_calibrated_on_the_same_patients_has_the_calibration_that_it_has_alone(
    an_ensemble_of_models, a_trained_model
):
    together, alone = (
        calibration_of(folder).images for folder in (an_ensemble_of_models / MEMBERS / "tiny", a_trained_model)
    )
    scores = (sorted(image.raw_score for image in images) for images in (together, alone))
    assert next(scores) == pytest.approx(next(scores))


def test_its_record_and_card_tell_of_each_member_and_name_no_patient(an_ensemble_of_models, phantoms):
    record = json.loads((an_ensemble_of_models / TRAINING).read_text())
    assert [member["name"] for member in record["members"]] == ["fine", "tiny"]
    assert record["dataset"]["name"] == phantoms.name
    assert "calibrated_on" not in record
    card = (an_ensemble_of_models / CARD).read_text()
    assert card.startswith(f"# {model_id_of(an_ensemble_of_models)}\n")
    assert "Research use only" in card
    assert "| fine | fine-" in card
    assert not any(patient in card + json.dumps(record) for patient in phantoms.patients)


def test_a_site_calibrates_the_members_too(an_ensemble_of_models, tmp_path):
    folder = tmp_path / "site"
    site = write_phantom_dataset(folder, normals=3, seed=9, rows=192, columns=160, spacing=(1.25, 1.25))
    made = recalibrate(an_ensemble_of_models, replace(site, name="ours"), tmp_path / "ours")
    assert made.model_id == model_id_of(an_ensemble_of_models) == Predictor.load(tmp_path / "ours").model_id
    assert made.doubt is not None
    for part in (tmp_path / "ours", tmp_path / "ours" / MEMBERS / "tiny"):
        assert calibration_of(part).image_scales.pooled.patients == 3
    assert json.loads((tmp_path / "ours" / TRAINING).read_text())["calibrated_on"]["name"] == "ours"


def test_other_settings_of_a_calibration_are_the_ensembles(an_ensemble_of_models, phantoms, tmp_path):
    recalibrate(an_ensemble_of_models, phantoms, tmp_path / "strict", settings=CalibrationConfig(alpha=0.3))
    config = load_any_config(tmp_path / "strict" / CONFIG)
    assert isinstance(config, EnsembleConfig)
    assert config.calibration.alpha == 0.3
    assert load_model(tmp_path / "strict" / MEMBERS / "tiny").config.calibration.alpha != 0.3
    again = calibration_of(tmp_path / "strict").images
    assert [image.raw_score for image in again] == pytest.approx(
        [image.raw_score for image in calibration_of(an_ensemble_of_models).images]
    )


def test_a_store_keeps_it_whole(an_ensemble_of_models, tmp_path):
    store = ModelStore(tmp_path / "models")
    store.publish(an_ensemble_of_models)
    assert Predictor.load(store.serving()).model_id == model_id_of(an_ensemble_of_models)


def test_a_run_that_was_stopped_goes_on_with_the_members_that_are_done(
    an_ensemble_file, an_ensemble_of_models, phantoms, tmp_path, monkeypatch
):
    plan, trained = read_plan(an_ensemble_file), []

    def train_until(config, *arguments, **options):
        if config.name == "tiny" and not trained.count("tiny"):
            trained.append("tiny")
            raise KeyboardInterrupt
        trained.append(config.name)
        return original(config, *arguments, **options)

    original = module.train
    monkeypatch.setattr(module, "train", train_until)
    with pytest.raises(KeyboardInterrupt):
        train_ensemble(plan, phantoms, tmp_path / "both")
    train_ensemble(plan, phantoms, tmp_path / "both", resume=True)
    assert trained == ["fine", "tiny", "tiny"]
    assert model_id_of(tmp_path / "both") == model_id_of(an_ensemble_of_models)


def test_a_trained_model_may_be_a_member(changed, an_ensemble_of_models, phantoms, tmp_path):
    members = [
        {"name": name, "model": str(an_ensemble_of_models / MEMBERS / folder)}
        for name, folder in (("one", "fine"), ("two", "tiny"))
    ]
    train_plan(read_plan(changed(members=members, fusion="max")), phantoms, tmp_path / "copied")
    result = load_any_model(tmp_path / "copied")
    assert [member.model.model_id for member in result.members] == [
        model_id_of(an_ensemble_of_models / MEMBERS / name) for name in ("fine", "tiny")
    ]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([{"name": "a", "model": "gone.yaml"}, {"name": "b", "model": "gone.yaml"}], "member a cannot be used"),
        ([{"name": "a", "model": "a.yaml"}], "at least 2 items"),
        ([{"name": "a", "model": "a"}, {"name": "a", "model": "b"}], "two members have one name: a, a"),
        ([{"name": "../a", "model": "a"}, {"name": "b", "model": "b"}], "members.0.name"),
    ],
)
def test_members_that_cannot_be_used_are_named(changed, members, words):
    with pytest.raises(ConfigError, match=words):
        read_plan(changed(members=members))


def test_scores_that_are_not_standardised_are_not_compared(changed, a_tiny_config, tmp_path):
    raw = a_tiny_config.model_copy(
        update={"calibration": a_tiny_config.calibration.model_copy(update={"standardise": "none"})}
    )
    (tmp_path / "raw.yaml").write_text(raw.to_yaml())
    members = [{"name": name, "model": "raw.yaml"} for name in ("a", "b")]
    with pytest.raises(ConfigError, match="member a does not standardise its scores"):
        read_plan(changed(members=members))


def test_an_ensemble_has_no_weights_to_start_from(an_ensemble_file, an_ensemble_of_models, phantoms, tmp_path):
    with pytest.raises(ConfigError, match="has no weights of its own"):
        train_plan(read_plan(an_ensemble_file), phantoms, tmp_path / "next", start_from=an_ensemble_of_models)
