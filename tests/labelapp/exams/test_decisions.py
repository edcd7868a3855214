import errno
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mammolens.enums import FindingType, NormalityCategory, Verdict
from mammolens.errors import DatasetError, RequestError, StorageError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.decisions import Decisions, NewDecision, ShownResult
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.parameters import DrawnRegion
from mammolens.review.decision import Origin
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName

from ...patience import PATIENCE_S

OUTLINE = ((1.0, 2.0), (3.5, 4.0), (1.0, 4.0))


@pytest.fixture
def two_exams(a_folder_datastore: MammogramFolder) -> list[Exam]:
    return list(Exams(a_folder_datastore).all().values())


@pytest.fixture
def an_exam(two_exams: list[Exam]) -> Exam:
    return two_exams[0]


def _told(decisions: Decisions, exam: Exam) -> list[tuple[Verdict | None, bool]]:
    ours = decisions.of(exam)
    return [(one.verdict, not ours.images_of(one)) for one in ours.history]


def test_a_decision_holds_for_every_image_and_is_told_once(decisions: Decisions, an_exam: Exam) -> None:
    drawn, seen = (
        DrawnRegion(image=an_exam.image_ids[1], points=OUTLINE, finding_type=FindingType.MASS),
        ShownResult("m-1", "c-1", 0.03, 2.5),
    )
    decisions.record(an_exam, NewDecision(Verdict.FINDING, "ada", "upper outer", "OHIF", (drawn,), seen))
    (told,) = decisions.history(an_exam)
    assert told.images == an_exam.sop_instance_uids
    assert (told.verdict, told.reviewer, told.comment, told.viewer) == (Verdict.FINDING, "ada", "upper outer", "OHIF")
    assert (told.model, told.calibration, told.exam_p_value, told.exam_score) == ("m-1", "c-1", 0.03, 2.5)
    (region,) = told.regions
    assert (region.image, region.points) == (an_exam.images[1].sop_instance_uid, OUTLINE)
    assert (region.finding_type, region.birads) == (FindingType.MASS, None)
    assert told.origin is Origin.VIEWER
    assert decisions.verdict(an_exam) is Verdict.FINDING


def test_an_undone_decision_stays_in_the_history_and_the_one_before_counts_again(
    decisions: Decisions, an_exam: Exam
) -> None:
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    decisions.record(an_exam, NewDecision(Verdict.FINDING, "grace"))
    decisions.undo(an_exam, "grace")
    assert decisions.verdict(an_exam) is Verdict.NORMAL
    assert _told(decisions, an_exam) == [(Verdict.NORMAL, False), (Verdict.FINDING, True)]
    decisions.undo(an_exam, "grace")
    assert decisions.verdict(an_exam) is None
    with pytest.raises(DatasetError, match="there is nothing to undo"):
        decisions.undo(an_exam, "grace")
    decisions.record(an_exam, NewDecision(Verdict.POOR_QUALITY, "ada"))
    assert [undone for _, undone in _told(decisions, an_exam)] == [True, True, False]
    assert decisions.verdict(an_exam) is Verdict.POOR_QUALITY
    assert len(decisions.of(an_exam).entries) == 5


def test_an_undo_takes_a_decision_back_where_it_still_counts(decisions: Decisions, an_exam: Exam) -> None:
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    decisions.undo(an_exam, "ada", image=an_exam.images[0])
    assert decisions.verdict(an_exam) is None
    assert _told(decisions, an_exam) == [(Verdict.NORMAL, False)]
    undone = decisions.undo(an_exam, "ada").decision
    assert set(undone.images) == set(an_exam.sop_instance_uids[1:])
    assert _told(decisions, an_exam) == [(Verdict.NORMAL, True)]


def test_an_exam_with_a_view_more_has_no_verdict_until_that_has_one(decisions: Decisions, an_exam: Exam) -> None:
    fewer = Exam(an_exam.exam_id, an_exam.patient, an_exam.images[:3])
    decisions.record(fewer, NewDecision(Verdict.NORMAL, "ada"))
    assert decisions.verdict(fewer) is Verdict.NORMAL
    assert decisions.verdict(an_exam) is None
    decisions.record(an_exam, NewDecision(Verdict.POOR_QUALITY, "ada"), an_exam.images[3:])
    assert decisions.verdict(an_exam) is Verdict.POOR_QUALITY


def test_a_copy_of_an_image_is_decided_on_once(decisions: Decisions, an_exam: Exam) -> None:
    doubled = Exam(an_exam.exam_id, an_exam.patient, (*an_exam.images, an_exam.images[0]))
    decisions.record(doubled, NewDecision(Verdict.NORMAL, "ada"))
    assert decisions.verdict(doubled) is Verdict.NORMAL


def test_a_region_of_another_exam_is_refused_and_nothing_is_kept(decisions: Decisions, two_exams: list[Exam]) -> None:
    stranger = DrawnRegion(image=two_exams[1].image_ids[0], points=OUTLINE)
    with pytest.raises(RequestError, match="is not an image of this exam"):
        decisions.record(two_exams[0], NewDecision(Verdict.FINDING, "ada", drawn=(stranger,)))
    assert decisions.now().entries == ()


