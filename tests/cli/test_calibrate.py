from __future__ import annotations

import shutil

import pytest

from mammolens.inference.predictor import Predictor
from mammolens.models.directory import METRICS, model_id_of


@pytest.fixture
def a_copy(a_trained_model, tmp_path):
    """The trained model, which may be replaced."""
    shutil.copytree(a_trained_model, tmp_path / "model")
    return tmp_path / "model"


def test_it_writes_a_model_that_can_analyse_and_prints_its_id(mammolens, a_trained_model, phantom_folder, tmp_path):
    output = tmp_path / "runs" / "ours"
    result = mammolens("calibrate", a_trained_model, "-d", phantom_folder, "-o", output)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{model_id_of(output)}\n"
    assert f"wrote {output}" in result.stderr
    assert Predictor.load(output).model_id == model_id_of(output)


def test_it_says_whom_it_took_and_whom_it_cannot_tell(mammolens, a_trained_model, an_exam_folder, tmp_path):
    result = mammolens("calibrate", a_trained_model, "-d", an_exam_folder, "-o", tmp_path / "ours")
    assert result.exit_code == 0, result.stderr
    assert "calibrated on 4 images of 1 normal patients" in result.stderr
    (warning,) = [line for line in result.stderr.splitlines() if "cannot flag" in line]
    assert warning.startswith("warning: the model cannot flag any exam: it is calibrated on 1 of the 9 normal patients")
    predicted = mammolens("predict", an_exam_folder, "-m", tmp_path / "ours", "-o", tmp_path / "out", "--maps", "none")
    assert warning in predicted.stderr.splitlines()
    assert "the model cannot flag any exam" in " ".join(predicted.stdout.split())
    assert "warning: the training record contains no patient IDs" in result.stderr


def test_in_place_the_model_itself_is_replaced(mammolens, a_copy, phantom_folder, tmp_path):
    (a_copy / METRICS).write_text("{}")
    settings = tmp_path / "settings.yaml"
    settings.write_text("calibration: {confidence: 0.8, alpha: 0.3}")
    result = mammolens("calibrate", a_copy, "-d", phantom_folder, "--in-place", "-c", settings)
    assert result.exit_code == 0, result.stderr
    assert not (a_copy / METRICS).exists()
    assert Predictor.load(a_copy).calibration.decision_rule == "flags at most 30 % of normal exams, with confidence 0.8"


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["MODEL", "-d", "DATA"], 2, "give either --output or --in-place"),
        (["MODEL", "-d", "DATA", "-o", "ours", "--in-place"], 2, "give either --output or --in-place"),
        (["-d", "DATA", "--in-place"], 2, "--in-place replaces MODEL: name it"),
        (["MODEL", "-d", "DATA", "-o", "DATA"], 6, "already exists; choose another output"),
        (["MODEL", "-d", "nowhere", "-o", "ours"], 5, "does not exist"),
        (["nothing", "-d", "DATA", "-o", "ours"], 6, "is not a model directory"),
        (["MODEL", "-d", "DATA", "-o", "ours", "-c", "nothing.yaml"], 4, "cannot be read"),
    ],
)
def test_a_mistake_is_one_line_and_its_code(
    mammolens, a_trained_model, phantom_folder, tmp_path, monkeypatch, arguments, code, reason
):
    monkeypatch.chdir(tmp_path)
    places = {"MODEL": a_trained_model, "DATA": phantom_folder}
    result = mammolens("calibrate", *(places.get(argument, argument) for argument in arguments))
    assert result.exit_code == code
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert reason in line
    assert not (tmp_path / "ours").exists()
