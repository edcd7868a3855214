import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mammolens.enums import Verdict
from mammolens.errors import DatasetError, RequestError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.review import verdict_of
from mammolens.labelapp.reading.decisions import Decisions, Order, Region, exam_verdict, last_mark


@pytest.fixture
def an_exam(a_folder_datastore: MammogramFolder) -> list[str]:
    return a_folder_datastore.list_images()[:4]


@pytest.fixture
def decisions(a_folder_datastore: MammogramFolder) -> Decisions:
    return Decisions(a_folder_datastore)


def _verdict(datastore: MammogramFolder, exam: list[str]) -> Verdict | None:
    return exam_verdict(list(datastore.infos(exam).values()))


def test_a_decision_marks_every_image_and_is_told_once(
    decisions: Decisions, a_folder_datastore: MammogramFolder, an_exam: list[str]
) -> None:
    region = Region(an_exam[1], ((1.0, 2.0), (3.5, 4.0)))
    order = Order(Verdict.FINDING, "ada", "upper outer", "OHIF", (region,), "m-1", 0.03)
    decisions.decide(an_exam, order)
    told = decisions.history(an_exam)
    assert [decision.order for decision in told] == [order]
    assert told[0].images == an_exam
    assert not told[0].is_undone
    assert told[0].time.endswith("Z")
    assert all(verdict_of(a_folder_datastore.get_image_info(image)) is Verdict.FINDING for image in an_exam)
    assert last_mark(list(a_folder_datastore.infos(an_exam).values()))["user"] == "ada"


def test_an_undone_decision_stays_in_the_history_and_the_one_before_counts_again(
    decisions: Decisions, a_folder_datastore: MammogramFolder, an_exam: list[str]
) -> None:
    decisions.decide(an_exam, Order(Verdict.NORMAL, "ada"))
    decisions.decide(an_exam, Order(Verdict.FINDING, "grace"))
    decisions.undo(an_exam, "grace")
    assert _verdict(a_folder_datastore, an_exam) is Verdict.NORMAL
    assert [(one.order.verdict, one.is_undone) for one in decisions.history(an_exam)] == [
        (Verdict.NORMAL, False),
        (Verdict.FINDING, True),
    ]
    decisions.undo(an_exam, "grace")
    assert _verdict(a_folder_datastore, an_exam) is None
    with pytest.raises(DatasetError, match="none that could be taken back"):
        decisions.undo(an_exam, "grace")
    decisions.decide(an_exam, Order(Verdict.POOR_QUALITY, "ada"))
    assert [one.is_undone for one in decisions.history(an_exam)] == [True, True, False]
    assert _verdict(a_folder_datastore, an_exam) is Verdict.POOR_QUALITY
    assert len(a_folder_datastore.get_image_info(an_exam[0])["reviews"]) == 5


def test_marks_of_single_images_belong_to_the_history_and_count(
    decisions: Decisions, a_folder_datastore: MammogramFolder, an_exam: list[str]
) -> None:
    decisions.decide(an_exam, Order(Verdict.NORMAL, "ada"))
    a_folder_datastore.update_image_info(an_exam[2], {"review": {"verdict": "finding"}, "user": "slicer"})
    assert _verdict(a_folder_datastore, an_exam) is Verdict.FINDING
    assert [one.images for one in decisions.history(an_exam)] == [an_exam, [an_exam[2]]]
    decisions.undo(an_exam, "ada")
    assert _verdict(a_folder_datastore, an_exam) is Verdict.NORMAL


def test_an_empty_mark_takes_a_decision_back_on_that_image(
    decisions: Decisions, a_folder_datastore: MammogramFolder, an_exam: list[str]
) -> None:
    decisions.decide(an_exam, Order(Verdict.NORMAL, "ada"))
    a_folder_datastore.update_image_info(an_exam[0], {"review": {}})
    assert _verdict(a_folder_datastore, an_exam) is None
    assert not decisions.history(an_exam)[0].is_undone
    decisions.undo(an_exam, "ada")
    assert decisions.history(an_exam)[0].is_undone


def test_an_exam_has_a_verdict_when_each_image_has_one_and_then_the_gravest() -> None:
    def mark(verdict: str) -> dict[str, Any]:
        return {"review": {"verdict": verdict}}

    assert exam_verdict([mark("normal"), {}]) is None
    assert exam_verdict([mark("normal"), mark("poor_quality")]) is Verdict.POOR_QUALITY
    assert exam_verdict([mark("normal"), mark("poor_quality"), mark("finding")]) is Verdict.FINDING
    assert exam_verdict([]) is None


def test_a_region_of_another_exam_is_refused_and_nothing_is_marked(
    decisions: Decisions, a_folder_datastore: MammogramFolder, an_exam: list[str]
) -> None:
    stranger = Region(a_folder_datastore.list_images()[7], ((1.0, 2.0),))
    with pytest.raises(RequestError, match="is no image of this exam"):
        decisions.decide(an_exam, Order(Verdict.FINDING, "ada", regions=(stranger,)))
    assert decisions.history(an_exam) == []


def test_what_another_client_wrote_as_regions_is_passed_over(
    decisions: Decisions, a_folder_datastore: MammogramFolder, an_exam: list[str]
) -> None:
    mark = {"verdict": "finding", "regions": [5, [["a", "b"]], [[1, 2]]], "exam_p_value": "x", "undoes": "everything"}
    a_folder_datastore.update_image_info(an_exam[0], {"review": mark})
    (told,) = decisions.history(an_exam)
    assert told.order.regions == (Region(an_exam[0], ((1.0, 2.0),)),)
    assert told.order.exam_p_value is None


def test_a_decision_that_comes_while_another_is_taken_back_counts(
    a_folder_datastore: MammogramFolder, an_exam: list[str]
) -> None:
    class Slow:
        """Marks that look on between an undoing's reading and writing."""

        def __init__(self) -> None:
            self.meanwhile: threading.Thread | None = None

        def infos(self, image_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
            infos = a_folder_datastore.infos(image_ids)
            if self.meanwhile:
                self.meanwhile.start()
                self.meanwhile.join(0.3)
            return infos

        def mark_images(self, marks: Mapping[str, Mapping[str, Any]]) -> None:
            a_folder_datastore.mark_images(marks)

    marks = Slow()
    decisions = Decisions(marks)
    decisions.decide(an_exam, Order(Verdict.NORMAL, "ada"))
    marks.meanwhile = threading.Thread(target=lambda: decisions.decide(an_exam, Order(Verdict.FINDING, "grace")))
    decisions.undo(an_exam, "ada")
    marks.meanwhile.join(30)
    assert _verdict(a_folder_datastore, an_exam) is Verdict.FINDING
