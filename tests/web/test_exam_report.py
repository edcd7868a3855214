import re

import pytest

from mammolens import RESEARCH_USE_ONLY
from mammolens.web import exam_report, exam_summary
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
    for text in (
        RESEARCH_USE_ONLY,
        exam_summary.headline(an_exam_shown),
        record.model,
        record.calibration,
        record.limitation,
        "somewhere",
    ):
        assert text in page
    assert page.count("data:image/jpeg") == 4
    assert "://" not in re.sub(r'data:[^"]*', "", page)


def test_what_a_header_says_is_text_and_nothing_else(an_exam_shown, results):
    page = report_html(named(an_exam_shown, "<script>x</script>"), results)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_pdf_is_one_page_whatever_there_is_to_tell(an_exam_shown, results, monkeypatch):
    no_formula = named(an_exam_shown, "$\\frac{$")
    monkeypatch.setattr(exam_summary, "finding_lines", lambda _: ["a finding of many words " * 8] * 40)
    monkeypatch.setattr(exam_summary, "flag_lines", lambda _: ["a flag"] * 60)
    assert pages(report_pdf(no_formula, results)) == 1


@pytest.mark.filterwarnings("error:Glyph")
@pytest.mark.parametrize("patient", ["病历号-0042", "김순", "Ван 王 \u0905"], ids=["chinese", "korean", "several"])
def test_the_pdf_has_letters_for_patients_of_other_scripts(an_exam_shown, results, patient):
    assert b"DroidSansFallback" not in report_pdf(an_exam_shown, results)
    assert b"DroidSansFallback" in report_pdf(named(an_exam_shown, patient), results)


def test_the_pdf_shows_the_highest_scores_in_the_exams_order_and_says_that_more_is_not_there(
    an_exam_shown, results, monkeypatch
):
    views = [
        an_exam_shown.views[0].model_copy(
            update={
                "record": an_exam_shown.views[0].record.model_copy(update={"pred_score": score, "path": str(score)})
            }
        )
        for score in (3.0, 1.0, 6.0, 2.0, 5.0, 4.0)
    ]
    drawn, written = [], []
    draw, write = exam_report.composed, exam_report._write

    def see(view, numbers, folder):
        drawn.append(view.record.pred_score)
        return draw(view, numbers, folder)

    def read(figure, top, texts, *args, **options):
        written.extend(texts)
        return write(figure, top, texts, *args, **options)

    monkeypatch.setattr(exam_report, "composed", see)
    monkeypatch.setattr(exam_report, "_write", read)
    report_pdf(an_exam_shown.model_copy(update={"views": views}), results)
    assert drawn == [3.0, 6.0, 5.0, 4.0]
    assert any(text.startswith("The 4 highest-scoring of 6 images are shown") for text in written)
    written.clear()
    report_pdf(an_exam_shown, results)
    assert not any("are shown" in text for text in written)
