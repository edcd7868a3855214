from __future__ import annotations

import json
import logging
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from mammolens.calibration.calibration import Calibration
from mammolens.config import ModelConfig
from mammolens.enums import Split
from mammolens.errors import ConfigError, DatasetError, ModelError
from mammolens.inference.predictor import Predictor
from mammolens.inference.scorer import Scorer
from mammolens.models.checksums import CHECKSUMS
from mammolens.models.directory import CALIBRATION, CARD, CONFIG, TRAINING, WEIGHTS, load_model, model_id_of
from mammolens.models.ensemble import members_of
from mammolens.training.calibrate import Unseen, calibrate
from mammolens.training.engine import train
from mammolens.training.partition import partition
from mammolens.training.progress import Stage, TrainingProgress
from mammolens.transforms.pipeline import Pipeline


def load_calibration(directory):
    return Calibration.load(directory / CALIBRATION, load_model(directory).config.calibration)


def weights(directory):
    return load_file(directory / WEIGHTS)


def same_weights(one, other) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def six_patients(mlo_phantoms):
    """One view of each breast of six normal phantoms."""
    wanted = mlo_phantoms.patients[:6]
    return mlo_phantoms.where(lambda case: case.patient_id in wanted)


@pytest.fixture(scope="module")
def uninterrupted(a_short_config, six_patients, tmp_path_factory):
    """A model directory of a run that nobody disturbed."""
    return train(a_short_config, six_patients, tmp_path_factory.mktemp("uninterrupted") / "model")


def test_a_run_leaves_a_whole_model_directory_and_nothing_else(uninterrupted, a_short_config):
    assert [path.name for path in uninterrupted.parent.iterdir()] == ["model"]
    assert {path.name for path in uninterrupted.iterdir()} == {CONFIG, WEIGHTS, TRAINING, CALIBRATION, CARD, CHECKSUMS}
    assert load_model(uninterrupted).config == a_short_config
    assert Predictor.load(uninterrupted).model_id == model_id_of(uninterrupted)
    assert model_id_of(uninterrupted) in (uninterrupted / CARD).read_text()


def test_two_runs_give_the_same_model(uninterrupted, a_short_config, six_patients, tmp_path):
    torch.manual_seed(12345)
    again = train(a_short_config, six_patients, tmp_path / "again")
    assert same_weights(uninterrupted, again)
    assert model_id_of(uninterrupted) == model_id_of(again)
    for name in (CONFIG, CALIBRATION, TRAINING, CARD):
        assert (uninterrupted / name).read_bytes() == (again / name).read_bytes()


def test_a_run_goes_on_with_more_workers_to_the_same_model(
    uninterrupted, a_short_config, six_patients, tmp_path, stopping
):
    output = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        train(a_short_config, six_patients, output, progress=stopping(Stage.LEARN, 1))
    training, seen = a_short_config.training.model_copy(update={"workers": 1}), []
    config = a_short_config.model_copy(update={"training": training})
    train(config, six_patients, output, progress=seen.append, resume=True)
    assert [progress.done for progress in seen if progress.stage is Stage.LEARN] == [2, 3]
    assert model_id_of(output) == model_id_of(uninterrupted)


def test_another_seed_gives_another_model(uninterrupted, a_short_config, six_patients, tmp_path):
    training = a_short_config.training.model_copy(update={"seed": 7})
    other = train(a_short_config.model_copy(update={"training": training}), six_patients, tmp_path / "other")
    assert model_id_of(other) != model_id_of(uninterrupted)


def test_the_random_numbers_of_others_are_left_alone(a_short_config, six_patients, tmp_path):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    train(a_short_config, six_patients, tmp_path / "model")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("stage", "done"), [(Stage.PREPARE, 3), (Stage.LEARN, 2), (Stage.LEARN, 3), (Stage.CALIBRATE, 3)]
)
def test_a_run_that_was_stopped_goes_on_to_the_same_model(
    uninterrupted, a_short_config, six_patients, tmp_path, stopping, stage, done
):
    output = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        train(a_short_config, six_patients, output, progress=stopping(stage, done))
    assert not output.exists()
    seen: list[TrainingProgress] = []
    train(a_short_config, six_patients, output, progress=seen.append, resume=True)
    epochs = [progress.done for progress in seen if progress.stage is Stage.LEARN]
    assert epochs == list(range(done + 1 if stage is Stage.LEARN else 4 if stage is Stage.CALIBRATE else 1, 4))
    assert same_weights(uninterrupted, output)
    assert (uninterrupted / TRAINING).read_bytes() == (output / TRAINING).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_images_wait_in_files_for_the_user_alone_until_the_end(a_short_config, six_patients, tmp_path, stopping):
    output, images = tmp_path / "model", tmp_path / ".model.training" / "images"
    with pytest.raises(KeyboardInterrupt):
        train(a_short_config, six_patients, output, progress=stopping(Stage.LEARN, 1))
    kept = {file: file.stat().st_mtime_ns for file in images.iterdir()}
    assert len(kept) == 8
    assert images.stat().st_mode & 0o077 == 0
    with pytest.raises(KeyboardInterrupt):
        train(a_short_config, six_patients, output, progress=stopping(Stage.LEARN, 2), resume=True)
    assert {file: file.stat().st_mtime_ns for file in images.iterdir()} == kept
    train(a_short_config, six_patients, output, resume=True)
    assert not images.parent.exists()
    assert not (output / "images").exists()


