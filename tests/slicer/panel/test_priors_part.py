from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from MammoLensLib.comparison import Comparison
from MammoLensLib.errors import ServerError

from .exam_server import ExamServer, exam_of
from .reader import Reader

SEEN = {"status": "seen", "text": "Seen before, on 2024-01-01: evidence 1.2, then 1.1"}


@pytest.fixture
def with_priors(read: Callable[..., Reader]) -> Reader:
    """An exam with two priors, the earlier of which was not analysed and has one view only."""
    exam = exam_of(1, 0.03, "Anna")
    exam["priors"] = [_prior("p-2", "2024-01-01", "done", "RL"), _prior("p-1", "2022-01-01", "new", "R")]
    exam["prior_cautions"] = ["One exam has no date."]
    exam["views_in_detail"][0]["findings"][0]["prior"] = SEEN
    return read(ExamServer(exam))


def _prior(exam: str, day: str, state: str, sides: str) -> dict[str, Any]:
    views = [
        {"current": f"image1-{side.lower()}cc", "image": f"{exam}-{side}", "laterality": side, "view": "CC",
         "name": f"{side} CC"}
        for side in sides
    ]  # fmt: skip
    return {
        "exam": exam, "study_date": day, "state": state, "views": views, "verdict_label": None,
        "score_text": "Score 4 of 10 (p = 0.7)" if state == "done" else None,
        "unmatched": [] if len(sides) == 2 else ["L CC"],
    }  # fmt: skip


def test_without_priors_nothing_is_said_of_them(a_reader: Reader) -> None:
    a_reader.open_first()
    assert a_reader.ui.priorsSection.isHidden()
    assert a_reader.ui.findingsTable.isColumnHidden(3)


def test_priors_are_listed_and_findings_say_what_was_seen_before(with_priors: Reader) -> None:
    with_priors.open_first()
    ui = with_priors.ui
    assert not ui.priorsSection.isHidden()
    listed = [ui.priorBox.itemText(number) for number in range(ui.priorBox.count)]
    assert listed == ["2024-01-01, Score 4 of 10 (p = 0.7)", "2022-01-01, not analysed"]
    assert "One exam has no date." in ui.priorsLabel.text
    assert "do not affect score" in ui.priorsLabel.text
    assert with_priors.column("findingsTable", 3) == ["Seen before", ""]
    assert SEEN["text"] in ui.findingsTable.item(0, 1).toolTip()


def test_a_prior_is_fetched_once_and_shown_beside_the_view_that_it_matches(with_priors: Reader) -> None:
    with_priors.open_first()
    asked = len(with_priors.server.asked)
    with_priors.click("compareBothButton")
    assert with_priors.scene.prior == {
        "R CC prior 2024-01-01": "image1-rcc",
        "L CC prior 2024-01-01": "image1-lcc",
    }
    assert with_priors.scene.comparison is Comparison.BOTH
    assert with_priors.server.asked[asked:] == ["download_image", "download_map float"] * 2
    with_priors.click("comparePriorButton")
    with_priors.click("compareCurrentButton")
    assert with_priors.scene.comparison is Comparison.CURRENT
    assert len(with_priors.server.asked) == asked + 4
    assert with_priors.ui.compareCurrentButton.isChecked()
    assert not with_priors.ui.comparePriorButton.isChecked()


def test_another_prior_is_chosen_analysed_and_shown_again_with_its_heat(with_priors: Reader) -> None:
    with_priors.open_first()
    ui = with_priors.ui
    assert ui.analysePriorButton.isHidden()
    with_priors.click("compareBothButton")
    ui.priorBox.activated.emit(1)
    with_priors.wait()
    assert list(with_priors.scene.prior) == ["R CC prior 2022-01-01"]
    assert "No comparable prior view: L CC." in ui.priorsLabel.text
    asked = len(with_priors.server.asked)
    with_priors.server.exams[with_priors.scene.exam]["priors"][1]["state"] = "done"
    with_priors.server.exams["p-1"] = exam_of(9, 0.5, "Anna")
    with_priors.click("analysePriorButton")
    assert with_priors.server.asked[asked:] == ["infer", "exam", "download_image", "download_map float"]


def test_a_prior_that_cannot_be_loaded_leaves_the_current_exam_alone(with_priors: Reader) -> None:
    with_priors.open_first()
    with_priors.server.trouble = ServerError("image", "is gone", "reload")
    with_priors.click("comparePriorButton")
    assert "is gone" in with_priors.ui.messageLabel.text
    assert with_priors.scene.comparison is Comparison.CURRENT
    assert with_priors.ui.compareCurrentButton.isChecked()
    assert not with_priors.ui.comparePriorButton.isChecked()
