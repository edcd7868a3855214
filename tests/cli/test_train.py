from __future__ import annotations

import json
import shutil
import signal

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.inference.predictor import Predictor
from mammolens.models.directory import TRAINING, load_model, model_id_of
from mammolens.training.checkpoint import FILE as CHECKPOINT

from ..patience import PATIENCE_S


def errors_in(result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


def test_it_writes_a_model_that_can_analyse_and_prints_its_id(mammolens, a_config_file, mlo_folder, tmp_path):
    output = tmp_path / "runs" / "tiny"
    result = mammolens("train", "-c", a_config_file, "-d", mlo_folder, "-o", output)
    assert result.exit_code == 0
    assert result.stdout == f"{model_id_of(output)}\n"
    assert "epoch 3/3, training error " in result.stderr
    assert f"wrote {output}; see {output / 'MODEL_CARD.md'}" in result.stderr
    assert Predictor.load(output).model_id == model_id_of(output)


def test_the_command_and_the_library_learn_the_same(
    mammolens, a_config_file, phantom_folder, a_trained_model, tmp_path
):
    mammolens("train", "-c", a_config_file, "-d", phantom_folder, "-o", tmp_path / "model")
    assert model_id_of(tmp_path / "model") == model_id_of(a_trained_model)


def test_a_seed_wins_over_the_configurations(mammolens, a_config_file, phantom_folder, a_trained_model, tmp_path):
    result = mammolens("train", "-c", a_config_file, "-d", phantom_folder, "-o", tmp_path / "model", "--seed", 5)
    assert result.exit_code == 0
    assert load_model(tmp_path / "model").config.training.seed == 5
    assert model_id_of(tmp_path / "model") != model_id_of(a_trained_model)


def test_it_may_start_from_an_earlier_model(mammolens, a_config_file, mlo_folder, a_trained_model, tmp_path):
    arguments = ("-c", a_config_file, "-d", mlo_folder, "-o", tmp_path / "model")
    result = mammolens("train", *arguments, "--start-from", a_trained_model)
    assert result.exit_code == 0
    assert json.loads((tmp_path / "model" / TRAINING).read_text())["started_from"] == model_id_of(a_trained_model)


def test_unusable_images_are_a_line_each_and_training_goes_on(mammolens, a_config_file, mlo_folder, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(mlo_folder, data)
    broken = data / "PHANTOM-3" / "L_MLO.dcm"
    broken.write_bytes(broken.read_bytes()[:5000])
    result = mammolens("train", "-c", a_config_file, "-d", data, "-o", tmp_path / "model")
    assert result.exit_code == 0
    record = json.loads((tmp_path / "model" / TRAINING).read_text())
    assert sum(record["images"].values()) == 31
    assert sum(record["images_left_out"].values()) == 1


@pytest.mark.parametrize(
    ("option", "value", "code", "reason"),
    [
        ("-c", "nothing.yaml", 4, "cannot be read (No such file or directory)"),
        ("-c", "text: [", 4, "is not valid YAML (line 1"),
        ("-c", "training: {epochs: -1}", 4, "training.epochs: Input should be greater than or equal to 1"),
        ("-c", "network: {name: transformer}", 4, "network.name: there is no network 'transformer'"),
        ("-c", "network: {options: {depth: 4}}", 4, "network.options: "),
        ("-d", "nowhere", 5, "does not exist"),
        ("--kind", "kaggle", 5, "the kind 'kaggle' is unknown"),
        ("--table", "nothing.csv", 5, "cannot be read"),
        ("--start-from", "nothing", 6, "is not a model directory"),
        ("-o", ".", 6, "already exists; choose another output"),
        ("-o", "a-file/model", 2, "Not a directory; choose another location"),
        ("--seed", "-1", 2, None),
    ],
)
def test_a_mistake_is_one_line_and_its_code(
    mammolens, a_config_file, phantom_folder, tmp_path, monkeypatch, option, value, code, reason
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("")
    if ":" in value:
        (tmp_path / "wrong.yaml").write_text(value)
        value = "wrong.yaml"
    arguments = {"-c": a_config_file, "-d": phantom_folder, "-o": tmp_path / "model"} | {option: value}
    result = mammolens("train", *(word for pair in arguments.items() for word in pair))
    assert result.exit_code == code, result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "model").exists()
    if reason:
        (line,) = errors_in(result)
        assert reason in line


def test_too_few_patients_are_one_line_and_code_five(mammolens, a_config_file, phantom_folder, tmp_path):
    result = mammolens("train", "-c", a_config_file, "-d", phantom_folder / "PHANTOM-0", "-o", tmp_path / "model")
    assert result.exit_code == 5
    assert "has clean normal images of 1 patient(s)" in errors_in(result)[0]


def test_ctrl_c_leaves_a_run_that_goes_on_to_the_same_model(
    mammolens, start_mammolens, a_config_file, a_tiny_config, mlo_folder, tmp_path
):
    training = a_tiny_config.training.model_copy(update={"epochs": 12, "patience": 12})
    a_config_file.write_text(a_tiny_config.model_copy(update={"training": training}).to_yaml())
    output = tmp_path / "model"
    arguments = ("train", "-c", a_config_file, "-d", mlo_folder, "-o", output)
    process = start_mammolens(*arguments)
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            process.send_signal(signal.SIGINT)
            break
    stdout, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.splitlines()[-1] == "stopped; run the same command with --resume to continue"
    assert "Traceback" not in stderr
    assert not output.exists()
    assert (tmp_path / ".model.training" / CHECKPOINT).is_file()

    resumed = mammolens(*arguments, "--resume")
    assert resumed.exit_code == 0
    assert "epoch 1/12" not in resumed.stderr
    assert "epoch 12/12" in resumed.stderr
    whole = mammolens(*arguments[:-1], tmp_path / "whole")
    assert whole.stdout == resumed.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "tiny.yaml", "whole"]


@pytest.mark.usefixtures("no_shipped_ensembles")
def test_an_ensemble_of_models_is_trained_calibrated_and_measured(
    mammolens, an_ensemble_file, an_ensemble_of_models, phantom_folder, tmp_path
):
    result = mammolens("train", "-c", an_ensemble_file, "-d", phantom_folder, "-o", tmp_path / "both")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{model_id_of(an_ensemble_of_models)}\n"
    write_phantom_dataset(tmp_path / "few", normals=2, abnormals=1, seed=5, rows=192, columns=160, spacing=(1.25, 1.25))
    options = ("--bootstrap", 20, "--pictures", 0, "--split", "all")
    result = mammolens("evaluate", "-d", tmp_path / "few", "-m", tmp_path / "both", "-o", tmp_path / "report", *options)
    assert result.exit_code == 0, result.stderr
    assert "## Members" in (tmp_path / "report" / "evaluation.md").read_text()
