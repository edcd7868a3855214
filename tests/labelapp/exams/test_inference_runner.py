import io
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import generate_uid

from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind
from mammolens.enums import BiradsCategory, FindingType, QualityFlag, Verdict
from mammolens.errors import InputError, PacsError, UnknownImageError
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.exams import inference as inference_module
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.exams.inference import derived_from_image
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.pacs.archive import Instance
from mammolens.labelapp.parameters import DecisionParameters
from mammolens.labelapp.responses.exams import InferenceProgress
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ResultPolicy, StorePolicy
from mammolens.models.store import ModelStore
from mammolens.types import AnomalyResult

from ...patience import PATIENCE_S
from ..conftest import NO_REPORTS, MakeModel, PacsStandIn

pytestmark = pytest.mark.slow

T = TypeVar("T")
REPORT = DerivedKind.REPORT


class Bystander:
    """Runs the work in this thread, counts it, and can look on or fail."""

    def __init__(self) -> None:
        self.runs = 0
        self.before: Callable[[], Any] = lambda: None

    def __call__(self, work: Callable[[], T]) -> T:
        self.runs += 1
        self.before()
        return work()


@pytest.fixture
def a_bystander() -> Bystander:
    return Bystander()


@pytest.fixture
def a_service(
    a_serving: ServingModel, a_folder_datastore: MammogramFolder, a_bystander: Bystander, decisions: Decisions
) -> ExamService:
    return ExamService(a_serving, Exams(a_folder_datastore), a_folder_datastore, decisions, NO_REPORTS, a_bystander)


@pytest.fixture
def a_reporting_service(
    a_serving: ServingModel, a_folder_datastore: MammogramFolder, a_bystander: Bystander, decisions: Decisions
) -> ExamService:
    return ExamService(a_serving, Exams(a_folder_datastore), a_folder_datastore, decisions, ResultPolicy(), a_bystander)


@pytest.fixture
def an_exam(a_service: ExamService) -> Exam:
    return next(iter(a_service.exams.all().values()))


def test_views_of_an_exam_are_scored_once_and_agree_on_its_number(
    a_service: ExamService, an_exam: Exam, a_folder_datastore: MammogramFolder
) -> None:
    a_service.infer(an_exam)
    detail = a_service.detail(an_exam)
    assert detail.state == "done"
    assert a_folder_datastore.status()["scored"] == 4
    kept = [
        a_service._context.results.get(Of.IMAGE, image_id, a_service._fingerprint(an_exam))
        for image_id in an_exam.image_ids
    ]
    numbers = {result.facts["record"]["exam_p_value"] for result in kept if result}
    assert numbers == {detail.exam_p_value}


def test_inference_is_not_repeated_unless_requested(
    a_service: ExamService, an_exam: Exam, a_bystander: Bystander
) -> None:
    a_service.infer(an_exam)
    runs = a_bystander.runs
    a_service.infer(an_exam)
    assert a_bystander.runs == runs
    before = a_service.derived(an_exam, Of.IMAGE, an_exam.image_ids[0], DerivedKind.SEGMENTATION)
    a_service.infer(an_exam, again=True)
    assert a_bystander.runs == 2 * runs
    kept = a_service._context.results.get(Of.IMAGE, an_exam.image_ids[0], a_service._fingerprint(an_exam))
    assert kept is not None
    assert len(list(kept.files[DerivedKind.SEGMENTATION].parent.glob("*.dcm"))) == 1
    assert len(before) == len(a_service.derived(an_exam, Of.IMAGE, an_exam.image_ids[0], DerivedKind.SEGMENTATION))


