from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mammolens.config import CalibrationConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Split
from mammolens.errors import ConfigError, DatasetError, ModelError
from mammolens.inference.predictor import Predictor
from mammolens.models.directory import (
    CALIBRATION,
    CARD,
    METRICS,
    TRAINING,
    WEIGHTS,
    load_model,
    model_id_of,
    seal_model,
)
from mammolens.training.checkpoint import LearningState
from mammolens.training.partition import partition
from mammolens.training.progress import Stage
from mammolens.training.recalibrate import recalibrate
from mammolens.training.record import training_record
from mammolens.training.unseen import unseen_normals


@pytest.fixture(scope="module")
def a_site(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Four women that the model never saw."""
    folder = tmp_path_factory.mktemp("site")
    made = write_phantom_dataset(folder, normals=4, seed=9, rows=192, columns=160, spacing=(1.25, 1.25))
    return replace(made, name="our normals", licence="ours", citation="A hospital, 2026.")


@pytest.fixture
def a_copy(a_trained_model: Path, tmp_path: Path) -> Path:
    """The trained model, with measured figures, to be replaced."""
    folder = tmp_path / "models" / "copy"
    folder.mkdir(parents=True)
    for file in a_trained_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / METRICS).write_text("{}")
    return folder


def test_a_copy_has_the_same_network_and_the_normals_of_the_site(a_trained_model, a_site, tmp_path):
    seen = []
    made = recalibrate(a_trained_model, a_site, tmp_path / "new" / "ours", progress=seen.append)
    before, after = Predictor.load(a_trained_model), Predictor.load(tmp_path / "new" / "ours")
    assert (tmp_path / "new" / "ours" / WEIGHTS).read_bytes() == (a_trained_model / WEIGHTS).read_bytes()
    assert after.model_id == before.model_id == made.model_id
    assert after.calibration_id == made.calibration.calibration_id != before.calibration_id
    assert after.calibration.image_scales.pooled.patients == 4
    assert [(step.stage, step.done, step.total) for step in seen] == [(Stage.CALIBRATE, n, 16) for n in range(1, 17)]
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["ours"]


def test_record_and_card_tell_of_both_data_sets_and_name_no_patient(a_trained_model, a_site, tmp_path):
    recalibrate(a_trained_model, a_site, tmp_path / "ours")
    record = load_model(tmp_path / "ours").training
    assert record["dataset"]["name"] == "phantom"
    assert record["calibrated_on"]["name"] == "our normals"
    assert (record["images"]["calibration"], record["patients"]["calibration"]) == (16, 4)
    card = (tmp_path / "ours" / CARD).read_text()
    assert "| calibration | 4 | 16 |" in card
    assert "- Recalibrated on: our normals. A hospital, 2026." in card
    assert not any(patient in (tmp_path / "ours" / TRAINING).read_text() for patient in a_site.patients)


def test_in_place_it_is_the_same_as_a_copy_but_for_figures_that_hold_no_longer(a_copy, a_site, tmp_path):
    recalibrate(a_copy, a_site, tmp_path / "other")
    recalibrate(a_copy, a_site, a_copy)
    assert (a_copy / CALIBRATION).read_text() == (tmp_path / "other" / CALIBRATION).read_text()
    assert not (a_copy / METRICS).exists()
    assert [path.name for path in a_copy.parent.iterdir()] == [a_copy.name]


def test_a_calibration_that_fails_leaves_everything_as_it_was(a_copy, a_site, tmp_path):
    before = {file.name: file.read_bytes() for file in a_copy.iterdir()}
    broken = replace(a_site, cases=tuple(replace(case, path=tmp_path / case.path.name) for case in a_site.cases))
    with pytest.raises(DatasetError, match="none of its images can be used"):
        recalibrate(a_copy, broken, a_copy)
    assert {file.name: file.read_bytes() for file in a_copy.iterdir()} == before
    assert [path.name for path in a_copy.parent.iterdir()] == [a_copy.name]


def test_a_model_without_a_usable_calibration_can_be_calibrated(a_copy, a_site):
    (a_copy / CALIBRATION).write_text("{")
    recalibrate(a_copy, a_site, a_copy)
    assert Predictor.load(a_copy).calibration.image_scales.pooled.patients == 4


def test_other_settings_may_be_given_but_not_another_partition(a_trained_model, a_site, tmp_path):
    settings = CalibrationConfig(alpha=0.3, standardise="none", fraction=0.3)
    recalibrate(a_trained_model, a_site, tmp_path / "ours", settings=settings)
    config = load_model(tmp_path / "ours").config
    assert model_id_of(tmp_path / "ours") != model_id_of(a_trained_model)
    assert (config.calibration.alpha, config.calibration.standardise) == (0.3, "none")
    assert config.calibration.fraction == load_model(a_trained_model).config.calibration.fraction
    calibration = Predictor.load(tmp_path / "ours").calibration
    assert all(image.pred_score == image.raw_score for image in calibration.images)


def test_of_the_data_that_it_learned_from_only_held_back_patients_are_used(a_trained_model, phantoms):
    model = load_model(a_trained_model)
    cases, doubt = unseen_normals(phantoms, model.config, model.training)
    assert cases == [partition(phantoms, model.config).by_split[Split.CALIBRATION]]
    assert doubt is None


def test_of_those_data_with_changes_too_but_it_is_said_that_this_is_no_proof(a_trained_model, phantoms):
    model = load_model(a_trained_model)
    fewer = replace(phantoms, cases=phantoms.cases[4:], citation="Someone, 2020.")
    record = {**model.training, "dataset": {**model.training["dataset"], "citation": "Someone, 2020."}}
    cases, doubt = unseen_normals(fewer, model.config, record)
    assert cases == [partition(fewer, model.config).by_split[Split.CALIBRATION]]
    assert doubt is not None
    assert doubt.startswith("the data have changed since the training, and the training record contains no patient IDs")


def test_of_other_data_all_normals_are_used_that_are_not_meant_for_training_or_testing(a_trained_model, a_site):
    model = load_model(a_trained_model)
    (cases,), doubt = unseen_normals(a_site, model.config, model.training)
    assert cases == a_site.cases
    assert (
        doubt
        == "the training record contains no patient IDs; make sure that the model was not trained on these patients"
    )
    splits = dict(zip(a_site.patients, (Split.TRAIN, Split.VALIDATION, Split.TEST, None), strict=True))
    split = replace(a_site, cases=tuple(replace(case, split=splits[case.patient_id]) for case in a_site.cases))
    (cases,), _ = unseen_normals(split, model.config, model.training)
    assert {case.patient_id for case in cases} == {a_site.patients[3]}
    own = replace(a_site, cases=(*split.cases[:12], *(replace(c, split=Split.CALIBRATION) for c in split.cases[12:14])))
    (cases,), _ = unseen_normals(own, model.config, model.training)
    assert cases == own.cases[12:]
    beside = replace(own, cases=(*own.cases, *split.cases[14:]))  # patients of a set without splits
    (cases,), _ = unseen_normals(beside, model.config, model.training)
    assert cases == beside.cases[12:]
    with pytest.raises(DatasetError, match="our normals: has no clean normal image that is not set aside"):
        unseen_normals(replace(split, cases=split.cases[:12]), model.config, model.training)


def test_an_output_that_exists_and_a_model_without_a_record_are_refused(a_trained_model, a_copy, a_site, tmp_path):
    with pytest.raises(ModelError, match="already exists"):
        recalibrate(a_trained_model, a_site, a_copy)
    record = json.loads((a_copy / TRAINING).read_text())
    del record["dataset"]
    (a_copy / TRAINING).write_text(json.dumps(record))
    seal_model(a_copy)
    with pytest.raises(ModelError, match="training.json has no dataset"):
        recalibrate(a_copy, a_site, tmp_path / "ours")


def test_a_name_without_a_citation_is_anybodys(a_trained_model, phantoms):
    model = load_model(a_trained_model)
    fewer = replace(phantoms, cases=phantoms.cases[4:])
    (cases,), doubt = unseen_normals(fewer, model.config, model.training)
    assert len(cases) > len(partition(fewer, model.config).by_split[Split.CALIBRATION])
    assert (
        doubt
        == "the training record contains no patient IDs; make sure that the model was not trained on these patients"
    )


def test_an_image_that_training_left_out_does_not_change_the_data(a_tiny_config, phantoms, tmp_path):
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(phantoms.cases[0].path.read_bytes()[:2000])
    listed = replace(phantoms, cases=(replace(phantoms.cases[0], path=broken), *phantoms.cases[1:]))
    parts = partition(listed, a_tiny_config)
    used = {split: _without(cases, broken) for split, cases in parts.by_split.items()}
    record = training_record(a_tiny_config, listed, parts, used, [LearningState(epoch=1)])
    assert unseen_normals(listed, a_tiny_config, record) == ([parts.by_split[Split.CALIBRATION]], None)


def test_settings_that_do_not_fit_the_model_are_refused(a_trained_model, a_site, tmp_path):
    settings = CalibrationConfig(levels={"some": 0.5, "much": 0.1})
    with pytest.raises(ConfigError, match=r"findings\.level 'moderate' is not one of calibration\.levels: some, much"):
        recalibrate(a_trained_model, a_site, tmp_path / "ours", settings=settings)
    assert not (tmp_path / "ours").exists()


def _without(cases: tuple[Case, ...], path: Path) -> tuple[Case, ...]:
    return tuple(case for case in cases if case.path != path)


def test_of_an_ensemble_each_member_calibrates_on_whom_it_did_not_learn_from(an_ensemble, mlo_phantoms, tmp_path):
    model = load_model(an_ensemble)
    parts, doubt = unseen_normals(mlo_phantoms, model.config, model.training)
    assert (len(parts), doubt) == (3, None)
    recalibrate(an_ensemble, mlo_phantoms, tmp_path / "again")
    assert (tmp_path / "again" / CALIBRATION).read_bytes() == (an_ensemble / CALIBRATION).read_bytes()


def test_patients_whom_no_member_knows_are_scored_by_all_of_them(an_ensemble, a_site, tmp_path):
    recalibrate(an_ensemble, a_site, tmp_path / "ours")
    predictor = Predictor.load(tmp_path / "ours")
    case = a_site.cases[0]
    result = predictor.predict(read_mammogram(case.path, case.attributes))
    assert predictor.calibration.images[0].raw_score == result.record.raw_score


def test_whoever_says_that_patients_are_unseen_has_each_scored_by_the_member_that_never_learns_from_her(
    an_ensemble, mlo_phantoms, tmp_path
):
    """As a server does whose ensemble learned from them."""
    recalibrate(an_ensemble, mlo_phantoms, tmp_path / "again", unseen=True)
    assert (tmp_path / "again" / CALIBRATION).read_bytes() == (an_ensemble / CALIBRATION).read_bytes()
