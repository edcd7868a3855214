from __future__ import annotations

import json
import shutil

import pytest

from mammolens.evaluation.scored_set import read_scores


def errors_in(result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture(scope="module")
def a_config_file(tmp_path_factory, a_tiny_config):
    """The tiny configuration at 32 pixels with one epoch."""
    preprocessing = a_tiny_config.preprocessing.model_copy(update={"size": 32})
    training = a_tiny_config.training.model_copy(update={"epochs": 1})
    path = tmp_path_factory.mktemp("configuration") / "tiny.yaml"
    path.write_text(a_tiny_config.model_copy(update={"preprocessing": preprocessing, "training": training}).to_yaml())
    return path


@pytest.fixture(scope="module")
def arguments(a_config_file, mlo_folder):
    return ("cross-fit", "-c", a_config_file, "-d", mlo_folder, "--folds", 2, "--bootstrap", 50)


@pytest.fixture(scope="module")
def a_run(mammolens, arguments, tmp_path_factory):
    """The folder of a finished run, which no test changes, and what the command said."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    result = mammolens(*arguments, "-o", folder)
    assert result.exit_code == 0, result.stderr
    return folder, result


def test_it_reports_every_patient_and_compares_with_another_run(mammolens, arguments, a_run, tmp_path):
    (first, result), second = a_run, tmp_path / "second"
    assert "AUROC, images" in result.stdout
    assert f"wrote {first / 'evaluation.html'}" in result.stderr
    assert (first / "evaluation.html").exists()
    assert len(read_scores(first / "scores.csv")) == 16 * 2 + 2
    assert "cross-fitting in 2 folds" in (first / "evaluation.md").read_text()

    compared = mammolens(*arguments, "-o", second, "--against", first / "scores.csv")
    assert compared.exit_code == 0, compared.stderr
    groups = json.loads((second / "evaluation.json").read_text())["groups"]
    found = next(one for one in groups[0]["comparisons"] if one["baseline"] == "first")
    assert found["images"] == {"normal": 32, "abnormal": 2}
    assert found["difference"]["value"] == 0.0  # the same configuration and the same folds


@pytest.mark.parametrize(
    ("option", "value", "code", "reason"),
    [
        ("-c", "training: {exposure_share: 0.5}", 4, "give lesions of other patients as --exposure"),
        ("--against", "nothing.csv", 5, "nothing.csv"),
        ("-d", "nowhere", 5, "does not exist"),
        ("--folds", "17", 5, "16 clean-negative patients cannot be divided into 17 folds"),
        ("--folds", "1", 2, None),
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
    result = mammolens("cross-fit", *(word for pair in arguments.items() for word in pair))
    assert result.exit_code == code, result.stderr
    assert not (tmp_path / "out").exists()
    if reason:
        (line,) = errors_in(result)
        assert reason in line


def test_a_run_is_not_written_over_but_gone_on_with(mammolens, arguments, a_run, tmp_path):
    shutil.copytree(a_run[0], tmp_path / "out")
    arguments += ("-o", tmp_path / "out")
    scores = (tmp_path / "out" / "scores.csv").read_bytes()
    again = mammolens(*arguments)
    assert again.exit_code == 5
    assert "contains an earlier cross-fitting; add --resume" in errors_in(again)[0]
    assert mammolens(*arguments, "--resume").exit_code == 0
    assert (tmp_path / "out" / "scores.csv").read_bytes() == scores