def test_an_exam_with_a_result_of_another_model_is_new_again(
    a_reporting_service: ExamService, an_exam: Exam, a_serving: ServingModel, make_model: MakeModel
) -> None:
    a_reporting_service.infer(an_exam)
    assert isinstance(a_serving.store, ModelStore)
    a_serving.store.publish(make_model(seed=1))
    detail = a_reporting_service.detail(an_exam)
    assert detail.state == "new"
    assert detail.exam_p_value is None
    assert all(view.segmentation is None and view.p_value is None for view in detail.views_in_detail)
    assert len(a_reporting_service.manifest(an_exam)["studies"][0]["series"]) == 4
    for of, name, kind in (
        (Of.IMAGE, an_exam.image_ids[0], DerivedKind.SEGMENTATION),
        (Of.EXAM, an_exam.exam_id, DerivedKind.REPORT),
    ):
        with pytest.raises(UnknownImageError, match="infer the exam first"):
            a_reporting_service.derived(an_exam, of, name, kind)


def test_what_went_wrong_with_another_model_is_no_word_on_this_one(
    a_service: ExamService,
    an_exam: Exam,
    a_serving: ServingModel,
    make_model: MakeModel,
    a_folder_datastore: MammogramFolder,
    a_bystander: Bystander,
) -> None:
    path = Path(a_folder_datastore.get_image_uri(an_exam.image_ids[1]))
    path.write_bytes(path.read_bytes()[:-20000])

    def fail_once() -> None:
        if a_bystander.runs == 1:
            raise TimeoutError

    a_bystander.before = fail_once
    a_service.infer(an_exam)
    assert [bool(view.error) for view in a_service.detail(an_exam).views_in_detail] == [True, True, False, False]
    assert isinstance(a_serving.store, ModelStore)
    a_serving.store.publish(make_model(seed=1))
    assert all(view.error is None for view in a_service.detail(an_exam).views_in_detail)


def test_a_new_view_makes_an_exam_new_again(
    a_service: ExamService, an_exam: Exam, a_studies_folder: Path, a_folder_datastore: MammogramFolder
) -> None:
    image = Path(a_folder_datastore.get_image_uri(an_exam.image_ids[0]))
    aside = a_studies_folder.parent / "aside.dcm"
    shutil.move(image, aside)
    a_service.infer(a_service.exams.get(an_exam.exam_id))
    assert a_service.detail(a_service.exams.get(an_exam.exam_id)).state == "done"
    shutil.move(aside, image)
    assert a_service.detail(a_service.exams.get(an_exam.exam_id)).state == "new"


def test_a_bad_view_is_reported_and_the_others_have_results(
    a_service: ExamService, an_exam: Exam, a_folder_datastore: MammogramFolder
) -> None:
    path = Path(a_folder_datastore.get_image_uri(an_exam.image_ids[1]))
    path.write_bytes(path.read_bytes()[:-20000])
    a_service.infer(an_exam)
    detail = a_service.detail(an_exam)
    assert detail.state == "done"
    assert detail.exam_p_value is not None
    assert len(detail.problems) == 1
    assert detail.problems[0].startswith("L CC: the pixels end too early")
    assert str(path) not in str(detail.problems)
    errors = [view.error for view in detail.views_in_detail]
    assert [bool(error) for error in errors] == [False, True, False, False]
    assert [bool(view.segmentation) for view in detail.views_in_detail] == [True, False, True, True]


def test_an_exam_without_any_usable_view_has_failed(
    a_service: ExamService, an_exam: Exam, a_folder_datastore: MammogramFolder
) -> None:
    for image_id in an_exam.image_ids:
        path = Path(a_folder_datastore.get_image_uri(image_id))
        path.write_bytes(path.read_bytes()[:-20000])
    a_service.infer(an_exam)
    detail = a_service.detail(an_exam)
    assert detail.state == "failed"
    assert detail.exam_p_value is None
    assert len(detail.problems) == 4


def test_progress_is_reported_while_inference_runs(
    a_reporting_service: ExamService, an_exam: Exam, a_bystander: Bystander
) -> None:
    told: list[dict[str, Any]] = []
    a_bystander.before = lambda: told.append(a_reporting_service.detail(an_exam))
    a_reporting_service.infer(an_exam)
    assert {detail.state for detail in told} == {"running"}
    assert told[0].progress == InferenceProgress(done=0, total=9, doing="analysing R CC")
    assert told[-1].progress == InferenceProgress(done=8, total=9, doing="writing the results")
    assert a_reporting_service.detail(an_exam).progress is None