def test_lesions_of_another_data_set_are_learned_from_and_named(a_unet_config, six_patients, a_lesion_bank, tmp_path):
    training = a_unet_config.training.model_copy(update={"exposure_share": 0.5})
    exposed = a_unet_config.model_copy(update={"training": training})
    seen: list[TrainingProgress] = []
    train(exposed, six_patients, tmp_path / "exposed", exposure=a_lesion_bank, progress=seen.append)
    record = json.loads((tmp_path / "exposed" / TRAINING).read_text())
    assert record["images"]["exposure"] == len(a_lesion_bank.cases)
    assert record["patients"]["exposure"] == 2
    assert record["exposure"]["name"] == "bank"
    assert seen[0].total == sum(record["images"][part] for part in ("train", "validation", "exposure"))
    train(a_unet_config, six_patients, tmp_path / "normal-only")
    assert not same_weights(tmp_path / "exposed", tmp_path / "normal-only")


def test_an_exposure_that_would_teach_nothing_is_refused(a_unet_config, six_patients, a_lesion_bank, tmp_path):
    with pytest.raises(
        ConfigError, match=r"exposure_share: is 0, so the model would not be trained on bank; use configs/"
    ):
        train(a_unet_config, six_patients, tmp_path / "model", exposure=a_lesion_bank)
    training = a_unet_config.training.model_copy(update={"exposure_share": 0.5})
    exposed = a_unet_config.model_copy(update={"training": training})
    gone = replace(a_lesion_bank, cases=tuple(replace(c, path=tmp_path / "gone.dcm") for c in a_lesion_bank.cases))
    with pytest.raises(DatasetError, match="exposure: no usable image with an outlined lesion"):
        train(exposed, six_patients, tmp_path / "model", exposure=gone)
    assert not (tmp_path / "model").exists()


@pytest.fixture(scope="module")
def a_unet_config(a_short_config) -> ModelConfig:
    """Three short epochs of a one-cycle schedule."""
    wanted = {
        "preprocessing": {"grid": "pixel_size", "pixel_size_mm": 2.0, "size": 128, "margin": 0},
        "network": {"name": "small_unet", "options": {"width": 2}},
        "training": {"epochs": 3, "schedule": "one_cycle", "weight_decay": 0.01, "lesions": {}},
        "scoring": {"erosion": 4, "convergence": 8.0},
        "calibration": {"fraction": 0.34},
    }
    return ModelConfig.model_validate({"name": "unet", **wanted})


@pytest.mark.parametrize("done", [1, 2])
def test_a_unet_that_was_stopped_goes_on_to_the_same_model(a_unet_config, six_patients, tmp_path, stopping, done):
    whole, output = train(a_unet_config, six_patients, tmp_path / "whole"), tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        train(a_unet_config, six_patients, output, progress=stopping(Stage.LEARN, done))
    train(a_unet_config, six_patients, output, resume=True)
    assert same_weights(whole, output)
    assert (whole / CALIBRATION).read_bytes() == (output / CALIBRATION).read_bytes()
    assert json.loads((whole / TRAINING).read_text())["members"][0]["kept_epoch"] in (1, 2, 3)


def test_without_resume_a_run_begins_anew(a_short_config, six_patients, tmp_path, stopping):
    output, seen = tmp_path / "model", []
    with pytest.raises(KeyboardInterrupt):
        train(a_short_config, six_patients, output, progress=stopping(Stage.LEARN, 2))
    (tmp_path / ".model.training" / ".left-over.safetensors").write_bytes(b"of a killed process")
    train(a_short_config, six_patients, output, progress=seen.append)
    assert [progress.done for progress in seen if progress.stage is Stage.LEARN] == [1, 2, 3]
    assert {path.name for path in output.iterdir()} == {CONFIG, WEIGHTS, TRAINING, CALIBRATION, CARD, CHECKSUMS}


