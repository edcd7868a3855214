from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mammolens.config import LesionConfig
from mammolens.datasets.base import Dataset
from mammolens.enums import Split
from mammolens.errors import DatasetError, RequestError
from mammolens.labelapp.exams.suspect_normals import SuspectNormals
from mammolens.labelapp.learning.learner import log_progress
from mammolens.labelapp.learning.marked_findings import split_findings
from mammolens.labelapp.learning.training_data import TrainingData
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import Promotion
from mammolens.models.directory import CALIBRATION, seal_model
from mammolens.models.lineage import lineage
from mammolens.promotion.promote import accept
from mammolens.training.progress import Stage, TrainingProgress

from .conftest import WOMEN, MakeLearner, SameWeights, Shuffled


def test_a_model_that_the_gate_passes_serves_and_nothing_is_left_over(
    make_learner: MakeLearner, a_site_serving: ServingModel, tmp_path: Path
) -> None:
    told: list[TrainingProgress] = []
    outcome = make_learner().learn("train", {}, told.append, by="anna")
    assert outcome["serves"], outcome["reason"]
    assert not outcome["waits"]
    assert outcome["patients"] + outcome["held_out"] == WOMEN
    assert outcome["images"] == 2 * outcome["patients"]
    assert a_site_serving.store.serving_version() == outcome["model"]
    assert lineage(a_site_serving.store, outcome["model"]).promoted_by == "anna"
    assert {check["name"] for check in outcome["checks"]} >= {"held_out_normals", "realised_rate"}
    assert [one.stage for one in told][-1] is Stage.GATE
    assert (told[-1].done, told[-1].total) == (2 * outcome["held_out"],) * 2
    assert not (tmp_path / "models" / "training").exists()
    assert json.dumps(outcome)


def test_where_a_person_is_to_be_asked_the_model_waits_for_her(
    make_learner: MakeLearner, a_site_serving: ServingModel
) -> None:
    before = a_site_serving.store.serving_version()
    outcome = make_learner(promotion=Promotion.ASK).learn("train", {})
    assert (outcome["serves"], outcome["waits"]) == (False, True), outcome["reason"]
    assert "awaits approval by a person" in outcome["reason"]
    assert a_site_serving.store.serving_version() == before
    accept(a_site_serving.store, outcome["model"], by="anna")
    assert a_site_serving.store.serving_version() == outcome["model"]
    assert make_learner(promotion=Promotion.ASK).learn("train", {"ask": False})["serves"]


def test_shuffled_weights_are_refused_however_honest_their_calibration(
    make_learner: MakeLearner, a_site_serving: ServingModel
) -> None:
    before = a_site_serving.store.serving_version()
    outcome = make_learner(Shuffled(a_site_serving)).learn("train", {})
    assert (outcome["serves"], outcome["waits"]) == (False, False)
    assert "is not shown to detect synthetic lesions better than chance" in outcome["reason"]
    assert outcome["reason"].endswith("a person may use it anyway, with a reason")
    assert a_site_serving.store.serving_version() == before


@pytest.mark.parametrize(("shift", "words"), [(-5.0, "higher"), (5.0, "lower")])
def test_a_miscalibrated_model_is_refused_with_the_reason(
    make_learner: MakeLearner, a_site_serving: ServingModel, shift: float, words: str
) -> None:
    class Miscalibrated(SameWeights):
        def __call__(self, *arguments: Any, **options: Any) -> Path:
            made = super().__call__(*arguments, **options)
            content = json.loads((made / CALIBRATION).read_text())
            for image in content["images"]:
                image["raw_score"] += shift
            (made / CALIBRATION).write_text(json.dumps(content))
            seal_model(made)
            return made

    outcome = make_learner(Miscalibrated(a_site_serving)).learn("train", {})
    assert not outcome["serves"]
    assert f"the scores of normal patients are {words} than the calibration expects" in outcome["reason"]


def test_too_few_held_back_normals_refuse_and_the_outcome_says_what_a_person_can_do(
    make_learner: MakeLearner, a_site_serving: ServingModel
) -> None:
    outcome = make_learner(policy={"min_patients": 20}).learn("train", {})
    assert not outcome["serves"]
    assert "the gate needs 20" in outcome["reason"]
    with pytest.raises(RequestError, match="why: is missing"):
        accept(a_site_serving.store, outcome["model"], by="anna")
    accept(a_site_serving.store, outcome["model"], by="anna", why="our first model")
    assert lineage(a_site_serving.store, outcome["model"]).overridden


