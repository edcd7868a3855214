from __future__ import annotations

import csv
import shutil
import signal

import pytest

from mammolens.config import load_config

from ..patience import PATIENCE_S, until


def errors_in(result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture
def a_config_file(tmp_path, a_tiny_config):
    """The tiny configuration at 32 pixels, and a search space where it is looked for."""
    preprocessing = a_tiny_config.preprocessing.model_copy(update={"size": 32})
    path = tmp_path / "tiny.yaml"
    path.write_text(a_tiny_config.model_copy(update={"preprocessing": preprocessing}).to_yaml())
    (tmp_path / "tune").mkdir()
    (tmp_path / "tune" / "tiny.yaml").write_text("training.learning_rate: {low: 0.001, high: 0.1, log: true}")
    return path


def test_it_prints_a_table_and_leaves_a_configuration_to_train(mammolens, a_config_file, mlo_folder, tmp_path):
    output = tmp_path / "runs" / "tune"
    result = mammolens("tune", "-c", a_config_file, "-d", mlo_folder, "-o", output, "--trials", 2)
    assert result.exit_code == 0, result.stderr
    assert "held-out patients" in result.stdout
    assert "learning_rate" in result.stdout
    assert "evaluating on " in result.stderr
    assert "vs. the same images with a synthetic lesion each" in result.stderr
    best = f"mammolens train -c {output / 'best.yaml'} -d {mlo_folder} -o {output}-best"
    assert f"train the best with: {best}" in result.stderr
    trials = list(csv.DictReader((output / "trials.csv").open()))
    best = max(trials, key=lambda trial: float(trial["auroc_within_sites"]))
    rate = load_config(output / "best.yaml").training.learning_rate
    assert rate == pytest.approx(float(best["training.learning_rate"]), rel=1e-5)


def test_another_space_may_be_named(mammolens, a_config_file, mlo_folder, tmp_path):
    space = tmp_path / "epochs.yaml"
    space.write_text("training.epochs: {low: 3, high: 4}")
    arguments = ("-c", a_config_file, "-d", mlo_folder, "-o", tmp_path / "out", "--trials", 1)
    result = mammolens("tune", *arguments, "--space", space)
    assert result.exit_code == 0, result.stderr
    (trial,) = csv.DictReader((tmp_path / "out" / "trials.csv").open())
    assert trial["training.epochs"] == "3"


def test_a_spent_budget_is_no_error(mammolens, a_config_file, mlo_folder, tmp_path):
    result = mammolens("tune", "-c", a_config_file, "-d", mlo_folder, "-o", tmp_path / "out", "--budget", 0)
    assert result.exit_code == 0, result.stderr
    assert "no trial finished: the budget is too small" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("option", "value", "code", "reason"),
    [
        ("--space", "nothing.yaml", 4, "nothing.yaml: cannot be read"),
        ("--space", "training.epoch: {low: 1, high: 2}", 4, "training.epoch: is not a field"),
        ("-c", "nothing.yaml", 4, "cannot be read"),
        ("-d", "nowhere", 5, "does not exist"),
        ("--trials", "0", 2, None),
    ],
)
def test_a_mistake_is_one_line_and_its_code(
    mammolens, a_config_file, mlo_folder, tmp_path, monkeypatch, option, value, code, reason
):
    monkeypatch.chdir(tmp_path)
    if ":" in value:
        (tmp_path / "wrong.yaml").write_text(value)
        value = "wrong.yaml"
    arguments = {"-c": a_config_file, "-d": mlo_folder, "-o": tmp_path / "out"} | {option: value}
    result = mammolens("tune", *(word for pair in arguments.items() for word in pair))
    assert result.exit_code == code, result.stderr
    assert not (tmp_path / "out").exists()
    if reason:
        (line,) = errors_in(result)
        assert reason in line


def test_without_optuna_the_remedy_is_told(mammolens, a_config_file, mlo_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("mammolens.cli.tune.find_spec", lambda _: None)
    result = mammolens("tune", "-c", a_config_file, "-d", mlo_folder, "-o", tmp_path / "out")
    assert result.exit_code == 4
    assert errors_in(result) == [
        "error: optuna: is not installed; run 'make install', or pip install 'mammolens[tune]'"
    ]


def test_ctrl_c_keeps_what_was_done_and_the_same_command_goes_on(
    mammolens, start_mammolens, a_config_file, mlo_folder, tmp_path
):
    output = tmp_path / "out"
    arguments = ("tune", "-c", a_config_file, "-d", mlo_folder, "-o", output, "--trials", 200)
    process = start_mammolens(*arguments)
    until(lambda: (output / "best.yaml").exists() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130, stderr
    assert "stopped; run the same command with --resume to continue" in stderr
    assert "Traceback" not in stderr
    done = (output / "trials.csv").read_text().splitlines()
    assert len(done) >= 2

    again = mammolens(*arguments[:-1], len(done))
    assert again.exit_code == 4
    assert "add --resume" in errors_in(again)[0]
    resumed = mammolens(*arguments[:-1], len(done), "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    lines = (output / "trials.csv").read_text().splitlines()
    assert lines[: len(done)] == done
    assert len(lines) == len(done) + 1


def test_the_test_split_need_not_be_there(mammolens, a_config_file, mlo_folder, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(mlo_folder, folder)
    rows = list(csv.DictReader((folder / "labels.csv").open()))
    for row in rows:
        number = int(row["patient_id"].removeprefix("PHANTOM-"))
        row["split"] = (
            "train" if number < 8 else "calibration" if number < 12 else "test" if number < 17 else "exposure"
        )
    with (folder / "labels.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    for number in range(12, 17):
        for image in (folder / f"PHANTOM-{number}").iterdir():
            image.write_bytes(b"nobody may read this")
    result = mammolens("tune", "-c", a_config_file, "-d", folder, "-o", tmp_path / "out", "--trials", 1)
    assert result.exit_code == 0, result.stderr
    assert "4 normal images of 2 held-out patients vs. 1 cancer images of 1 patients" in result.stderr
    assert "left out" not in result.stderr
