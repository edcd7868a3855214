import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mammolens.enums import Verdict
from mammolens.errors import RequestError
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.stored_score import StoredScore
from mammolens.labelapp.exams.decisions import Decisions, NewDecision
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.exams.worklist_entry import by_urgency
from mammolens.labelapp.parameters import DecisionParameters
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.tasks.scoring import AnomalyScoring
from mammolens.labelapp.tasks.strategy import MostAnomalous
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName

from ..conftest import NO_REPORTS


@pytest.fixture
def a_service(a_serving: ServingModel, a_folder_datastore: MammogramFolder, decisions: Decisions) -> ExamService:
    return ExamService(
        a_serving, Exams(a_folder_datastore), a_folder_datastore, decisions, NO_REPORTS, lambda work: work()
    )


def test_scores_of_the_scoring_method_give_an_exam_its_p_value_without_its_inference(
    a_service: ExamService, a_serving: ServingModel, a_folder_datastore: MammogramFolder
) -> None:
    AnomalyScoring(a_serving)({}, a_folder_datastore)
    for entry in a_service.worklist.entries():
        assert entry.state == "new"
        assert entry.exam_p_value is not None
        number = entry.exam_p_value
        exam = a_service.exams.get(entry.exam)
        a_service.infer(exam)
        assert a_service.detail(exam).exam_p_value == pytest.approx(number)


def test_images_that_cannot_be_analysed_and_files_passed_over_are_counted(
    a_service: ExamService, a_studies_folder: Path
) -> None:
    image = next(a_studies_folder.rglob("*.dcm"))
    shutil.copy(image, a_studies_folder / "DICOMDIR")
    (a_studies_folder / "viewer.exe").write_bytes(b"MZ" + bytes(200))
    (a_studies_folder / "1.2.840.1.2").write_bytes(image.read_bytes()[:300])
    a_service.exams.all()
    worklist = a_service.worklist.all(None)
    assert (len(worklist.exams), worklist.images_left_out, worklist.files_passed_over) == (2, 1, 3)  # and labels.csv


def test_a_refused_model_is_reported_with_the_list(a_service: ExamService, a_serving: ServingModel) -> None:
    assert a_service.worklist.all(None).model_refused is None
    version = a_serving.store.serving_version()
    (a_serving.store.serving() / "config.yaml").write_text("name: damaged")
    assert (a_service.worklist.all(None).model_refused or "").startswith(f"Model {version} is refused: config.yaml")


def test_unreviewed_exams_come_first_and_the_most_anomalous_of_them(
    a_service: ExamService, a_serving: ServingModel, a_folder_datastore: MammogramFolder
) -> None:
    AnomalyScoring(a_serving)({}, a_folder_datastore)
    first, second = a_service.worklist.entries()
    assert first.exam_p_value <= second.exam_p_value
    assert (first.rank, second.rank) == (1, 2)
    exam = a_service.exams.get(first.exam)
    assert a_service.worklist.next_of(exam) == second.exam
    a_service.decisions.record(exam, NewDecision(Verdict.NORMAL, "ada"))
    assert [entry.exam for entry in a_service.worklist.entries()] == [second.exam, first.exam]
    assert a_service.worklist.entry(exam).verdict_label == "Normal"
    assert a_service.worklist.entry(exam).rank == 2
    assert a_service.worklist.entry(exam).reviewer == "ada"
    assert a_service.worklist.next_of(a_service.exams.get(second.exam)) is None


@pytest.mark.parametrize("scores", [(50.0, 99.0), (99.0, 50.0)])
def test_exams_beyond_all_of_the_calibration_say_so_and_are_ranked_by_score(
    a_service: ExamService, a_serving: ServingModel, a_folder_datastore: MammogramFolder, scores: tuple[float, float]
) -> None:
    model, by_score = a_serving.predictor(), {}
    for exam, score in zip(a_service.exams.all().values(), scores, strict=True):
        stored = StoredScore(score, score, 0.05, model.model_id, model.calibration_id)
        a_folder_datastore.update_image_infos({image_id: stored.as_info() for image_id in exam.image_ids})
        by_score[score] = exam
    entries = a_service.worklist.entries()
    assert [entry.exam for entry in entries] == [by_score[99.0].exam_id, by_score[50.0].exam_id]
    assert {(entry.exam_p_value, entry.sentence) for entry in entries} == {
        (1 / 21, "Highly unusual: more anomalous than each of the 20 normal patients of the calibration.")
    }
    assert {(entry.exam_decile, entry.score_text, entry.exam_category_label) for entry in entries} == {
        (10, "Score 10 of 10 (p = 0.048)", "Highly unusual")
    }
    chosen = MostAnomalous(lambda: dict.fromkeys(a_folder_datastore.list_images()))({}, a_folder_datastore)
    assert chosen["id"] in by_score[99.0].image_ids
    assert a_service.worklist.entry(by_score[50.0]).rank == 2
    assert a_service.worklist.next_of(by_score[99.0]) == by_score[50.0].exam_id