def test_a_run_of_another_configuration_is_not_resumed(a_short_config, six_patients, tmp_path, stopping, caplog):
    output, seen = tmp_path / "model", []
    with pytest.raises(KeyboardInterrupt):
        train(a_short_config, six_patients, output, progress=stopping(Stage.LEARN, 2))
    training = a_short_config.training.model_copy(update={"learning_rate": 0.02})
    other = a_short_config.model_copy(update={"training": training})
    with caplog.at_level(logging.WARNING):
        train(other, six_patients, output, progress=seen.append, resume=True)
    assert [progress.done for progress in seen if progress.stage is Stage.LEARN] == [1, 2, 3]
    assert "training starts over" in caplog.text


def test_an_output_that_exists_is_refused_and_left_alone(a_short_config, six_patients, tmp_path):
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelError, match="model: already exists; choose another output, or move it away"):
        train(a_short_config, six_patients, tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_every_step_is_told(a_short_config, six_patients, tmp_path):
    seen: list[TrainingProgress] = []
    train(a_short_config, six_patients, tmp_path / "model", progress=seen.append)
    steps = {stage: [step for step in seen if step.stage is stage] for stage in Stage}
    for stage, total in ((Stage.PREPARE, 8), (Stage.LEARN, 3), (Stage.CALIBRATE, 4)):
        assert [(step.done, step.total) for step in steps[stage]] == [(done, total) for done in range(1, total + 1)]
    assert [step.stage for step in seen] == [Stage.PREPARE] * 8 + [Stage.LEARN] * 3 + [Stage.CALIBRATE] * 4


def test_the_best_epochs_weights_are_kept(uninterrupted, a_short_config):
    record = json.loads((uninterrupted / TRAINING).read_text())
    (member,) = record["members"]
    assert member["kept_epoch"] == 1 + member["validation_errors"].index(min(member["validation_errors"]))


def test_the_scores_of_calibration_are_those_that_the_saved_model_gives(uninterrupted, six_patients, a_short_config):
    model, cases = load_model(uninterrupted), partition(six_patients, a_short_config).by_split[Split.CALIBRATION]
    unseen = [Unseen(model.network, cases)]
    fresh, _ = calibrate(unseen, Pipeline(model.config.preprocessing), model.config, lambda: None)
    saved = Calibration.load(uninterrupted / CALIBRATION, model.config.calibration)
    assert fresh.images == saved.images
    assert fresh.exams == saved.exams


def test_training_may_start_from_an_earlier_model(uninterrupted, a_short_config, six_patients, tmp_path):
    training = a_short_config.training.model_copy(update={"epochs": 1, "learning_rate": 1e-12})
    config = a_short_config.model_copy(update={"training": training})
    output = train(config, six_patients, tmp_path / "model", start_from=uninterrupted)
    learned, earlier = weights(output), weights(uninterrupted)
    parameters = [name for name in learned if name.endswith((".weight", ".bias"))]
    assert all(torch.allclose(learned[name], earlier[name]) for name in parameters)
    assert json.loads((output / TRAINING).read_text())["started_from"] == model_id_of(uninterrupted)


def test_l2_sp_holds_weights_near_the_model_that_training_starts_from(
    uninterrupted, a_short_config, six_patients, tmp_path
):
    distances = []
    for strength in (0.0, 10.0):
        training = a_short_config.training.model_copy(update={"l2_sp": strength})
        config = a_short_config.model_copy(update={"training": training})
        output = train(config, six_patients, tmp_path / f"{strength}", start_from=uninterrupted)
        assert load_model(output).config.training.l2_sp == strength
        pairs = zip(
            load_model(output).network.parameters(), load_model(uninterrupted).network.parameters(), strict=True
        )
        distances.append(float(sum((one - other).square().sum() for one, other in pairs).detach()))
    free, held = distances
    assert held < 0.5 * free


def test_random_weights_are_not_held(uninterrupted, a_short_config, six_patients, tmp_path):
    training = a_short_config.training.model_copy(update={"l2_sp": 1000.0})
    held = train(a_short_config.model_copy(update={"training": training}), six_patients, tmp_path / "model")
    assert same_weights(held, uninterrupted)


def test_a_model_of_another_network_is_no_start(uninterrupted, a_short_config, six_patients, tmp_path):
    network = a_short_config.network.model_copy(update={"options": {"width": 5}})
    config = a_short_config.model_copy(update={"network": network})
    with pytest.raises(ModelError, match="has a different network; start from a model with the same network"):
        train(config, six_patients, tmp_path / "model", start_from=uninterrupted)
    with pytest.raises(ModelError, match="is not a model directory"):
        train(config, six_patients, tmp_path / "model", start_from=tmp_path / "nothing")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def partly_broken(six_patients, tmp_path):
    """Every patient's first image is half a file."""
    cases = []
    for number, case in enumerate(six_patients.cases):
        if number % 2 == 0:
            path = tmp_path / f"broken-{number}.dcm"
            whole = case.path.read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
            case = replace(case, path=path)  # noqa: PLW2901
        cases.append(case)
    return replace(six_patients, cases=tuple(cases))


def test_unusable_images_are_left_out_and_the_record_and_the_card_say_so(
    partly_broken, a_short_config, tmp_path, caplog
):
    with caplog.at_level(logging.WARNING, logger="mammolens"):
        output = train(a_short_config, partly_broken, tmp_path / "model")
    left_out = [record.getMessage() for record in caplog.records if record.getMessage().startswith("left out: ")]
    assert len(left_out) == 6
    record = json.loads((output / TRAINING).read_text())
    assert record["images"] == {"train": 3, "validation": 1, "calibration": 2}
    assert record["images_left_out"] == {"train": 3, "validation": 1, "calibration": 2}
    assert record["patients"] == {"train": 3, "validation": 1, "calibration": 2}
    assert "| training | 3 | 3 |" in (output / CARD).read_text()
    assert len(json.loads((output / CALIBRATION).read_text())["images"]) == 2


def test_without_any_usable_image_there_is_no_model(six_patients, a_short_config, tmp_path):
    gone = tuple(replace(case, path=tmp_path / "gone" / case.path.name) for case in six_patients.cases)
    with pytest.raises(DatasetError, match="no usable image of a training or validation patient; see what was left"):
        train(a_short_config, replace(six_patients, cases=gone), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_too_few_patients_are_refused_before_anything_is_written(six_patients, a_short_config, tmp_path):
    two = six_patients.where(lambda case: case.patient_id in six_patients.patients[:2])
    with pytest.raises(DatasetError, match="has clean normal images of 2 patient"):
        train(a_short_config, two, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_no_patient_is_named_in_the_model_directory(uninterrupted, six_patients):
    files = [path for path in uninterrupted.iterdir() if path.name != WEIGHTS]
    text = "\n".join(path.read_text() for path in files)
    identifiers = {*six_patients.patients, *(case.path.name for case in six_patients.cases)}
    identifiers |= {str(case.path.parent) for case in six_patients.cases}
    assert not [name for name in identifiers if name in text]


def test_a_model_directory_may_be_moved(uninterrupted, tmp_path):
    shutil.copytree(uninterrupted, tmp_path / "elsewhere")
    assert Predictor.load(tmp_path / "elsewhere").model_id == model_id_of(uninterrupted)


def test_every_patient_teaches_an_ensemble_and_calibrates_it(an_ensemble, mlo_phantoms):
    record, calibration = json.loads((an_ensemble / TRAINING).read_text()), load_calibration(an_ensemble)
    assert len(record["members"]) == 3
    assert record["patients"]["calibration"] == 16
    assert record["patients"]["train"] + record["patients"]["validation"] == 16
    assert calibration.image_scales.pooled.patients == 16
    assert len(calibration.images) == record["images"]["calibration"] == 32


def test_each_member_scores_whom_it_did_not_learn_from(an_ensemble, mlo_phantoms):
    model = load_model(an_ensemble)
    shares = partition(mlo_phantoms, model.config).shares
    everybody = set(mlo_phantoms.where(lambda case: case.clean_normal).patients)
    by_score = {image.raw_score for image in load_calibration(an_ensemble).images}
    for member, share in zip(members_of(model.network), shares, strict=True):
        learned, scored = (
            {case.patient_id for case in cases} for cases in (share.train + share.validation, share.calibration)
        )
        assert learned == everybody - scored
        case = share.calibration[0]
        prepared = Pipeline(model.config.preprocessing).load(case.path, case.attributes)
        assert Scorer(member, model.config.scoring).score(prepared).pred_score in by_score


def test_an_ensemble_that_was_stopped_goes_on_with_the_member_and_the_epoch(
    an_ensemble, an_ensemble_config, mlo_phantoms, tmp_path, stopping
):
    epochs = an_ensemble_config.training.epochs
    with pytest.raises(KeyboardInterrupt):
        train(an_ensemble_config, mlo_phantoms, tmp_path / "model", progress=stopping(Stage.LEARN, epochs + 1))
    seen: list[TrainingProgress] = []
    train(an_ensemble_config, mlo_phantoms, tmp_path / "model", progress=seen.append, resume=True)
    assert [step.done for step in seen if step.stage is Stage.LEARN] == list(range(epochs + 2, 3 * epochs + 1))
    assert {step.total for step in seen if step.stage is Stage.LEARN} == {3 * epochs}
    assert same_weights(an_ensemble, tmp_path / "model")
    assert (an_ensemble / TRAINING).read_bytes() == (tmp_path / "model" / TRAINING).read_bytes()
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted(p.name for p in an_ensemble.iterdir())