@pytest.mark.usefixtures("no_gate")
def test_nobody_who_calibrates_or_assesses_one_model_teaches_another(
    make_learner: MakeLearner, same_weights: SameWeights, a_site: TrainingData, decisions: Any
) -> None:
    learner = make_learner(held_out_share=0.3, policy={"min_patients": 2})
    learner.learn("train", {})
    first = same_weights.told["dataset"]
    exams = list(a_site.exams.all().values())
    for exam in exams[::3]:
        decisions.undo(exam, "anna")
    learner.learn("train", {})
    second = same_weights.told["dataset"]
    assert len(second.patients) < len(first.patients)
    for case in second.cases:
        assert case in first.cases  # with the same split


@pytest.mark.usefixtures("no_gate")
def test_exams_set_aside_teach_nobody_but_calibrate_and_assess_all_the_same(
    make_learner: MakeLearner, same_weights: SameWeights, a_site: TrainingData, a_site_serving: ServingModel
) -> None:
    suspect_normals = SuspectNormals(a_site.exams, a_site.decisions, a_site.images, a_site_serving, 0.4)
    site = TrainingData(a_site.exams, a_site.decisions, a_site.images, suspect_normals)
    told: list[TrainingProgress] = []
    learner = make_learner(site=site, held_out_share=0.1, promotion=Promotion.ASK)
    outcome = learner.learn("train", {}, told.append)
    aside = {one.exam.exam_id for one in suspect_normals.listed()}
    assert outcome["set_aside"] == len(aside) >= 3
    splits = {case.attributes.exam_id: case.split for case in same_weights.told["dataset"].cases}
    taught = {exam for exam, split in splits.items() if split is Split.TRAIN}
    calibrated = {exam for exam, split in splits.items() if split is Split.CALIBRATION}
    assert not taught & aside
    assert calibrated & aside
    assert (told[0].stage, told[0].total) == (Stage.PREPARE, 2 * WOMEN)


@pytest.mark.usefixtures("no_gate")
def test_a_patient_with_a_finding_teaches_nobody(
    make_learner: MakeLearner, same_weights: SameWeights, find: Callable[[int], str]
) -> None:
    patient = find(1)
    outcome = make_learner(held_out_share=0.2).learn("train", {})
    assert patient not in same_weights.told["dataset"].patients
    assert outcome["patients"] + outcome["held_out"] == WOMEN - 1


def test_marked_findings_assess_a_candidate_with_other_weights_but_never_those_that_may_have_taught(
    make_learner: MakeLearner, a_site_serving: ServingModel, a_site: TrainingData, find: Callable[[int], str]
) -> None:
    find(4)
    _, evaluation = split_findings(a_site.findings(), 0.5)
    assert 0 < len(evaluation.cases) < 4
    outcome = make_learner(Shuffled(a_site_serving), held_out_share=0.5).learn("train", {})
    check = next(check for check in outcome["checks"] if check["name"] == "marked_findings")
    assert f"of {len(evaluation.cases)} images" in check["sentence"]


def test_a_model_that_localises_nothing_cannot_learn_from_findings(
    make_learner: MakeLearner, find: Callable[[int], str]
) -> None:
    find(3)
    with pytest.raises(RequestError, match=r"learn_from_findings: the serving model \(tiny, network autoencoder\)"):
        make_learner().learn("train", {"learn_from_findings": True})


