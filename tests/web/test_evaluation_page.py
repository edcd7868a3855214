from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mammolens.datasets.base import Dataset
from mammolens.evaluation.report import PAGE, write_report
from mammolens.evaluation.score_evaluation import evaluate_scores
from mammolens.evaluation.scoring import score_cases
from mammolens.inference.predictor import Predictor
from mammolens.models.store import pretrained_directory
from mammolens.web.evaluation_page import parts_of
from mammolens.web.gallery import GalleryCategory
from mammolens.web.model_figures import read_model_figures
from mammolens.web.settings import WebSettings

from ..patience import PATIENCE_S


@pytest.fixture(scope="module")
def an_evaluation(a_predictor: Predictor, phantoms: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `mammolens evaluate` writes, of four patients."""
    folder = tmp_path_factory.mktemp("evaluation")
    patients = (*phantoms.patients[:2], *phantoms.patients[-2:])
    cases = phantoms.where(lambda case: case.patient_id in patients and case.attributes.view in (None, "CC")).cases

    def fail(error: Exception) -> None:
        raise error

    images = list(score_cases(a_predictor, cases, on_error=fail))
    measured = evaluate_scores(images, alpha=0.1, n_bootstrap=20)
    write_report(measured, images, folder, title="Phantoms", model=a_predictor.model_id)
    return folder


def _page(settings_json: str) -> None:
    from mammolens.web.evaluation_page import evaluation_page
    from mammolens.web.settings import WebSettings

    evaluation_page(WebSettings.model_validate_json(settings_json))


def opened(settings: WebSettings) -> AppTest:
    return AppTest.from_function(_page, args=(settings.model_dump_json(),), default_timeout=PATIENCE_S).run()


def alerts(page: AppTest) -> list[str]:
    return [element.proto.body for element in page.get("html") if 'role="alert"' in element.proto.body]


def test_text_and_figures_come_in_their_order(tmp_path):
    (tmp_path / "roc.png").write_bytes(b"png")
    page = "# Title\n\n![roc](roc.png)\n\nafter\n\n![gone](gone.png)\n"
    assert list(parts_of(page, tmp_path)) == ["# Title", tmp_path / "roc.png", "after"]


def test_a_picture_from_elsewhere_becomes_text(tmp_path):
    (text,) = parts_of("a ![x](http://evil.example/x.png) b", tmp_path)
    assert "![" not in text


def test_without_an_evaluation_the_page_shows_the_figures_of_the_shipped_model():
    page = opened(WebSettings())
    assert not page.exception
    (shown,) = [element.proto.body for element in page.get("html")]
    figures = read_model_figures(pretrained_directory())
    assert figures is not None
    assert len(figures.rows) >= 3
    for question, answer, interval in figures.rows:
        assert f"{question}</th><td>{answer}</td><td>{interval}</td>" in shown
    assert "not accurate enough to rely on" in shown
    assert "mammolens evaluate" not in shown


def test_a_model_that_was_not_evaluated_has_no_figures(a_trained_model):
    page = opened(WebSettings(model=a_trained_model))
    assert "has not been evaluated" in page.markdown[0].value


def test_of_a_server_the_page_shows_no_figures_of_another_model():
    page = opened(WebSettings(server="http://127.0.0.1:9"))
    assert not page.get("html")
    assert "server" in page.markdown[0].value


def test_a_folder_without_an_evaluation_is_an_error_with_the_remedy(tmp_path):
    page = opened(WebSettings(evaluation=tmp_path))
    assert PAGE in alerts(page)[0]


def test_the_report_is_shown_with_its_tables_and_plots(an_evaluation):
    page = opened(WebSettings(evaluation=an_evaluation))
    assert not page.exception
    assert page.markdown[0].value.startswith("# Phantoms")
    figures = [element.proto.body for element in page.get("html")]
    assert len(figures) == len(list(an_evaluation.glob("*.png")))
    assert all("alt=" in figure for figure in figures)
    assert not page.toggle


def test_the_gallery_is_drawn_from_the_local_folder_when_asked_for(an_evaluation, phantoms, a_trained_model):
    folder = phantoms.cases[0].path.parents[1]
    page = opened(WebSettings(evaluation=an_evaluation, images=folder, model=a_trained_model))
    before = len(page.get("html"))
    page = page.toggle[0].set_value(True).run()
    assert not page.exception
    assert [one.value for one in page.subheader] == list(GalleryCategory)
    assert not alerts(page)
    drawn = len(page.get("html"))
    assert drawn > before
    page = page.run()
    assert not page.exception
    assert len(page.get("html")) == drawn


def test_the_gallery_is_of_the_evaluation_as_it_is_now(an_evaluation, phantoms, a_trained_model, tmp_path):
    evaluation = Path(shutil.copytree(an_evaluation, tmp_path / "evaluation"))
    folder = phantoms.cases[0].path.parents[1]
    page = opened(WebSettings(evaluation=evaluation, images=folder, model=a_trained_model))
    page = page.toggle[0].set_value(True).run()
    assert not alerts(page)
    record = evaluation / "evaluation.json"
    record.write_bytes(record.read_bytes().replace(b'"model": "tiny-', b'"model": "other-'))
    scores = evaluation / "scores.csv"
    later = scores.stat().st_mtime_ns + 10**9
    os.utime(scores, ns=(later, later))
    assert "another model" in alerts(page.run())[0]


def test_a_gallery_by_another_model_than_the_evaluated_one_says_so(an_evaluation, phantoms, a_trained_model, tmp_path):
    evaluation = tmp_path / "evaluation"
    evaluation.mkdir()
    for file in an_evaluation.iterdir():
        content = file.read_bytes()
        if file.name == "evaluation.json":
            content = content.replace(b'"model": "tiny-', b'"model": "other-')
        (evaluation / file.name).write_bytes(content)
    page = opened(WebSettings(evaluation=evaluation, images=tmp_path / "none", model=a_trained_model))
    page = page.toggle[0].set_value(True).run()
    assert "message error" in alerts(page)[0]
    folder = phantoms.cases[0].path.parents[1]
    page = opened(WebSettings(evaluation=evaluation, images=folder, model=a_trained_model))
    page = page.toggle[0].set_value(True).run()
    assert "another model" in alerts(page)[0]
