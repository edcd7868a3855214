from .exam_server import SHARE
from .reader import Reader


def test_findings_are_listed_by_their_number_in_the_exam_with_area(a_reader: Reader) -> None:
    a_reader.open_first()
    assert a_reader.column("findingsTable", 0) == ["R CC", "L CC"]
    assert a_reader.column("findingsTable", 1) == [f"{number}: outer, middle third, high, {SHARE}" for number in (1, 2)]
    assert a_reader.column("findingsTable", 2)[0] == "42 mm²"
    assert a_reader.ui.findingsLabel.text == "and 2 with lower peaks"


def test_choosing_a_finding_shows_it(a_reader: Reader) -> None:
    a_reader.open_first()
    assert a_reader.scene.finding is None
    a_reader.ui.findingsTable.selectRow(1)
    assert a_reader.scene.finding == ("image1-lcc", 1)
    assert a_reader.ui.findingsLabel.text == (
        f"L CC, outer, middle third, 42 mm2, high, {SHARE}<br>and 2 with lower peaks"
    )


def test_a_finding_that_cannot_be_shown_says_why(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.scene.broken = True
    a_reader.ui.findingsTable.selectRow(0)
    assert "Remove the transform." in a_reader.ui.messageLabel.text


def test_the_exam_is_told_in_words(a_reader: Reader) -> None:
    a_reader.open_first()
    told = a_reader.ui.examLabel.text
    assert "Anna, 2026-01-01" in told
    assert "Flagged." in told
    assert "<b>Score of p = 0.03</b>" in told
    assert "More anomalous than 97 % of normal exams." in told
    assert "Right breast: Score 2 of 10. Usual." in told
    assert "No pixel size is known." in a_reader.ui.viewsLabel.text


def test_a_patient_whose_name_looks_like_html_keeps_it(a_reader: Reader) -> None:
    a_reader.server.exams[f"e-{1:016x}"]["patient"] = "<h1>Anna</h1>"
    a_reader.open_first()
    assert "&lt;h1&gt;Anna" in a_reader.ui.examLabel.text


def test_an_exam_without_findings_says_so(a_reader: Reader) -> None:
    for view in a_reader.server.exams[f"e-{1:016x}"]["views_in_detail"]:
        view.update(findings=[], findings_left_out=0)
    a_reader.open_first()
    assert a_reader.ui.findingsTable.rowCount == 0
    assert a_reader.ui.findingsLabel.text == "No findings."


def test_an_exam_without_a_result_is_not_shown_as_one_without_findings(a_reader: Reader) -> None:
    exam = a_reader.server.exams[f"e-{1:016x}"]
    exam.update(state="failed", problems=["R CC: the image is blank"])
    for view in exam["views_in_detail"]:
        view.update(findings=[], findings_left_out=0)
    a_reader.open_first()
    assert a_reader.ui.findingsLabel.text == "Not analysed."
    assert "R CC: the image is blank" in a_reader.ui.examLabel.text