def test_a_second_request_waits_for_the_first_and_shares_its_result(
    a_service: ExamService, an_exam: Exam, a_bystander: Bystander, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, has_asked = threading.Thread(target=lambda: a_service.infer(an_exam, again=True)), threading.Event()

    def now() -> float:
        if threading.current_thread() is second:
            has_asked.set()
        return time.monotonic()

    def start_the_second() -> None:
        a_bystander.before = lambda: None
        second.start()
        assert has_asked.wait(PATIENCE_S)
        second.join(0.2)
        assert second.is_alive()

    monkeypatch.setattr("mammolens.labelapp.exams.inference_runner.time", SimpleNamespace(monotonic=now))
    a_bystander.before = start_the_second
    a_service.infer(an_exam)
    runs = a_bystander.runs
    second.join(PATIENCE_S)
    assert a_bystander.runs == runs


def test_a_picture_gets_numbers_and_a_dicom_image_with_a_segmentation(
    a_service: ExamService, a_studies_folder: Path
) -> None:
    rows, columns = np.mgrid[:200, :160]
    breast = ((rows - 100) ** 2 / 8000 + columns**2 / 9000 < 1) * (120 + (rows * columns) % 60)
    Image.fromarray(breast.astype(np.uint8)).save(a_studies_folder / "film.png")
    exam = next(exam for exam in a_service.exams.all().values() if not exam.patient)
    a_service.infer(exam)
    detail = a_service.detail(exam)
    assert detail.state == "done"
    assert detail.viewer
    assert not detail.problems
    (view,) = detail.views_in_detail
    assert view.p_value is not None
    assert view.segmentation is not None
    (study,) = a_service.manifest(exam)["studies"]
    image, segmentation = (series["instances"][0]["metadata"] for series in study["series"])
    assert (image["Modality"], image["ImageLaterality"]) == ("MG", view.laterality)
    assert segmentation["SOPInstanceUID"] == view.segmentation.sop_instance_uid
    made = pydicom.dcmread(io.BytesIO(a_service.picture(view.image)))
    assert made.SOPInstanceUID == image["SOPInstanceUID"] == view.sop_instance_uid
    stored = a_service.derived(exam, Of.IMAGE, view.image, DerivedKind.SEGMENTATION)
    reference = pydicom.dcmread(io.BytesIO(stored)).ReferencedSeriesSequence[0]
    assert reference.SeriesInstanceUID == made.SeriesInstanceUID
    assert reference.ReferencedInstanceSequence[0].ReferencedSOPInstanceUID == made.SOPInstanceUID
    assert reference.ReferencedInstanceSequence[0].ReferencedSOPClassUID == made.SOPClassUID


def test_a_pacs_that_goes_down_meanwhile_costs_only_the_views_that_it_holds_back(
    a_serving: ServingModel,
    a_pacs: PacsStandIn,
    a_pacs_datastore: MammogramDicomWeb,
    a_bystander: Bystander,
    decisions: Decisions,
) -> None:
    service = ExamService(a_serving, Exams(a_pacs_datastore), a_pacs_datastore, decisions, NO_REPORTS, a_bystander)
    exam = next(iter(service.exams.all().values()))
    for image_id in exam.image_ids[:2]:
        a_pacs_datastore.get_image_uri(image_id)
    a_pacs.is_up = False
    service.infer(exam)
    a_pacs.is_up = True
    detail = service.detail(exam)
    assert detail.state == "new"
    assert [bool(view.error) for view in detail.views_in_detail] == [False, False, True, True]
    assert [bool(view.segmentation) for view in detail.views_in_detail] == [True, True, False, False]
    service.infer(exam)
    assert service.detail(exam).state == "done"
    assert all(view.error is None for view in service.detail(exam).views_in_detail)


def test_a_view_that_the_pacs_holds_damaged_is_told_once_for_all_and_the_others_count(
    a_serving: ServingModel,
    a_pacs: PacsStandIn,
    a_pacs_datastore: MammogramDicomWeb,
    a_bystander: Bystander,
    monkeypatch: pytest.MonkeyPatch,
    decisions: Decisions,
) -> None:
    service = ExamService(a_serving, Exams(a_pacs_datastore), a_pacs_datastore, decisions, NO_REPORTS, a_bystander)
    exam = next(iter(service.exams.all().values()))
    fetch = a_pacs.fetch

    def damaged(instance: Instance, path: Path) -> None:
        if instance.sop_instance_uid == exam.image_ids[1]:
            raise InputError(a_pacs.url, "the PACS sent no DICOM", "mend it")
        fetch(instance, path)

    monkeypatch.setattr(a_pacs, "fetch", damaged)
    service.infer(exam)
    detail = service.detail(exam)
    assert detail.state == "done"
    assert detail.exam_p_value is not None
    assert [view.error for view in detail.views_in_detail] == [
        None,
        "the PACS sent no DICOM; mend it",
        None,
        None,
    ]
    assert len(detail.problems) == 1
    runs = a_bystander.runs
    service.infer(exam)
    assert a_bystander.runs == runs


def test_an_exam_without_patient_id_in_a_file_of_any_name_can_be_told_as_json(
    a_service: ExamService, an_exam: Exam, a_folder_datastore: MammogramFolder, a_studies_folder: Path
) -> None:
    image = pydicom.dcmread(a_folder_datastore.get_image_uri(an_exam.image_ids[0]))
    del image.PatientID, image.StudyInstanceUID
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for name in (b"M\xfcller.dcm", b"M\xf6ller.dcm"):
        image.save_as(os.fsdecode(os.fsencode(a_studies_folder) + b"/" + name))
    broken = Path(os.fsdecode(os.fsencode(a_studies_folder) + b"/M\xf6ller.dcm"))
    broken.write_bytes(broken.read_bytes()[:-20000])
    states = []
    for exam in (exam for exam in Exams(a_folder_datastore).all().values() if not exam.patient):
        a_service.infer(exam)
        detail = a_service.detail(exam)
        detail.model_dump_json().encode()
        states.append(detail.state)
    assert states == ["failed", "done"]
    a_service.worklist.all(None).model_dump_json().encode()


def test_a_doubt_about_whose_image_it_is_reaches_the_views(
    a_service: ExamService, an_exam: Exam, a_folder_datastore: MammogramFolder
) -> None:
    path = a_folder_datastore.get_image_uri(an_exam.image_ids[0])
    image = pydicom.dcmread(path)
    image.PatientID = "another"
    image.save_as(path)
    a_service.exams._grouped = None  # some seconds later
    for exam in a_service.exams.all().values():
        a_service.infer(exam)
        raised = {one.flag for view in a_service.detail(exam).views_in_detail for one in view.quality}
        assert (QualityFlag.STUDY_OF_SEVERAL_PATIENTS in raised) is (len(exam.images) < 4)


def test_an_analysed_exam_says_what_is_technically_wrong(a_service: ExamService, an_exam: Exam) -> None:
    assert a_service.detail(an_exam).technical_quality is None
    a_service.infer(an_exam)
    told = a_service.detail(an_exam).technical_quality
    assert told is not None
    assert told.startswith("Technical quality (automatic, unofficial, not PGMI): ")


def test_a_pacs_that_gives_nothing_is_an_error(
    a_serving: ServingModel,
    a_pacs: PacsStandIn,
    a_pacs_datastore: MammogramDicomWeb,
    a_bystander: Bystander,
    decisions: Decisions,
) -> None:
    service = ExamService(a_serving, Exams(a_pacs_datastore), a_pacs_datastore, decisions, NO_REPORTS, a_bystander)
    exam = next(iter(service.exams.all().values()))
    a_pacs.is_up = False
    with pytest.raises(PacsError):
        service.infer(exam)


def test_every_kind_of_object_is_made_where_it_is_wanted(
    a_serving: ServingModel, a_folder_datastore: MammogramFolder, a_bystander: Bystander, decisions: Decisions
) -> None:
    service = ExamService(
        a_serving,
        Exams(a_folder_datastore),
        a_folder_datastore,
        decisions,
        ResultPolicy(tuple(DerivedKind)),
        a_bystander,
    )
    exam = next(iter(service.exams.all().values()))
    service.infer(exam)
    for kind in OF_IMAGE:
        assert service.derived(exam, Of.IMAGE, exam.image_ids[3], kind)[128:132] == b"DICM"
    for kind in OF_EXAM:
        assert service.derived(exam, Of.EXAM, exam.exam_id, kind)[128:132] == b"DICM"


def test_the_report_numbers_findings_as_viewers_do(a_reporting_service: ExamService, an_exam: Exam) -> None:
    a_reporting_service.infer(an_exam)
    views = a_reporting_service.detail(an_exam).views_in_detail
    shown = {f"{view.name} {finding.number}" for view in views for finding in view.findings}
    report = pydicom.dcmread(io.BytesIO(a_reporting_service.derived(an_exam, Of.EXAM, an_exam.exam_id, REPORT)))
    tracked = {item.TextValue for item in _items(report) if _name_of(item) == "Tracking Identifier"}
    assert len({finding.number for view in views for finding in view.findings}) == len(shown) > len(views)
    assert tracked == {"Exam", *(view.name for view in views), *shown}


def _items(item: pydicom.Dataset) -> Iterator[pydicom.Dataset]:
    for child in item.get("ContentSequence", []):
        yield child
        yield from _items(child)


def _name_of(item: pydicom.Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].CodeMeaning) if names else ""


