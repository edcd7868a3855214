"""Order, filter and words of the worklist."""

import pytest
from MammoLensLib.answers import ExamEntry
from MammoLensLib.worklist import arranged, status

ENTRIES = [
    ExamEntry("done", "Alpha", "2026-01-02", exam_p_value=0.01, verdict="finding", reviewer="mk"),
    ExamEntry("plain", "Beta", "2026-02-03", views=("R CC", "L CC"), exam_p_value=0.6, exam_is_anomalous=False),
    ExamEntry("unknown", "Gamma", state="new"),
    ExamEntry("worst", "Delta", "2026-02-04", exam_p_value=0.02, exam_is_anomalous=True),
    ExamEntry("done well", "Epsilon", exam_p_value=0.9, verdict="normal"),
]


def test_unreviewed_exams_come_first_and_of_these_the_most_anomalous() -> None:
    assert [entry.exam for entry in arranged(ENTRIES)] == ["worst", "plain", "unknown", "done", "done well"]


def test_reviewed_exams_can_be_left_out() -> None:
    assert [entry.exam for entry in arranged(ENTRIES, unreviewed_only=True)] == ["worst", "plain", "unknown"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("beta", ["plain"]),
        ("2026-02", ["worst", "plain"]),
        ("2026-02 r cc", ["plain"]),
        ("FINDING", ["done"]),
        ("mk", ["done"]),
        ("  ", ["worst", "plain", "unknown", "done", "done well"]),
        ("nobody", []),
    ],
)
def test_the_filter_wants_each_word_somewhere(text: str, found: list[str]) -> None:
    assert [entry.exam for entry in arranged(ENTRIES, text)] == found


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (ExamEntry("e", verdict="poor_quality", reviewer="mk"), "poor quality, mk"),
        (ExamEntry("e", verdict="normal", state="running"), "normal"),
        (ExamEntry("e", open=True, readers=("anna",), exam_is_anomalous=True), "open, read by anna"),
        (ExamEntry("e", state="running", exam_is_anomalous=True), "being judged"),
        (ExamEntry("e", state="failed"), "cannot be judged"),
        (ExamEntry("e", state="new"), "not judged yet"),
        (ExamEntry("e", state="new", exam_is_anomalous=True), "flagged"),
        (ExamEntry("e", state="done", exam_is_anomalous=False), "not flagged"),
    ],
)
def test_the_status_is_told_in_words(entry: ExamEntry, words: str) -> None:
    assert status(entry) == words
