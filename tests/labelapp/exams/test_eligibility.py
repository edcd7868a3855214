from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mammolens.enums import Verdict
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.decisions import Decisions, NewDecision
from mammolens.labelapp.exams.eligibility import count_normals, eligible_images, patient_of
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.ledger_snapshot import LedgerFollower
from mammolens.review.decision import Decision
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName, latest

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def two_exams(a_folder_datastore: MammogramFolder) -> list[Exam]:
    return list(Exams(a_folder_datastore).all().values())


def test_only_images_that_were_accepted_count(two_exams: list[Exam], decisions: Decisions) -> None:
    decisions.record(two_exams[0], NewDecision(Verdict.NORMAL, "anna"))
    decisions.record(two_exams[1], NewDecision(Verdict.POOR_QUALITY, "anna"))
    assert eligible_images(two_exams, decisions.now()) == {two_exams[0]: list(two_exams[0].images)}


def test_an_image_and_its_copy_count_once(
    two_exams: list[Exam], decisions: Decisions, a_studies_folder: Path, a_folder_datastore: MammogramFolder
) -> None:
    shutil.copy(next(a_studies_folder.rglob("*.dcm")), a_studies_folder / "copy.dcm")
    exams = list(Exams(a_folder_datastore).all().values())
    for exam in exams:
        decisions.record(exam, NewDecision(Verdict.NORMAL, "anna"))
    found = [image for images in eligible_images(exams, decisions.now()).values() for image in images]
    assert sum(len(exam.images) for exam in exams) == 9
    assert len(found) == len({image.sop_instance_uid for image in found}) == 8


def test_nothing_comes_of_a_patient_whose_finding_is_disputed(two_exams: list[Exam], a_ledger: object) -> None:
    decisions = Decisions(a_ledger, PolicyName.TWO_READERS)  # type: ignore[arg-type]
    for exam in two_exams:
        for reader in ("anna", "grace"):
            decisions.record(exam, NewDecision(Verdict.NORMAL, reader))
    decisions.record(two_exams[0], NewDecision(Verdict.FINDING, "emil"))
    assert list(eligible_images(two_exams, decisions.now())) == [two_exams[1]]


def test_an_exam_without_patient_is_a_patient_of_its_own() -> None:
    assert patient_of(Exam("e-1", "", ())) == "e-1"
    assert patient_of(Exam("e-1", "7", ())) == "7"


def test_exams_count_whose_standing_verdict_is_normal_by_a_later_decision(tmp_path: Path) -> None:
    def decide(exam: str, verdict: Verdict, hours: int) -> None:
        at = NOON + timedelta(hours=hours)
        ledger.append(Decision(exam_id=exam, images=(exam,), verdict=verdict, reviewer="anna", time=at))

    with Ledger.open(tmp_path / "decisions.sqlite") as ledger:
        decide("1.1", Verdict.NORMAL, 0)
        decide("1.2", Verdict.NORMAL, 2)
        decide("1.3", Verdict.FINDING, 2)
        decide("1.4", Verdict.NORMAL, 2)
        decide("1.4", Verdict.POOR_QUALITY, 3)
        decided = LedgerFollower(ledger, latest).now()
    tomorrow = NOON + timedelta(days=1)
    assert count_normals(decided, None, tomorrow) == 2
    assert count_normals(decided, NOON + timedelta(hours=1), tomorrow) == 1
    assert count_normals(decided, None, NOON + timedelta(hours=1)) == 1
