import pytest
from MammoLensLib.errors import ServerError

from .exam_server import SQUARE
from .reader import Reader

FIRST = f"e-{1:016x}"


def decisions(reader: Reader) -> list[dict]:
    return reader.server.exams[FIRST]["decisions"]


@pytest.mark.parametrize(("button", "verdict"), [("normalButton", "normal"), ("poorQualityButton", "poor_quality")])
def test_a_verdict_goes_with_its_comment_and_without_regions(a_reader: Reader, button: str, verdict: str) -> None:
    a_reader.open_first()
    a_reader.click("drawRegionButton")
    a_reader.ui.commentEdit.setPlainText("  seen before ")
    a_reader.click(button)
    assert [(one["verdict"], one["comment"], one["regions"]) for one in decisions(a_reader)] == [
        (verdict, "seen before", [])
    ]
    assert a_reader.ui.commentEdit.plainText == ""


def test_a_finding_takes_its_regions_along_in_one_request(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.click("drawRegionButton")
    assert a_reader.ui.regionsLabel.text == "Regions saved with a finding: 1"
    asked = len(a_reader.server.asked)
    a_reader.click("findingButton")
    assert a_reader.server.asked[asked:] == ["decide"]
    assert decisions(a_reader)[0]["regions"] == [
        {"image": "image1-rcc", "points": SQUARE, "finding_type": None, "birads": None}
    ]
    assert a_reader.ui.decisionLabel.text.endswith(", 1 region")


def test_each_region_may_have_a_type_and_a_category(a_reader: Reader) -> None:
    a_reader.open_first()
    table = a_reader.ui.regionsTable
    assert not table.isVisibleTo(a_reader.widget)
    a_reader.click("drawRegionButton")
    types, categories = (table.cellWidget(0, column) for column in (1, 2))
    types.setCurrentIndex(types.findData("architectural_distortion"))
    a_reader.ui.findingsTable.selectRow(1)
    a_reader.click("adjustFindingButton")
    assert a_reader.column("regionsTable", 0) == ["1 R CC", "2 L CC"]
    types, categories = (table.cellWidget(0, column) for column in (1, 2))
    assert types.currentText == "Architectural distortion"  # a second region leaves the first as it is
    categories.setCurrentIndex(categories.findData("4C"))
    a_reader.click("findingButton")
    assert [(one["finding_type"], one["birads"]) for one in decisions(a_reader)[0]["regions"]] == [
        ("architectural_distortion", "4C"),
        (None, None),
    ]
    assert a_reader.ui.decisionLabel.text.endswith(", 2 regions<br>R CC labelled 4C")


def test_a_selected_finding_can_be_made_a_region_and_removed(a_reader: Reader) -> None:
    a_reader.open_first()
    assert not a_reader.ui.adjustFindingButton.isEnabled()
    a_reader.ui.findingsTable.selectRow(1)
    a_reader.click("adjustFindingButton")
    assert a_reader.regions.images == ["image1-lcc"]
    a_reader.click("removeRegionButton")
    assert a_reader.regions.count == 0
    assert not a_reader.ui.removeRegionButton.isEnabled()


def test_the_decision_shows_who_and_undo_takes_it_back(a_reader: Reader) -> None:
    a_reader.open_first()
    assert a_reader.ui.decisionLabel.text == "Not reviewed."
    assert not a_reader.ui.undoButton.isEnabled()
    a_reader.click("normalButton")
    assert "<b>Normal</b>, by anna" in a_reader.ui.decisionLabel.text
    a_reader.click("undoButton")
    assert "Not reviewed." in a_reader.ui.decisionLabel.text
    assert "Earlier decisions" in a_reader.ui.decisionLabel.text
    assert a_reader.ui.decisionLabel.text.endswith(", undone</p>")
    assert not a_reader.ui.undoButton.isEnabled()


@pytest.mark.parametrize(("typed", "restored"), [("", "of the first"), ("newer", "newer")])
def test_an_undo_brings_the_comment_back_unless_another_one_is_typed(
    a_reader: Reader, typed: str, restored: str
) -> None:
    a_reader.open_first()
    a_reader.ui.commentEdit.setPlainText("of the first")
    a_reader.click("poorQualityButton")
    a_reader.ui.commentEdit.setPlainText(typed)
    a_reader.click("undoButton")
    assert a_reader.ui.commentEdit.plainText == restored


def test_an_undo_that_fails_brings_no_comment_back(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.ui.commentEdit.setPlainText("of the first")
    a_reader.click("poorQualityButton")
    a_reader.server.trouble = ServerError("https://room.test", "the connection was cut", "try again")
    a_reader.click("undoButton")
    assert a_reader.ui.commentEdit.plainText == ""


def test_a_suspect_exam_says_why_and_is_confirmed_by_asking_twice(a_reader: Reader) -> None:
    a_reader.server.exams[FIRST] |= {
        "suspect_reason": "only 2 of 500 are <so> unlike",
        "missing": ["R MLO", "L MLO"],
        "technical_quality": "Quality: R CC <blurred>.",
    }
    a_reader.open_first()
    assert "confirmed as normal, but only 2 of 500 are &lt;so&gt; unlike." in a_reader.ui.examLabel.text
    assert "Missing views: R MLO, L MLO." in a_reader.ui.examLabel.text
    assert "Quality: R CC &lt;blurred&gt;." in a_reader.ui.examLabel.text
    a_reader.click("normalButton")
    assert not decisions(a_reader)
    assert a_reader.ui.normalButton.text == "Confirm a second time"
    a_reader.click("normalButton")
    assert [one["verdict"] for one in decisions(a_reader)] == ["normal"]
    assert a_reader.ui.normalButton.text == "Confirm normal"


def test_a_highly_unusual_exam_is_confirmed_as_normal_twice_and_the_note_comes_after_the_first_time(
    a_reader: Reader,
) -> None:
    a_reader.server.exams[FIRST]["safety_note"] = "Highly unusual <so>. Do you still confirm?"
    a_reader.open_first()
    assert "Highly unusual" not in a_reader.ui.decisionLabel.text
    a_reader.click("normalButton")
    assert not decisions(a_reader)
    assert "<b>Highly unusual &lt;so&gt;. Do you still confirm?</b>" in a_reader.ui.decisionLabel.text
    a_reader.click("normalButton")
    assert [one["confirmed_again"] for one in decisions(a_reader)] == [True]
    assert "<b>Normal</b>, confirmed twice, by anna" in a_reader.ui.decisionLabel.text
    assert "Highly unusual" not in a_reader.ui.decisionLabel.text


def test_next_opens_the_next_exam_with_neither_regions_nor_comment(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.click("drawRegionButton")
    a_reader.ui.commentEdit.setPlainText("of the first")
    a_reader.click("nextButton")
    assert a_reader.scene.exam == f"e-{2:016x}"
    assert a_reader.regions.count == 0
    assert a_reader.ui.commentEdit.plainText == ""
    assert not a_reader.ui.nextButton.isEnabled()  # nothing comes after the second


def test_a_decision_that_is_refused_loses_neither_comment_nor_regions(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.click("drawRegionButton")
    a_reader.ui.commentEdit.setPlainText("important")
    a_reader.server.trouble = ServerError("decision", "you may only read", "ask for the role of an annotator", 403)
    a_reader.click("findingButton")
    assert not decisions(a_reader)
    assert a_reader.ui.commentEdit.plainText == "important"
    assert a_reader.regions.count == 1
    assert "Ask for the role of an annotator." in a_reader.ui.messageLabel.text


def test_without_an_exam_nothing_can_be_decided(a_reader: Reader) -> None:
    a_reader.connect()
    assert not a_reader.ui.decisionSection.isEnabled()


def test_a_decision_that_is_tried_again_has_the_same_name_and_another_one_has_another(a_reader: Reader) -> None:
    a_reader.open_first()
    a_reader.server.trouble = ServerError("https://room.test", "the connection was cut", "try again")
    a_reader.click("normalButton")
    a_reader.click("normalButton")
    a_reader.click("poorQualityButton")
    first, again, other = a_reader.server.ids
    assert first == again
    assert other not in (None, first)