@pytest.mark.usefixtures("no_gate")
@pytest.mark.parametrize("network", ["efficientnet_unet", "small_unet"])
def test_findings_are_learned_from_if_requested_but_never_those_that_the_gate_uses(
    network: str,
    make_learner: MakeLearner,
    same_weights: SameWeights,
    a_site_serving: ServingModel,
    find: Callable[[int], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = a_site_serving.configuration()
    localising = config.model_copy(
        update={
            "network": config.network.model_copy(update={"name": network}),
            "training": config.training.model_copy(update={"lesions": LesionConfig()}),
        }
    )
    monkeypatch.setattr(a_site_serving, "configuration", lambda: localising)
    find(8)
    make_learner(held_out_share=0.3).learn("train", {"learn_from_findings": True})
    config, exposure = same_weights.told["config"], same_weights.told["exposure"]
    assert config.training.exposure_share == 0.25
    assert 0 < len(exposure.patients) < 8
    assert all(case.abnormal and case.lesions for case in exposure.cases)
    assert exposure.name == "marked findings"
    assert not set(exposure.patients) & set(same_weights.told["dataset"].patients)
    make_learner(held_out_share=0.3).learn("train", {})
    assert same_weights.told["config"].training.exposure_share == 0
    assert same_weights.told["exposure"] is None


@pytest.mark.usefixtures("no_gate")
@pytest.mark.parametrize("network", ["efficientnet_unet", "small_unet"])
def test_lesions_that_the_admin_names_are_learned_from_by_models_that_can(
    network: str,
    make_learner: MakeLearner,
    same_weights: SameWeights,
    a_site_serving: ServingModel,
    a_lesion_bank: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mammolens.labelapp.learning.learner.open_dataset", lambda _: a_lesion_bank)
    make_learner(exposure=Path("lesions")).learn("train", {})
    assert same_weights.told["exposure"] is None, "an autoencoder does not localise lesions"
    config = a_site_serving.configuration()
    localising = config.model_copy(
        update={
            "network": config.network.model_copy(update={"name": network}),
            "training": config.training.model_copy(update={"lesions": LesionConfig(), "exposure_share": 0.5}),
        }
    )
    monkeypatch.setattr(a_site_serving, "configuration", lambda: localising)
    make_learner(exposure=Path("lesions")).learn("train", {})
    assert same_weights.told["exposure"].cases == a_lesion_bank.cases
    assert same_weights.told["config"].training.exposure_share == 0.5


def test_recalibrating_changes_the_calibration_alone(make_learner: MakeLearner, a_site_serving: ServingModel) -> None:
    before = a_site_serving.predictor()
    told: list[TrainingProgress] = []
    outcome = make_learner().learn("recalibrate", {}, told.append)
    assert outcome["serves"], outcome["reason"]
    after = a_site_serving.predictor()
    assert after.model_id == before.model_id
    assert after.calibration_id != before.calibration_id
    assert {one.stage for one in told} == {Stage.CALIBRATE, Stage.GATE}
    assert outcome["set_aside"] == 0


@pytest.mark.usefixtures("no_gate")
def test_parameters_change_the_serving_models_configuration(
    make_learner: MakeLearner, same_weights: SameWeights, a_site_serving: ServingModel
) -> None:
    base, start = a_site_serving.configuration(), a_site_serving.store.serving()
    learner = make_learner(held_out_share=0.2)
    changes = {"epochs": 2, "learning_rate": 0.02, "l2_sp": 0.1}
    learner.learn("train", {**changes, "job": "ignored"})
    assert same_weights.told["config"].training == base.training.model_copy(update=changes)
    assert same_weights.told["start_from"] == start
    learner.learn("train", {"from_scratch": True}, resume=True)
    assert same_weights.told["start_from"] is None
    assert same_weights.told["resume"] is True


def test_without_accepted_normals_the_error_says_what_to_do(make_learner: MakeLearner, a_site: TrainingData) -> None:
    for exam in a_site.exams.all().values():
        a_site.decisions.undo(exam, "anna")
    with pytest.raises(DatasetError, match="no image has the verdict 'normal'; review images"):
        make_learner().learn("train", {})


def test_too_few_patients_are_told_with_how_many_are_held_back(make_learner: MakeLearner, a_site: TrainingData) -> None:
    for exam in list(a_site.exams.all().values())[3:]:
        a_site.decisions.undo(exam, "anna")
    with pytest.raises(DatasetError, match=r"of 3 patients .* held out .*; confirm normal exams of more patients"):
        make_learner().learn("train", {})


def test_where_no_model_serves_the_first_one_is_kept_until_a_person_lets_it_serve(
    make_learner: MakeLearner, a_site_serving: ServingModel, a_trained_model: Path
) -> None:
    def copied(*arguments: Any, **options: Any) -> Path:
        assert options["start_from"] is None
        return Path(shutil.copytree(a_trained_model, arguments[2]))

    shutil.rmtree(a_site_serving.store.serving())
    outcome = make_learner(copied).learn("train", {})
    assert not outcome["serves"]
    assert "no model is in use to compare it with" in outcome["reason"]
    accept(a_site_serving.store, outcome["model"], by="anna", why="the first one")
    assert (
        a_site_serving.predictor().model_id == outcome["model"].split("-", 2)[0] + "-" + outcome["model"].split("-")[1]
    )


def test_an_unknown_kind_is_no_job(make_learner: MakeLearner) -> None:
    with pytest.raises(ValueError, match="dream"):
        make_learner().learn("dream", {})


def test_each_epoch_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_progress(TrainingProgress(Stage.LEARN, 1, 2, 0.5, 0.25, 12.0))
        log_progress(TrainingProgress(Stage.PREPARE, 3, 99))
        log_progress(TrainingProgress(Stage.GATE, 99, 99))
    assert [line.split(",")[0] for line in caplog.messages] == ["epoch 1/2", "gate 99/99 images"]


def test_where_an_ensemble_of_models_serves_a_training_is_refused_and_a_calibration_is_made(
    make_learner: MakeLearner, a_site_serving: ServingModel, an_ensemble_of_models: Path
) -> None:
    version = a_site_serving.store.publish(an_ensemble_of_models)
    with pytest.raises(RequestError, match=r"ensemble of whole models, which a server does not train; recalibrate it"):
        make_learner().learn("train", {})
    outcome = make_learner().learn("recalibrate", {})
    assert outcome["model"].startswith(version)
    assert outcome["model"] != version
    assert a_site_serving.store.versions() == [*a_site_serving.store.versions()[:-1], outcome["model"]]
