from __future__ import annotations

import json

import pytest

from mammolens.cli.exit_codes import ExitCode
from mammolens.inference.outputs import RESULTS
from mammolens.models import installed_runtimes
from mammolens.models.directory import model_id_of

pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")


def test_an_exported_model_predicts_by_its_runtime(mammolens, a_trained_model, an_exam_folder, tmp_path):
    result = mammolens("export", a_trained_model, "--format", "onnx", "-o", tmp_path / "exported")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == str(tmp_path / "exported")
    assert f"{model_id_of(a_trained_model)}: log odds differ by up to" in result.stderr
    assert "Research use only, not a medical device" in result.stderr
    scores = []
    for number, options in enumerate(
        (["-m", a_trained_model], ["-m", tmp_path / "exported", "--runtime", "onnxruntime"])
    ):
        output = tmp_path / f"out-{number}"
        done = mammolens("predict", an_exam_folder, "-o", output, "--maps", "none", "--no-overlays", *options)
        assert done.exit_code == 0, done.stderr
        records = [json.loads(line) for line in (output / RESULTS).read_text().splitlines()]
        scores.append([record["raw_score"] for record in records])
        assert {record["model"] for record in records} == {model_id_of(a_trained_model)}
    assert scores[1] == pytest.approx(scores[0], abs=1e-3)


def test_a_missing_package_is_one_line_and_code_four(mammolens, a_trained_model, an_exam_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(installed_runtimes, "find_spec", lambda _: None)
    options = ("-o", tmp_path / "out", "-m", a_trained_model, "--runtime", "openvino")
    result = mammolens("predict", an_exam_folder, *options)
    assert result.exit_code == ExitCode.CONFIG
    assert (
        "error: runtime openvino: the package openvino is not installed; install 'mammolens[export]'" in result.stderr
    )
