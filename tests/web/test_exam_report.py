import re

import pytest

from mammolens import RESEARCH_USE_ONLY
from mammolens.web import words
from mammolens.web.exam_report import report_html, report_pdf


def named(exam, patient: str):
    views = [
        view.model_copy(update={"record": view.record.model_copy(update={"patient": patient})}) for view in exam.views
    ]
    return exam.model_copy(update={"patient": patient, "views": views})


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


@pytest.fixture
def an_exam_shown(a_presentation):
    return a_presentation.exams[0]


def test_the_page_stands_alone_and_tells_everything(an_exam_shown, results):
    page = report_html(an_exam_shown, results, "somewhere")
    record = an_exam_shown.of_exam
    for text in (RESEARCH_USE_ONLY, words.headline(an_exam_shown), record.model, record.calibration, "somewhere"):
        assert text in page
    assert page.count("data:image/jpeg") == 4
    assert "://" not in re.sub(r'data:[^"]*', "", page)


def test_what_a_header_says_is_text_and_nothing_else(an_exam_shown, results):
    page = report_html(named(an_exam_shown, "<script>x</script>"), results)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_pdf_is_one_page_whatever_there_is_to_tell(an_exam_shown, results, monkeypatch):
    no_formula = named(an_exam_shown, "$\\frac{$")
    monkeypatch.setattr(words, "finding_lines", lambda _: ["a finding of many words " * 8] * 40)
    monkeypatch.setattr(words, "flag_lines", lambda _: ["a flag"] * 60)
    assert pages(report_pdf(no_formula, results)) == 1
