"""The tutorial of docs/cli.md as a reader follows it: in an empty folder, command by command, to the lesion."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.inference.findings import numbers_by_strength
from mammolens.inference.known_lesions import compare_with_known
from mammolens.types import AnomalyRecord

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


def tutorial() -> list[list[str]]:
    """The words of each command, without the program's name."""
    block = DOCUMENT.read_text(encoding="utf-8").split("```")[1]
    return [shlex.split(line)[1:] for line in block.strip().splitlines()]


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.usefixtures("no_shipped_ensembles")
def test_its_model_finds_the_mass_of_a_phantom_that_it_never_saw(mammolens, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = tutorial()
    assert [words[0] for words in commands] == ["phantom", "train", "phantom", "predict", "evaluate"]
    for words in commands:
        result = mammolens(*words)
        assert result.exit_code == 0, result.stderr
        assert "warning" not in result.stderr  # neither seen patients nor a model that cannot flag
    records = [AnomalyRecord(**json.loads(line)) for line in Path("out/results.jsonl").read_text().splitlines()]
    truth = write_phantom_dataset(tmp_path / "again", normals=4, abnormals=4, contrast=0.45, seed=1)
    lesions = {case.path.relative_to(tmp_path / "again"): case.lesions for case in truth.cases}
    numbers = numbers_by_strength([record.findings for record in records])
    known = {
        f"{record.laterality} {record.view}": [one.finding for one in compare_with_known(record, marked, own)]
        for record, own in zip(records, numbers, strict=True)
        if (marked := lesions[Path(record.path).relative_to("unseen")])
    }
    assert set(known) == {"L CC", "L MLO"}
    assert [1] in known.values()  # the strongest finding of the exam lies on the mass
    (exam,) = csv.DictReader(Path("out/exams.csv").read_text(encoding="utf-8").splitlines())
    assert exam["exam_is_anomalous"] == "True"
    assert Path("report/evaluation.html").is_file()