def test_what_is_sent_again_with_its_id_is_kept_once(decisions: Decisions, two_exams: list[Exam]) -> None:
    exam, other = two_exams
    one, two = uuid.uuid4(), uuid.uuid4()
    for _ in range(3):
        decisions.record(exam, NewDecision(Verdict.NORMAL, "ada", decision_id=one))
    assert len(decisions.now().entries) == 1
    decisions.record(exam, NewDecision(Verdict.FINDING, "ada"))
    for _ in range(3):
        decisions.undo(exam, "ada", decision_id=two)
    assert len(decisions.now().entries) == 3
    assert decisions.verdict(exam) is Verdict.NORMAL
    for refused in (
        lambda: decisions.record(exam, NewDecision(Verdict.FINDING, "ada", decision_id=one)),
        lambda: decisions.undo(exam, "ada", decision_id=one),
        lambda: decisions.undo(other, "ada", decision_id=two),
        lambda: decisions.undo(exam, "grace", decision_id=two),
    ):
        with pytest.raises(RequestError, match="a different decision with this id"):
            refused()


def test_a_decision_that_says_what_counts_already_is_kept_once(decisions: Decisions, an_exam: Exam) -> None:
    image, other = an_exam.images[:2]
    order, seen = NewDecision(Verdict.NORMAL, "ada"), ShownResult("m-1", "c-1")

    def entries_after(order: NewDecision, image: Any, **since: Any) -> int:
        decisions.record_once(an_exam, order, image, **since)
        return len(decisions.now().entries)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: decisions.record_once(an_exam, order, image), range(8)))
    (entry,) = decisions.now().entries
    assert decisions.record_once(an_exam, order, image) == entry
    assert entries_after(order, other) == 2
    assert entries_after(replace(order, seen=seen), image) == 3  # another model was seen
    assert entries_after(replace(order, seen=seen), image, since=datetime.now(UTC)) == 4
    assert entries_after(replace(order, comment="a scar"), image) == 5
    decisions.record(an_exam, order)
    assert entries_after(order, image) == 7  # the last one was on all images


def test_two_readers_must_agree_where_the_server_wants_two(a_ledger: Ledger, an_exam: Exam) -> None:
    decisions = Decisions(a_ledger, PolicyName.TWO_READERS)
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    assert decisions.verdict(an_exam) is None
    assert [one.reviewer for one in decisions.effective(an_exam).decisions] == ["ada"]
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "grace"))
    assert decisions.verdict(an_exam) is Verdict.NORMAL


def test_undos_at_once_take_a_decision_back_each(decisions: Decisions, an_exam: Exam) -> None:
    for _ in range(8):
        decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: decisions.undo(an_exam, f"reader-{number}"), range(8)))
    assert decisions.effective(an_exam).decisions == ()
    assert len({one.decision.undoes for one in decisions.of(an_exam).entries[8:]}) == 8


def test_a_decision_that_comes_while_another_is_taken_back_counts(
    decisions: Decisions, an_exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    read = decisions.of

    def slowly(exam: Exam) -> Any:
        seen = read(exam)
        grace = threading.Thread(target=lambda: decisions.record(exam, NewDecision(Verdict.FINDING, "grace")))
        grace.start()
        grace.join(PATIENCE_S)
        return seen

    monkeypatch.setattr(decisions, "of", slowly)
    decisions.undo(an_exam, "ada")
    monkeypatch.undo()
    assert decisions.verdict(an_exam) is Verdict.FINDING
    assert _told(decisions, an_exam) == [(Verdict.NORMAL, True), (Verdict.FINDING, False)]


def test_a_full_disk_is_made_room_on_and_the_decision_kept(
    a_ledger: Ledger, an_exam: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, tries = a_ledger.append, []

    def at_first_full(decision: Any) -> Any:
        tries.append(decision)
        if len(tries) == 1:
            full = StorageError("disk", "the disk is full", "free some space")
            full.errno = errno.ENOSPC
            raise full
        return append(decision)

    def with_room(write: Callable[[], Any]) -> Any:
        try:
            return write()
        except StorageError:
            return write()

    monkeypatch.setattr(a_ledger, "append", at_first_full)
    decisions = Decisions(a_ledger, with_room=with_room)
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada"))
    assert len(tries) == 2
    assert decisions.verdict(an_exam) is Verdict.NORMAL


def test_normal_on_a_highly_unusual_exam_takes_a_second_confirmation_that_the_ledger_keeps(
    decisions: Decisions, an_exam: Exam
) -> None:
    seen = ShownResult("m-1", "c-1", 0.01, 5.0, NormalityCategory.HIGHLY_UNUSUAL)
    with pytest.raises(RequestError, match="needs a second confirmation"):
        decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada", seen=seen))
    with pytest.raises(RequestError, match="needs a second confirmation"):
        decisions.record_once(an_exam, NewDecision(Verdict.NORMAL, "ada", seen=seen), an_exam.images[0])
    assert decisions.verdict(an_exam) is None
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada", seen=seen, confirmed_again=True))
    (told,) = decisions.history(an_exam)
    assert (told.verdict, told.second_confirmation) == (Verdict.NORMAL, NormalityCategory.HIGHLY_UNUSUAL)


@pytest.mark.parametrize("category", [None, NormalityCategory.WITHIN_NORMAL_RANGE, NormalityCategory.UNUSUAL])
def test_other_exams_and_verdicts_take_one_confirmation(
    decisions: Decisions, an_exam: Exam, category: NormalityCategory | None
) -> None:
    seen, extreme = (ShownResult(category=one) for one in (category, NormalityCategory.HIGHLY_UNUSUAL))
    decisions.record(an_exam, NewDecision(Verdict.NORMAL, "ada", seen=seen, confirmed_again=True))
    decisions.record(an_exam, NewDecision(Verdict.FINDING, "ada", seen=extreme))
    decisions.record(an_exam, NewDecision(Verdict.POOR_QUALITY, "ada", seen=extreme))
    assert [one.second_confirmation for one in decisions.history(an_exam)] == [None, None, None]
