import json
import shutil
from pathlib import Path

import pytest

from mammolens.errors import ModelError
from mammolens.models.directory import METRICS
from mammolens.models.store import pretrained_directory
from mammolens.web.model_figures import read_model_figures


def test_figures_are_those_of_the_model_directory() -> None:
    figures = read_model_figures(pretrained_directory())
    assert figures is not None
    document = json.loads((pretrained_directory() / METRICS).read_text())
    metrics = document["groups"][0]["metrics"]
    assert (figures.model, figures.dataset) == (document["model"], document["title"])
    answers = {question: answer for question, answer, _ in figures.rows}
    assert answers["Abnormal exams flagged"] == f"{100 * metrics['sensitivity_exam']['value']:.0f} %"
    low, high = (100 * metrics["auroc"][end] for end in ("low", "high"))
    assert (f"{low:.0f} to {high:.0f} %") in [interval for _, _, interval in figures.rows]


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    document = json.loads((pretrained_directory() / METRICS).read_text())
    document["groups"][0]["metrics"]["sensitivity_exam"] |= {"value": None, "low": None, "high": None}
    document["maps"] = [{"hit_rate": {"value": 0.5, "low": None, "high": None}}]
    (tmp_path / METRICS).write_text(json.dumps(document))
    figures = read_model_figures(tmp_path)
    assert figures is not None
    assert "Abnormal exams flagged" not in [question for question, *_ in figures.rows]
    assert figures.rows[-1] == ("The strongest spot lies on the lesion", "50 %", "")


def test_a_model_without_evaluation_has_none(tmp_path: Path) -> None:
    assert read_model_figures(tmp_path) is None


def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    shutil.copy(pretrained_directory() / "config.yaml", tmp_path / METRICS)
    with pytest.raises(ModelError, match=METRICS):
        read_model_figures(tmp_path)
