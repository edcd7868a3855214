from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pyarrow.dataset
import pytest

from mammolens.cli.exit_codes import ExitCode


@pytest.mark.slow
def test_a_folder_is_scored_by_several_processes(mammolens, an_exam_folder, a_trained_model, tmp_path):
    output = tmp_path / "scores"
    result = mammolens("score", an_exam_folder, "-o", output, "-m", a_trained_model, "--workers", 2)
    assert result.exit_code == 0, result.stderr
    assert "4 images scored, 1 exams" in result.stdout
    assert "Research use only" in result.stdout
    rows = pyarrow.dataset.dataset(output / "images").to_table().to_pylist()
    assert {row["image"] for row in rows} == {"L_CC.dcm", "L_MLO.dcm", "R_CC.dcm", "R_MLO.dcm"}
    assert all(row["pred_score"] is not None for row in rows)
    again = mammolens("score", an_exam_folder, "-o", output, "-m", a_trained_model, "--json")
    manifest = json.loads(again.stdout)
    assert (manifest["complete"], manifest["images"], manifest["failures"]) == (True, 4, {})


@pytest.mark.slow
def test_a_pacs_is_scored_and_nothing_stays(mammolens, a_pacs, a_trained_model, tmp_path):
    before = set(Path(tempfile.gettempdir()).glob("mammolens-score-*"))
    result = mammolens("score", a_pacs.url, "-o", tmp_path, "-m", a_trained_model, "--workers", 1)
    assert result.exit_code == 0, result.stderr
    assert "3 images scored, 1 without a score (1 unreadable), 1 exams" in " ".join(result.stdout.split())
    (lost,) = (row for row in pyarrow.dataset.dataset(tmp_path / "images").to_table().to_pylist() if row["failure"])
    assert lost["failure_reason"] == "the PACS has no such instance"
    assert set(Path(tempfile.gettempdir()).glob("mammolens-score-*")) == before


def test_an_address_is_that_of_a_ray_cluster(mammolens, an_exam_folder, a_trained_model, tmp_path):
    result = mammolens("score", an_exam_folder, "-o", tmp_path, "-m", a_trained_model, "--address", "10.0.0.1:6379")
    assert result.exit_code == ExitCode.CONFIG
    assert "add --engine ray" in result.stderr


@pytest.mark.parametrize("shard", ["0/3", "4/3", "third", "1/100000"])
def test_a_shard_that_does_not_exist_is_refused(mammolens, an_exam_folder, a_trained_model, tmp_path, shard):
    result = mammolens("score", an_exam_folder, "-o", tmp_path, "-m", a_trained_model, "--shard", shard)
    assert result.exit_code == ExitCode.CONFIG
    assert "--shard" in result.stderr


def test_a_source_that_does_not_exist_is_refused(mammolens, a_trained_model, tmp_path):
    result = mammolens("score", tmp_path / "missing", "-o", tmp_path / "out", "-m", a_trained_model)
    assert result.exit_code == ExitCode.INPUT
    assert "does not exist" in result.stderr


def test_scores_become_a_worklist(mammolens, an_exam_folder, a_trained_model, tmp_path):
    from mammolens.archive.exam_scoring import Scoring
    from mammolens.archive.score import score_archive
    from mammolens.archive.sources import open_archive

    from ..archive.engines import OneByOne

    score_archive(open_archive(str(an_exam_folder)), tmp_path / "scores", Scoring(a_trained_model), OneByOne())
    result = mammolens("worklist", tmp_path / "scores", "-o", tmp_path / "report")
    assert result.exit_code == 0, result.stderr
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"worklist.html", "worklist.csv"}
    assert mammolens("worklist", tmp_path).exit_code == ExitCode.DATASET
