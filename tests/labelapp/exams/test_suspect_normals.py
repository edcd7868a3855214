from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mammolens.enums import Verdict
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.stored_score import StoredScore
from mammolens.labelapp.exams.decisions import Decisions, NewDecision
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.suspect_normals import SuspectNormals, confirmed
from mammolens.review.decision import Decision

EXTREME, USUAL = 99.0, 0.5


class Models:
    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def predictor(self) -> Predictor:
        return self._predictor


@pytest.fixture(scope="module")
def models(a_model: Path) -> Models:
    """The small one, whose twenty normal patients score from 0 to 0.95."""
    return Models(Predictor.load(a_model))


@pytest.fixture
def exams(a_folder_datastore: MammogramFolder) -> Exams:
    return Exams(a_folder_datastore)


@pytest.fixture
def suspect_normals(
    exams: Exams, decisions: Decisions, a_folder_datastore: MammogramFolder, models: Models
) -> SuspectNormals:
    return SuspectNormals(exams, decisions, a_folder_datastore, models, 0.05)


def _score(exam: Exam, images: MammogramFolder, models: Models, score: float) -> None:
    model = models.predictor()
    stored = StoredScore(score, score, 0.5, model.model_id, model.calibration_id)
    images.update_image_infos({image_id: stored.as_info() for image_id in exam.image_ids})


@pytest.fixture
def an_odd_exam(exams: Exams, decisions: Decisions, a_folder_datastore: MammogramFolder, models: Models) -> Exam:
    """Both exams were accepted by Anna; this one scores higher than any normal one."""
    odd, usual = exams.all().values()
    for exam, score in ((odd, EXTREME), (usual, USUAL)):
        _score(exam, a_folder_datastore, models, score)
        decisions.record(exam, NewDecision(Verdict.NORMAL, "anna"))
    return odd


def _listed(suspect_normals: SuspectNormals) -> list[str]:
    return [one.exam.exam_id for one in suspect_normals.listed()]


def test_an_accepted_exam_with_an_extreme_score_is_listed_with_the_reason(
    suspect_normals: SuspectNormals, an_odd_exam: Exam
) -> None:
    (one,) = suspect_normals.listed()
    assert one.exam == an_odd_exam
    assert one.reason == "only 4.8% of normal patients are expected to score as high"


def test_another_persons_decision_confirms_it(
    suspect_normals: SuspectNormals, an_odd_exam: Exam, decisions: Decisions
) -> None:
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "grace"))
    assert _listed(suspect_normals) == []


def test_people_who_looked_at_different_images_have_confirmed_none_of_them(
    suspect_normals: SuspectNormals, an_odd_exam: Exam, decisions: Decisions
) -> None:
    first, *others = an_odd_exam.images
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "grace"), [first])
    assert _listed(suspect_normals) == [an_odd_exam.exam_id]
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "bert"), others)
    assert _listed(suspect_normals) == []


def test_the_same_person_confirms_it_only_after_it_was_listed(
    suspect_normals: SuspectNormals, an_odd_exam: Exam, decisions: Decisions
) -> None:
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "anna"))  # as by a double click
    assert _listed(suspect_normals) == [an_odd_exam.exam_id]
    assert _listed(suspect_normals) == [an_odd_exam.exam_id]
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "anna"))
    assert _listed(suspect_normals) == []


def test_a_listed_exam_says_why_until_it_is_confirmed_and_asking_lists_nothing(
    suspect_normals: SuspectNormals, an_odd_exam: Exam, exams: Exams, decisions: Decisions
) -> None:
    usual = next(exam for exam in exams.all().values() if exam != an_odd_exam)
    assert suspect_normals.reason_of(an_odd_exam) is None  # nobody has seen the list
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "anna"))
    (one,) = suspect_normals.listed()
    assert suspect_normals.reason_of(an_odd_exam) == one.reason
    assert suspect_normals.reason_of(usual) is None
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "anna"))
    assert suspect_normals.reason_of(an_odd_exam) is None


def test_what_was_listed_is_known_after_a_restart(
    suspect_normals: SuspectNormals,
    an_odd_exam: Exam,
    exams: Exams,
    decisions: Decisions,
    a_folder_datastore: MammogramFolder,
    models: Models,
) -> None:
    suspect_normals.listed()
    decisions.record(an_odd_exam, NewDecision(Verdict.NORMAL, "anna"))
    assert _listed(SuspectNormals(exams, decisions, a_folder_datastore, models, 0.05)) == []


def test_an_exam_that_turns_out_to_show_something_is_no_longer_listed(
    suspect_normals: SuspectNormals, an_odd_exam: Exam, decisions: Decisions
) -> None:
    assert _listed(suspect_normals) == [an_odd_exam.exam_id]
    decisions.record(an_odd_exam, NewDecision(Verdict.FINDING, "anna"))
    assert _listed(suspect_normals) == []


def test_exams_that_nobody_accepted_or_the_model_has_not_scored_are_not_listed(
    suspect_normals: SuspectNormals,
    exams: Exams,
    decisions: Decisions,
    a_folder_datastore: MammogramFolder,
    models: Models,
) -> None:
    open_one, unscored = exams.all().values()
    _score(open_one, a_folder_datastore, models, EXTREME)
    decisions.record(unscored, NewDecision(Verdict.NORMAL, "anna"))
    assert _listed(suspect_normals) == []


def test_a_share_of_zero_lists_nothing(
    an_odd_exam: Exam, exams: Exams, decisions: Decisions, a_folder_datastore: MammogramFolder, models: Models
) -> None:
    assert _listed(SuspectNormals(exams, decisions, a_folder_datastore, models, 0.0)) == []


def test_a_decision_for_something_else_confirms_nothing() -> None:
    listed_at = datetime(2026, 1, 1, tzinfo=UTC)
    before = Decision("e-1", ("1.2",), Verdict.NORMAL, "anna", time=listed_at - timedelta(days=1))
    after = Decision("e-1", ("1.2",), Verdict.POOR_QUALITY, "grace", time=listed_at + timedelta(days=1))
    assert not confirmed([before, after], listed_at)
    assert not confirmed([before], None)
