from __future__ import annotations

from datetime import timedelta

from mammolens.enums import Verdict
from mammolens.review.effective_verdict import effective_verdict, effective_verdicts
from mammolens.review.policy import latest, two_readers

from .conftest import NOON, decision, undo

NORMAL, FINDING, POOR = Verdict.NORMAL, Verdict.FINDING, Verdict.POOR_QUALITY


def test_an_exam_is_open_until_each_of_its_images_has_a_verdict():
    standing = effective_verdict("e-1", [decision(images=("1.1",))], latest)
    assert standing.verdict() is NORMAL
    assert standing.verdict(["1.1", "1.2"]) is None
    assert effective_verdict("e-1", [], latest).verdict() is None


def test_the_gravest_verdict_of_its_images_is_the_exams():
    decisions = [decision(images=("1.1", "1.2", "1.3")), decision(images=("1.2",), verdict=POOR)]
    assert effective_verdict("e-1", decisions, latest).verdict() is POOR
    decisions.append(decision(images=("1.3",), verdict=FINDING))
    assert effective_verdict("e-1", decisions, latest).verdict() is FINDING


def test_an_undo_on_one_image_leaves_the_others():
    before, taken = decision(), decision(verdict=FINDING)
    standing = effective_verdict("e-1", [before, taken, undo(taken, images=("1.2.1",))], latest)
    assert standing.images == {"1.2.1": NORMAL, "1.2.2": FINDING}
    assert len(standing.decisions) == 2


def test_what_is_undone_everywhere_counts_no_more():
    taken = decision()
    standing = effective_verdict("e-1", [taken, undo(taken)], latest)
    assert standing.decisions == ()
    assert standing.verdict() is None


def test_an_older_decision_that_was_imported_later_does_not_win():
    newer = decision(verdict=NORMAL, time=NOON)
    older = decision(verdict=FINDING, time=NOON - timedelta(days=1))
    assert effective_verdict("e-1", [newer, older], latest).verdict() is NORMAL


def test_exams_are_kept_apart():
    found = effective_verdicts(
        [decision(), decision(exam_id="e-2", verdict=FINDING), decision(reviewer="berta")], two_readers
    )
    assert {exam: one.verdict() for exam, one in found.items()} == {"e-1": NORMAL, "e-2": None}