def test_an_exam_lists_what_a_region_of_a_decision_may_be(a_service: ExamService, an_exam: Exam) -> None:
    detail = a_service.detail(an_exam)
    types = {one.value: one.label for one in detail.finding_types}
    assert list(types) == list(FindingType)
    assert types["architectural_distortion"] == "Architectural distortion"
    categories = {one.value: (one.label, one.meaning) for one in detail.birads_categories}
    assert list(categories) == list(BiradsCategory)
    assert (categories["0"], categories["4A"]) == (("0", "Incomplete"), ("4A", "Low suspicion"))


def test_another_choice_of_objects_makes_an_exam_new_again(
    a_service: ExamService,
    an_exam: Exam,
    a_serving: ServingModel,
    a_folder_datastore: MammogramFolder,
    decisions: Decisions,
) -> None:
    a_service.infer(an_exam)
    policy = ResultPolicy((DerivedKind.SEGMENTATION, DerivedKind.PARAMETRIC_MAP))
    later = ExamService(a_serving, Exams(a_folder_datastore), a_folder_datastore, decisions, policy, Bystander())
    assert later.detail(an_exam).state == "new"
    assert a_service.detail(an_exam).state == "done"


def test_what_was_sent_to_the_pacs_is_remembered(
    a_serving: ServingModel,
    a_pacs_datastore: MammogramDicomWeb,
    a_bystander: Bystander,
    monkeypatch: pytest.MonkeyPatch,
    decisions: Decisions,
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(a_pacs_datastore, "store", sent.extend)
    service = ExamService(a_serving, Exams(a_pacs_datastore), a_pacs_datastore, decisions, ResultPolicy(), a_bystander)
    exam = next(iter(service.exams.all().values()))
    service.infer(exam)
    assert sent == []
    assert service.detail(exam).stored_at is None
    service.infer(exam, store=True)
    assert sorted(dataset.Modality for dataset in sent) == ["SEG", "SEG", "SEG", "SEG", "SR"]
    assert service.detail(exam).stored_at.endswith("Z")
    assert service.detail(exam).can_store


def test_a_result_that_the_infos_do_not_know_of_is_made_again(
    a_service: ExamService,
    an_exam: Exam,
    a_serving: ServingModel,
    a_folder_datastore: MammogramFolder,
    a_studies_folder: Path,
    decisions: Decisions,
) -> None:
    a_service.infer(an_exam)
    Path(a_folder_datastore._datastore_config_path).unlink()  # as the message on a damaged one advises
    images = MammogramFolder(a_studies_folder, ("*.dcm",))
    later = ExamService(a_serving, Exams(images), images, decisions, NO_REPORTS, Bystander())
    later.infer(an_exam)
    detail = later.detail(an_exam)
    assert detail.state == "done"
    assert detail.exam_p_value is not None


def test_a_view_whose_map_cannot_be_made_costs_no_other_view(
    a_service: ExamService, an_exam: Exam, a_bystander: Bystander
) -> None:
    def fail_once() -> None:
        if a_bystander.runs == len(an_exam.images) + 1:
            raise TimeoutError

    a_bystander.before = fail_once
    a_service.infer(an_exam)
    detail = a_service.detail(an_exam)
    assert [bool(view.error) for view in detail.views_in_detail] == [True, False, False, False]
    assert [bool(view.segmentation) for view in detail.views_in_detail] == [False, True, True, True]
    a_service.infer(an_exam)
    assert a_service.detail(an_exam).state == "done"


def test_what_the_pacs_has_is_sent_again_only_on_request(
    a_serving: ServingModel,
    a_pacs: PacsStandIn,
    a_pacs_datastore: MammogramDicomWeb,
    a_bystander: Bystander,
    decisions: Decisions,
) -> None:
    service = ExamService(
        a_serving,
        Exams(a_pacs_datastore),
        a_pacs_datastore,
        decisions,
        ResultPolicy(store=StorePolicy.ALWAYS),
        a_bystander,
    )
    exam = next(iter(service.exams.all().values()))
    service.infer(exam)
    service.infer(exam)
    assert len(a_pacs.stored) == 5
    service.infer(exam, store=True)
    assert len(a_pacs.stored) == 10
    service.infer(exam, again=True)
    assert len(a_pacs.stored) == 15


@pytest.mark.parametrize("inferred", [True, False])
def test_nothing_of_an_image_counts_for_another_womans_of_the_same_name(
    a_service: ExamService, a_folder_datastore: MammogramFolder, inferred: bool
) -> None:
    one, other = a_service.exams.all().values()
    if inferred:
        a_service.infer(one)
    a_service.record_decision(one, DecisionParameters(verdict=Verdict.NORMAL), "ada")
    for old, new in zip(one.image_ids, other.image_ids, strict=True):
        image = pydicom.dcmread(a_folder_datastore.get_image_uri(new))
        image.PatientID, image.StudyInstanceUID = "stranger", "1.2.3"
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        image.save_as(a_folder_datastore.get_image_uri(old))
    a_service.exams._grouped = None  # some seconds later
    strangers = next(exam for exam in a_service.exams.all().values() if exam.patient == "stranger")
    assert strangers.image_ids == one.image_ids
    detail = a_service.detail(strangers)
    assert (detail.state, detail.exam_p_value, detail.verdict) == ("new", None, None)
    assert all(view.segmentation is None for view in detail.views_in_detail)
    assert detail.decisions == []
    assert a_service.decisions.verdict(one) is Verdict.NORMAL  # hers is kept
    assert ("earlier" in a_folder_datastore.get_image_info(one.image_ids[0])) is inferred
    a_service.infer(strangers)
    assert a_service.detail(strangers).state == "done"
    assert a_service.detail(strangers).verdict is None


def test_a_missing_overlay_is_told_beside_the_numbers(
    a_service: ExamService, an_exam: Exam, a_folder_datastore: MammogramFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = a_folder_datastore.get_image_uri(an_exam.image_ids[2])

    def derive(result: AnomalyResult, kind: DerivedKind) -> pydicom.Dataset:
        if str(result.header.path) == odd:
            raise InputError(odd, "its header does not fit", "mend it")
        return derived_from_image(result, kind)

    monkeypatch.setattr(inference_module, "derived_from_image", derive)
    a_service.infer(an_exam)
    detail = a_service.detail(an_exam)
    assert detail.state == "done"
    assert [view.error for view in detail.views_in_detail] == [
        None,
        None,
        "no segmentation: its header does not fit; mend it",
        None,
    ]
    assert all(view.p_value is not None for view in detail.views_in_detail)