def test_a_highly_unusual_exam_has_a_safety_note_and_takes_a_second_confirmation_as_normal(
    a_service: ExamService, a_serving: ServingModel, a_folder_datastore: MammogramFolder
) -> None:
    model, (usual, extreme) = a_serving.predictor(), a_service.exams.all().values()
    for exam, score in ((usual, -50.0), (extreme, 99.0)):
        stored = StoredScore(score, score, 0.05, model.model_id, model.calibration_id)
        a_folder_datastore.update_image_infos({image_id: stored.as_info() for image_id in exam.image_ids})
    assert a_service.detail(usual).safety_note is None
    assert "Do you still confirm the exam as normal?" in (a_service.detail(extreme).safety_note or "")
    a_service.record_decision(usual, DecisionParameters(verdict=Verdict.NORMAL), "ada")
    with pytest.raises(RequestError, match="needs a second confirmation"):
        a_service.record_decision(extreme, DecisionParameters(verdict=Verdict.NORMAL), "ada")
    assert a_service.detail(extreme).decisions == []
    confirmed = DecisionParameters(verdict=Verdict.NORMAL, second_confirmation=True)
    a_service.record_decision(extreme, confirmed, "ada")
    assert [one.confirmed_again for one in a_service.detail(extreme).decisions] == [True]
    assert [one.confirmed_again for one in a_service.detail(usual).decisions] == [False]


def test_a_line_is_made_anew_only_when_something_has_changed(
    a_service: ExamService, a_folder_datastore: MammogramFolder, a_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mammolens.labelapp.exams import worklist as module

    made: list[str] = []
    original = module.summary_of

    def counted(exam: Any, *rest: Any) -> dict[str, Any]:
        made.append(exam.exam_id)
        return original(exam, *rest)

    monkeypatch.setattr(module, "summary_of", counted)
    a_service.worklist.entries()
    a_service.worklist.entries()
    assert len(made) == 2
    exam, other = a_service.exams.all().values()
    a_folder_datastore.update_image_info(exam.image_ids[0], {"device": "x"})
    a_service.worklist.entries()
    assert made[2:] == [exam.exam_id]
    read: list[int] = []
    monkeypatch.setattr(a_ledger, "history", lambda exam_id: pytest.fail("the ledger is asked for an exam"))
    monkeypatch.setattr(a_ledger, "chain", lambda after=0, read_on=a_ledger.chain: read.append(after) or read_on(after))
    a_service.decisions.record(other, NewDecision(Verdict.NORMAL, "ada"))
    a_service.worklist.entries()
    a_service.worklist.entries()
    assert made[3:] == [other.exam_id]
    assert read == [0]


def test_an_exam_is_open_until_two_readers_agree(
    a_serving: ServingModel, a_folder_datastore: MammogramFolder, a_ledger: Ledger
) -> None:
    two = Decisions(a_ledger, PolicyName.TWO_READERS)
    service = ExamService(
        a_serving, Exams(a_folder_datastore), a_folder_datastore, two, NO_REPORTS, lambda work: work()
    )
    exam = next(iter(service.exams.all().values()))
    told = ("verdict", "reviewer", "readers", "open")
    assert [getattr(service.worklist.entry(exam), key) for key in told] == [None, None, [], False]
    for reader in ("ada", "ada"):
        two.record(exam, NewDecision(Verdict.NORMAL, reader))
    assert [getattr(service.worklist.entry(exam), key) for key in told] == [None, None, ["ada"], True]
    two.record(exam, NewDecision(Verdict.NORMAL, "grace"))
    entry = service.worklist.entry(exam)
    assert [getattr(entry, key) for key in told] == ["normal", "grace", ["ada", "grace"], False]
    assert entry.reviewed_at.endswith("Z")


def test_exams_without_a_number_come_behind_those_with_one(a_service: ExamService) -> None:
    one = a_service.worklist.entries()[0]
    lines = [
        one.model_copy(update={"verdict": verdict, "exam_p_value": p_value})
        for verdict, p_value in ((Verdict.NORMAL, 0.01), (None, None), (None, 0.9), (None, 0.02))
    ]
    assert [line.exam_p_value for line in sorted(lines, key=by_urgency)] == [0.02, 0.9, None, 0.01]


def test_reading_on_leads_through_every_unreviewed_exam_and_back_to_the_first(
    a_service: ExamService, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, worklist = a_service.worklist.entries()[0], a_service.worklist
    p_values = {"a": 0.01, "b": 0.01, "c": 0.5, "d": None, "decided": 0.01}
    lines = [
        line.model_copy(update={"exam": exam, "exam_p_value": p_value, "verdict": None})
        for exam, p_value in p_values.items()
    ]
    lines[4] = lines[4].model_copy(update={"verdict": Verdict.NORMAL})
    monkeypatch.setattr(worklist, "in_order", lambda: sorted(lines, key=by_urgency))
    monkeypatch.setattr(a_service.exams, "all", lambda: dict.fromkeys(p_values))

    def following(exam: str) -> str | None:
        return worklist.next_of(Exam(exam, "", ()))

    assert [following(exam) for exam in p_values] == ["b", "c", "d", "a", "c"]
    lines[:] = [lines[0]]
    assert following("a") is None


def test_an_exam_that_is_not_listed_yet_has_the_rank_that_it_would_get(a_service: ExamService) -> None:
    listed = next(iter(a_service.exams.all().values()))
    assert a_service.worklist.entry(replace(listed, exam_id="e-new")).rank == 3
