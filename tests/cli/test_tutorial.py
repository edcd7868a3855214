"""The tutorial of docs/cli.md as a reader follows it: in an empty folder, command by command, to the lesion."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion
from mammolens.inference.findings import numbers_by_strength
from mammolens.inference.known_lesions import compare_with_known
from mammolens.types import AnomalyRecord

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"
CHEAPER = {"evaluate": ["--bootstrap", "20", "--pictures", "0"]}  # what it measures is not looked at here


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
        result = mammolens(*words, *CHEAPER.get(words[0], []))
        assert result.exit_code == 0, result.stderr
        assert "warning" not in result.stderr  # neither seen patients nor a model that cannot flag
    records = [AnomalyRecord(**json.loads(line)) for line in Path("out/results.jsonl").read_text().splitlines()]
    mass = PhantomLesion(diameter=16.0, contrast=0.45)
    exam = make_phantom_exam(10_004, lesions=[mass], rows=512, columns=416, spacing=(0.5, 0.5))
    lesions = {f"{view.laterality}_{view.view}.dcm": view.lesions for view in exam.views}
    numbers = numbers_by_strength([record.findings for record in records])
    known = {
        f"{record.laterality} {record.view}": [one.finding for one in compare_with_known(record, marked, own)]
        for record, own in zip(records, numbers, strict=True)
        if (marked := lesions[Path(record.path).name])
    }
    assert set(known) == {"L CC", "L MLO"}
    assert [1] in known.values()  # the strongest finding of the exam lies on the mass
    (row,) = csv.DictReader(Path("out/exams.csv").read_text(encoding="utf-8").splitlines())
    assert row["exam_is_anomalous"] == "True"
    assert Path("report/evaluation.html").is_file()
