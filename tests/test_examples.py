"""The notebooks and scripts of examples/ run as a reader would run them, on phantoms."""

from __future__ import annotations

import csv
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest

from mammolens.cli.options import configuration
from mammolens.config import load_config
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALL: Any = {"rows": 512, "columns": 416, "spacing": (0.5, 0.5)}
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
# Fewer exams and resamples: what a notebook prints is not looked at here.
CHEAPER = {
    "train_on_normals": {"range(100, 132)": "range(100, 110)"},
    "evaluate": {"range(1, 9)": "range(1, 5)", "n_bootstrap=500": "n_bootstrap=20"},
}


def write_short_tutorial(folder: Path) -> None:
    """The tutorial's configuration with one epoch, where notebooks look first; test_tutorial.py learns all of them."""
    config = load_config(configuration(Path("configs/tutorial.yaml")))
    short = config.model_copy(update={"training": config.training.model_copy(update={"epochs": 1})})
    (folder / "configs").mkdir()
    (folder / "configs" / "tutorial.yaml").write_text(short.to_yaml())


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    write_short_tutorial(tmp_path)
    names: dict[str, object] = {}
    text = notebook.read_text()
    for written, cheaper in CHEAPER.get(notebook.stem, {}).items():
        assert text.count(written) == 1, written
        text = text.replace(written, cheaper)
    for number, cell in enumerate(json.loads(text)["cells"]):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{notebook.name}, cell {number}", "exec"), names)  # noqa: S102
    plt.close("all")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_holds_no_results(notebook: Path) -> None:
    """They would be of somebody's images, or out of date."""
    cells = json.loads(notebook.read_text())["cells"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells if cell["cell_type"] == "code")


def test_the_scores_of_exams_are_written_as_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_phantom_exam(make_phantom_exam(7, lesions=[PhantomLesion(contrast=0.45)], **SMALL), tmp_path / "lesion")
    write_phantom_exam(make_phantom_exam(8, **SMALL), tmp_path / "normal")
    run("exam_scores.py", monkeypatch, tmp_path)
    lesion, normal = csv.DictReader(capsys.readouterr().out.splitlines())
    assert [one["patient"] for one in (lesion, normal)] == ["PHANTOM-7", "PHANTOM-8"]
    assert float(lesion["percentile"]) > float(normal["percentile"])
    assert lesion["strongest_finding"].startswith("L ")
    assert (lesion["flagged"], lesion["images"]) == ("True", "4")


def test_models_are_compared_on_one_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["image,patient_id,cancer"]
    for number, lesions in ((7, [PhantomLesion(contrast=0.45)]), (8, [])):
        file = write_phantom_exam(make_phantom_exam(number, lesions=lesions, **SMALL), tmp_path / str(number))[1]
        rows.append(f"{file.relative_to(tmp_path)},{number},{len(lesions)}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    run("compare_models.py", monkeypatch, tmp_path, "--resamples", 10)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("-")[0] for line in lines] == ["exposed", "restorer", "autoencoder"]
    assert lines[0].split()[1:] == ["1.000", "[1.000,", "1.000]"]


def run(script: str, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    runpy.run_path(str(EXAMPLES / script), run_name="__main__")


def test_there_are_notebooks() -> None:
    assert {"predict_and_look", "train_on_normals", "evaluate"} == {path.stem for path in NOTEBOOKS}
