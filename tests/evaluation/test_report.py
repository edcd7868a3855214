import json
import subprocess
import sys

import pytest
from PIL import Image

from mammolens.errors import DatasetError
from mammolens.evaluation import report
from mammolens.evaluation.report import evaluate, write_report

NAMES = ["evaluation.md", "evaluation.json", "scores.csv", "roc.png", "scores.png", "calibration.png"]


@pytest.fixture
def write(images_of_two_sites):
    def to(folder):
        evaluation = evaluate(images_of_two_sites, alpha=0.1, n_bootstrap=50)
        return write_report(evaluation, images_of_two_sites, folder, title="A test", model="m 12ab", notes=["a note"])

    return to


def test_a_report_is_a_folder_with_a_page_figures_and_scores(write, tmp_path):
    written = write(tmp_path / "new" / "folder")
    assert [path.name for path in written] == NAMES
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(NAMES)
    assert json.loads(written[1].read_text())["title"] == "A test"
    for path in written[3:]:
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert min(picture.size) > 500


def test_every_figure_on_the_page_is_written(write, tmp_path):
    page = write(tmp_path)[0].read_text()
    assert all(f"]({name})" in page for name in NAMES[3:])


def test_a_second_report_replaces_the_first_and_leaves_other_files(write, tmp_path):
    (tmp_path / "evaluation.md").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    write(tmp_path)
    assert (tmp_path / "evaluation.md").read_text().startswith("# A test")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_the_same_report_is_the_same_bytes(write, tmp_path):
    first, second = write(tmp_path / "a"), write(tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_report_that_cannot_be_drawn_leaves_the_older_one(write, tmp_path, monkeypatch):
    (tmp_path / "evaluation.md").write_text("old")

    class Undrawable:
        def savefig(self, *_, **__):
            raise RuntimeError("no font")

    monkeypatch.setattr(report, "_figures", lambda *_: {"roc.png": Undrawable()})
    with pytest.raises(RuntimeError):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.md"]
    assert (tmp_path / "evaluation.md").read_text() == "old"


def test_an_output_that_is_a_file_is_refused_by_name(write, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DatasetError, match="taken: cannot be written to"):
        write(tmp_path / "taken")


def test_measuring_imports_neither_torch_nor_a_screen():
    code = "import sys, mammolens.evaluation.report; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "monai", "monailabel", "typer", "rich", "matplotlib.pyplot"} & set(found.stdout.split())
