from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest

from mammolens.dicom.reader import read_header
from mammolens.enums import Verdict
from mammolens.errors import DatasetError, MammoLensError, PacsError, StorageError, UnknownImageError
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.stored_score import failed
from mammolens.labelapp.exams.decisions import Decisions, NewDecision
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.suspect_normals import SuspectNormals
from mammolens.labelapp.learning.training_data import TrainingData, eligible_normals
from mammolens.labelapp.serving import ServingModel
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName
from mammolens.training.progress import ignore_progress

from ..conftest import PacsStandIn


@pytest.fixture
def a_guarded_site(a_site: TrainingData, a_site_serving: ServingModel) -> TrainingData:
    """The guard sets aside a share that is too small for any of so few to exceed it."""
    suspect_normals = SuspectNormals(a_site.exams, a_site.decisions, a_site.images, a_site_serving, 0.01)
    return TrainingData(a_site.exams, a_site.decisions, a_site.images, suspect_normals)


def _fail_once(site: TrainingData, name: str, error: MammoLensError, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call fails, and only that."""
    method, errors = getattr(site.images, name), iter([error])

    def fail(*arguments: object) -> object:
        for due in errors:
            raise due
        return method(*arguments)

    monkeypatch.setattr(site.images, name, fail)


@pytest.fixture
def first_exam(a_guarded_site: TrainingData) -> str:
    return next(iter(a_guarded_site.exams.all()))


def test_of_usual_exams_none_is_set_aside(a_guarded_site: TrainingData, a_site_serving: ServingModel) -> None:
    assert a_guarded_site.excluded(a_site_serving.predictor(), ignore_progress) == frozenset()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("get_image_uri", PacsError("http://pacs.example", "does not answer", "try again")),
        ("update_image_info", StorageError("infos.json", "the disk is full", "free some space")),
    ],
)
def test_where_an_image_cannot_be_scored_now_nobody_is_let_pass(
    a_guarded_site: TrainingData,
    a_site_serving: ServingModel,
    name: str,
    error: MammoLensError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _fail_once(a_guarded_site, name, error, monkeypatch)
    with pytest.raises(type(error)):
        a_guarded_site.excluded(a_site_serving.predictor(), ignore_progress)


def test_an_exam_of_which_an_image_has_no_score_is_set_aside(
    a_guarded_site: TrainingData, a_site_serving: ServingModel, first_exam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_once(a_guarded_site, "get_image_uri", UnknownImageError("an image", "is gone", "look again"), monkeypatch)
    assert a_guarded_site.excluded(a_site_serving.predictor(), ignore_progress) == {first_exam}
    assert a_guarded_site.excluded(a_site_serving.predictor(), ignore_progress) == frozenset()


def test_an_image_that_cannot_be_scored_ever_sets_nobody_aside(
    a_guarded_site: TrainingData, a_site_serving: ServingModel, first_exam: str
) -> None:
    image_id = a_guarded_site.exams.all()[first_exam].image_ids[0]
    path = Path(a_guarded_site.images.get_image_uri(image_id))
    path.write_bytes(path.read_bytes()[:-2000])
    assert a_guarded_site.excluded(a_site_serving.predictor(), ignore_progress) == frozenset()
    assert failed(a_guarded_site.images.get_image_info(image_id))


@pytest.fixture
def exams(a_folder_datastore: MammogramFolder) -> Exams:
    return Exams(a_folder_datastore, seconds=0)


@pytest.fixture
def two_women(exams: Exams) -> list[Exam]:
    return list(exams.all().values())


def _decide(decisions: Decisions, exam: Exam, verdict: Verdict, reader: str = "ada") -> None:
    decisions.record(exam, NewDecision(verdict, reader))


def test_only_accepted_normals_are_learned_from_with_patient_and_exam(
    exams: Exams, decisions: Decisions, a_folder_datastore: MammogramFolder, two_women: list[Exam]
) -> None:
    normal, poor = two_women
    _decide(decisions, normal, Verdict.NORMAL)
    _decide(decisions, poor, Verdict.POOR_QUALITY)
    dataset = eligible_normals(exams, decisions, a_folder_datastore)
    assert {case.patient_id for case in dataset.cases} == {normal.patient}
    assert {case.attributes.exam_id for case in dataset.cases} == {normal.exam_id}
    assert all(case.clean_normal and case.abnormal is False for case in dataset.cases)
    headers = [read_header(case.path, case.attributes) for case in dataset.cases]
    assert [header.sop_instance_uid for header in headers] == list(normal.sop_instance_uids)
    assert {(header.patient_id, header.exam_id) for header in headers} == {(normal.patient, normal.exam_id)}


def test_of_an_exam_only_the_images_that_were_accepted(
    exams: Exams, decisions: Decisions, a_folder_datastore: MammogramFolder, two_women: list[Exam]
) -> None:
    _decide(decisions, two_women[0], Verdict.NORMAL)
    decisions.record(two_women[0], NewDecision(Verdict.POOR_QUALITY, "ada"), two_women[0].images[:1])
    assert len(eligible_normals(exams, decisions, a_folder_datastore).cases) == 3


def test_a_copy_of_an_image_is_learned_from_once(
    exams: Exams, decisions: Decisions, a_folder_datastore: MammogramFolder, two_women: list[Exam]
) -> None:
    original = Path(a_folder_datastore.get_image_uri(two_women[0].image_ids[0]))
    shutil.copy(original, original.with_name("copy.dcm"))
    (exam,) = [exam for exam in exams.all().values() if len(exam.images) == 5]
    _decide(decisions, exam, Verdict.NORMAL)
    assert len(eligible_normals(exams, decisions, a_folder_datastore).cases) == 4


@pytest.mark.parametrize("policy", list(PolicyName))
def test_nothing_is_learned_of_a_woman_with_a_finding_in_another_exam(
    exams: Exams, a_ledger: Ledger, a_folder_datastore: MammogramFolder, two_women: list[Exam], policy: PolicyName
) -> None:
    decisions = Decisions(a_ledger, policy)
    for image_id in two_women[1].image_ids:  # the other exam is hers, too
        path = a_folder_datastore.get_image_uri(image_id)
        image = pydicom.dcmread(path)
        image.PatientID = two_women[0].patient
        image.save_as(path)
    first, second = exams.all().values()
    assert first.patient == second.patient
    for reader in ("ada", "grace"):
        _decide(decisions, first, Verdict.NORMAL, reader)
        _decide(decisions, second, Verdict.NORMAL, reader)
    assert len(eligible_normals(exams, decisions, a_folder_datastore).cases) == 8
    _decide(decisions, second, Verdict.FINDING, "grace")  # disputed, where two must agree
    with pytest.raises(DatasetError):
        eligible_normals(exams, decisions, a_folder_datastore)
    decisions.undo(second, "grace")
    assert len(eligible_normals(exams, decisions, a_folder_datastore).cases) == 8


def test_an_accepted_image_that_cannot_be_had_is_left_out(
    a_pacs: PacsStandIn, a_pacs_datastore: MammogramDicomWeb, decisions: Decisions
) -> None:
    exams = Exams(a_pacs_datastore)
    exam = next(iter(exams.all().values()))
    _decide(decisions, exam, Verdict.NORMAL)
    for file in a_pacs.folder.rglob("*.dcm"):
        if read_header(file).sop_instance_uid == exam.sop_instance_uids[0]:
            damaged = pydicom.dcmread(file)
            damaged.Modality = "CT"
            damaged.save_as(file)
    assert len(eligible_normals(exams, decisions, a_pacs_datastore).cases) == 3


def test_images_without_a_patients_id_are_of_a_patient_an_exam(
    a_folder_datastore: MammogramFolder, two_women: list[Exam], decisions: Decisions
) -> None:
    nameless = [Exam(exam.exam_id, "", exam.images) for exam in two_women]

    class Nameless:
        def all(self) -> dict[str, Exam]:
            return {exam.exam_id: exam for exam in nameless}

    for exam in nameless:
        _decide(decisions, exam, Verdict.NORMAL)
    dataset = eligible_normals(Nameless(), decisions, a_folder_datastore)  # type: ignore[arg-type]
    assert dataset.patients == tuple(exam.exam_id for exam in nameless)


def test_without_accepted_normals_the_error_says_what_to_do(
    exams: Exams, decisions: Decisions, a_folder_datastore: MammogramFolder
) -> None:
    with pytest.raises(DatasetError, match="no image has the verdict 'normal'; review images"):
        eligible_normals(exams, decisions, a_folder_datastore)
