"""Filter and words of the worklist."""

import pytest
from MammoLensLib.answers import ExamEntry
from MammoLensLib.worklist import filtered, status

ENTRIES = [
    ExamEntry(
        "done", "Alpha", "2026-01-02", exam_p_value=0.01, verdict="finding", verdict_label="Finding", reviewer="mk"
    ),
    ExamEntry("plain", "Beta", "2026-02-03", views=("R CC", "L CC"), exam_p_value=0.6, exam_is_anomalous=False),
    ExamEntry("unknown", "Gamma", state="new"),
    ExamEntry("worst", "Delta", "2026-02-04", exam_p_value=0.02, exam_is_anomalous=True),
    ExamEntry("done well", "Epsilon", exam_p_value=0.9, verdict="normal", verdict_label="Normal"),
]


def test_reviewed_exams_can_be_left_out() -> None:
    assert [entry.exam for entry in filtered(ENTRIES, unreviewed_only=True)] == ["plain", "unknown", "worst"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("beta", ["plain"]),
        ("2026-02", ["plain", "worst"]),
        ("2026-02 r cc", ["plain"]),
        ("FINDING", ["done"]),
        ("mk", ["done"]),
        ("  ", ["done", "plain", "unknown", "worst", "done well"]),
        ("nobody", []),
    ],
)
def test_the_filter_wants_each_word_somewhere(text: str, found: list[str]) -> None:
    assert [entry.exam for entry in filtered(ENTRIES, text)] == found


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (ExamEntry("e", verdict="poor_quality", verdict_label="Poor quality", reviewer="mk"), "Poor quality, mk"),
        (ExamEntry("e", verdict="normal", verdict_label="Normal", state="running"), "Normal"),
        (ExamEntry("e", open=True, readers=("anna",), exam_is_anomalous=True), "open, read by anna"),
        (ExamEntry("e", state="running", exam_is_anomalous=True), "being analysed"),
        (ExamEntry("e", state="failed"), "cannot be analysed"),
        (ExamEntry("e", state="new"), "not analysed yet"),
        (ExamEntry("e", state="new", exam_is_anomalous=True), "flagged"),
        (ExamEntry("e", state="done", exam_is_anomalous=False), "not flagged"),
    ],
)
def test_the_status_is_told_in_words(entry: ExamEntry, words: str) -> None:
    assert status(entry) == words
