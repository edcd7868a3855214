import json
import subprocess
import sys

import pytest
from PIL import Image

from mammolens.errors import DatasetError
from mammolens.evaluation import report
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.report import write_report
from mammolens.evaluation.score_evaluation import evaluate_scores

PAGES = ["evaluation.html", "evaluation.md", "evaluation.json", "scores.csv"]
FIGURES = ["scores.png", "calibration.png", "reliability.png", "roc.png", "triage.png"]


@pytest.fixture(scope="module")
def write(images_of_two_sites):
    evaluation = evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=50)

    def to(folder, **given):
        about = {"title": "A test", "model": "m 12ab", "notes": ["a note"]}
        return write_report(evaluation, images_of_two_sites, folder, **about, **given)

    return to


@pytest.fixture(scope="module")
def a_report(write, tmp_path_factory):
    """The paths of a report that is only read."""
    return write(tmp_path_factory.mktemp("report") / "new" / "folder")


@pytest.fixture
def nothing_is_drawn(monkeypatch):
    """A second spared where figures are not the subject."""
    monkeypatch.setattr(report, "_figures", lambda *_: {})


def test_a_report_is_a_folder_with_a_page_figures_and_scores(a_report):
    written = a_report
    assert [path.name for path in written] == [*PAGES, *FIGURES]
    assert sorted(path.name for path in written[0].parent.iterdir()) == sorted([*PAGES, *FIGURES])
    assert json.loads(written[2].read_text())["title"] == "A test"
    for path in written[4:]:
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert min(picture.size) > 500


def test_every_figure_on_the_page_is_written(a_report):
    page = a_report[1].read_text()
    assert all(f"]({name})" in page for name in FIGURES)


@pytest.mark.usefixtures("nothing_is_drawn")
def test_the_html_page_may_go_elsewhere(write, tmp_path):
    written = write(tmp_path / "folder", report=tmp_path / "pages" / "out.html")
    assert written[0] == tmp_path / "pages" / "out.html"
    assert written[0].read_text().startswith("<!DOCTYPE html>")
    assert not (tmp_path / "folder" / "evaluation.html").exists()


def test_lesions_without_normals_have_a_report_of_places_alone(images_with_everything, tmp_path):
    ill = [image for image in images_with_everything if image.abnormal]
    written = write_report(evaluate_scores(ill, alpha=0.1, n_bootstrap=20), ill, tmp_path, title="T", model="m")
    assert [path.name for path in written] == [*PAGES, "scores.png", "froc.png"]
    page = written[1].read_text()
    assert "## Localisation" in page
    assert "## Triage" not in page


def test_normal_breasts_of_abnormal_exams_alone_have_a_report_without_triage(an_image, tmp_path):
    exams = [(f"p{number}", ill) for number in range(6) for ill in (False, True)]
    images = [
        an_image(
            f"{patient}{ill}", patient_id=patient, exam_id=patient, abnormal=ill, laterality="R" if ill else "L",
            pred_score=float(ill), exam_p_value=0.2, exam_is_anomalous=False,
        )
        for patient, ill in exams
    ]  # fmt: skip
    written = write_report(evaluate_scores(images, alpha=0.1, n_bootstrap=20), images, tmp_path, title="T", model="m")
    assert [path.name for path in written] == [*PAGES, "scores.png", "calibration.png", "roc.png"]
    assert "## Triage" not in written[1].read_text()


def test_a_model_that_promises_nothing_has_no_figure_of_promises(images_of_two_sites, tmp_path):
    evaluation = evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=20, rule=DecisionRule("mean_std"))
    written = write_report(evaluation, images_of_two_sites, tmp_path, title="T", model="m")
    assert "calibration.png" not in [path.name for path in written]
    page = written[1].read_text()
    assert "does not control the" in page
    assert "10 %" not in page.split("## Triage")[0]


def test_a_second_report_replaces_the_first_and_leaves_other_files_and_is_the_same_bytes(write, a_report, tmp_path):
    (tmp_path / "evaluation.md").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    written = write(tmp_path)
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in a_report]
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_report_that_cannot_be_drawn_leaves_the_older_one(write, tmp_path, monkeypatch):
    (tmp_path / "evaluation.md").write_text("old")

    class Undrawable:
        def get_layout_engine(self):
            raise RuntimeError("no font")

    monkeypatch.setattr(report, "_figures", lambda *_: {"roc.png": Undrawable()})
    with pytest.raises(RuntimeError):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.md"]
    assert (tmp_path / "evaluation.md").read_text() == "old"


@pytest.mark.usefixtures("nothing_is_drawn")
def test_an_output_that_is_a_file_is_refused_by_name(write, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DatasetError, match="taken: cannot be written to"):
        write(tmp_path / "taken")


@pytest.mark.slow
def test_measuring_imports_neither_torch_nor_a_screen():
    code = "import sys, mammolens.evaluation.score_evaluation, mammolens.evaluation.report; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "monai", "monailabel", "typer", "rich", "matplotlib.pyplot"} & set(found.stdout.split())
