import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.enums import Verdict
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams import background_inference as module
from mammolens.labelapp.exams.background_inference import RETRY_S, SETTLED_S, BackgroundInference
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.parameters import DecisionParameters
from mammolens.labelapp.serving import ServingModel

from ...patience import until
from ..conftest import NO_REPORTS, PacsStandIn

pytestmark = pytest.mark.slow

Make = Callable[..., BackgroundInference]


class Clock:
    """The time, which passes as a test says; files are first seen at the real time."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def a_clock() -> Clock:
    return Clock()


@pytest.fixture
def a_service(a_serving: ServingModel, a_folder_datastore: MammogramFolder, decisions: Decisions) -> ExamService:
    exams = Exams(a_folder_datastore, seconds=0)
    return ExamService(a_serving, exams, a_folder_datastore, decisions, NO_REPORTS, lambda work: work())


@pytest.fixture
def make_inference(a_service: ExamService, a_folder_datastore: MammogramFolder, tmp_path: Path, a_clock: Clock) -> Make:
    """As a server makes it at each start, over the same files."""

    def make(
        *, on_arrival: bool = False, receives: bool = False, results_days: int | None = None
    ) -> BackgroundInference:
        return BackgroundInference(
            a_service,
            a_folder_datastore,
            tmp_path / "background",
            on_arrival=on_arrival,
            receives=receives,
            results_days=results_days,
            now=a_clock,
        )

    return make


def _states(service: ExamService) -> list[str]:
    return sorted(entry.state for entry in service.worklist.entries())


def _exhaust(inference: BackgroundInference) -> int:
    """Look until nothing is due; returns how many exams were."""
    return sum(iter(lambda: int(inference.look()), 0))


def test_nothing_is_inferred_unless_requested(make_inference: Make, a_service: ExamService) -> None:
    inference = make_inference()
    assert _exhaust(inference) == 0
    assert _states(a_service) == ["new", "new"]
    assert (inference.status().active, inference.status().sentence) == (False, "")


def test_a_requested_run_infers_all_new_exams_and_ends(make_inference: Make, a_service: ExamService) -> None:
    inference = make_inference()
    inference.request()
    assert inference.status().active
    assert inference.status().sentence == "Starting"
    assert _exhaust(inference) == 2
    assert _states(a_service) == ["done", "done"]
    assert not inference.status().active
    assert not inference.status().requested


def test_an_exam_that_was_received_is_inferred_once_it_is_complete_also_after_a_restart(
    make_inference: Make, a_service: ExamService, a_folder_datastore: MammogramFolder, a_clock: Clock
) -> None:
    received = a_service.worklist.entries()[0]
    a_folder_datastore.update_image_info(received.images[0], {InfoKey.RECEIVED.value: "MODALITY"})
    inference = make_inference(receives=True)
    assert _exhaust(inference) == 0
    assert inference.status().sentence == "New exams are analysed as they arrive by C-STORE"
    a_clock.ahead = SETTLED_S + 1
    assert _exhaust(make_inference(receives=True)) == 1
    assert [entry.exam for entry in a_service.worklist.entries() if entry.state == "done"] == [received.exam]


def test_progress_is_told_while_an_exam_is_inferred(
    make_inference: Make, a_service: ExamService, monkeypatch: pytest.MonkeyPatch
) -> None:
    inference, seen = make_inference(), []
    infer = a_service.infer

    def watched(*args: object, **options: object) -> None:
        seen.append(inference.status())
        infer(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(a_service, "infer", watched)
    inference.request()
    _exhaust(inference)
    assert [(status.done, status.total) for status in seen] == [(0, 2), (1, 2)]
    patients = {entry.exam: entry.patient for entry in a_service.worklist.entries()}
    assert [status.sentence for status in seen] == [
        f"Analysing exam {number} of 2: {patients[status.exam or '']}" for number, status in enumerate(seen, 1)
    ]


def test_a_run_goes_on_after_a_restart_of_the_server(make_inference: Make, a_service: ExamService) -> None:
    before = make_inference()
    before.request()
    assert before.look()
    after = make_inference()
    assert after.status().active
    assert _exhaust(after) == 1
    assert _states(a_service) == ["done", "done"]


@pytest.mark.parametrize("on_arrival", [False, True], ids=["on request", "on arrival"])
def test_what_was_stopped_stays_stopped_after_a_restart_until_the_next_request(
    make_inference: Make, a_service: ExamService, on_arrival: bool, a_clock: Clock
) -> None:
    before = make_inference(on_arrival=on_arrival)
    before.request()
    assert before.look()
    before.stop("anna")
    a_clock.ahead = SETTLED_S + 1
    assert not before.look()
    after = make_inference(on_arrival=on_arrival)
    assert not after.look()
    assert (after.status().active, after.status().stopped_by) == (False, "anna")
    after.request()
    assert _exhaust(after) == 1
    assert after.status().stopped_by is None


def test_exams_are_inferred_on_arrival_and_those_that_were_there_before_are_not(
    make_inference: Make, a_service: ExamService, a_studies_folder: Path, a_clock: Clock
) -> None:
    assert len(a_service.worklist.entries()) == 2
    a_clock.ahead = 2.0  # whole seconds count
    inference = make_inference(on_arrival=True)
    assert not inference.look()
    began = inference._switch().arrivals_since
    assert began is not None
    until(lambda: int(time.time()) > began)
    write_phantom_dataset(a_studies_folder / "new", normals=1, rows=160, columns=128, spacing=(1.6, 1.6), seed=77)
    assert len(a_service.worklist.entries()) == 3
    assert not inference.look()  # views may be missing still
    a_clock.ahead = SETTLED_S + 1
    assert _exhaust(inference) == 1
    assert _states(a_service) == ["done", "new", "new"]
    assert inference.status().active
    assert inference.status().sentence == "New exams are analysed as they arrive"


def test_an_exam_with_a_verdict_is_not_inferred_on_arrival(
    make_inference: Make, a_service: ExamService, a_clock: Clock
) -> None:
    inference = make_inference(on_arrival=True)
    a_clock.ahead = -10.0
    inference.look()
    decided = next(iter(a_service.exams.all().values()))
    a_service.record_decision(decided, DecisionParameters(verdict=Verdict.NORMAL), "anna")
    a_clock.ahead = SETTLED_S + 1
    assert _exhaust(inference) == 1
    assert {entry.exam: entry.state for entry in a_service.worklist.entries()}[decided.exam_id] == "new"


def test_an_exam_that_arrived_before_the_days_for_which_results_are_kept_waits_for_a_request(
    make_inference: Make, a_clock: Clock
) -> None:
    inference = make_inference(on_arrival=True, results_days=1)
    a_clock.ahead = -10.0
    inference.look()
    a_clock.ahead = 24 * 3600.0 + SETTLED_S
    assert not inference.look()


def test_while_the_pacs_is_away_it_waits_says_why_and_goes_on_later(
    a_serving: ServingModel,
    a_pacs: PacsStandIn,
    a_pacs_datastore: MammogramDicomWeb,
    decisions: Decisions,
    tmp_path: Path,
    a_clock: Clock,
) -> None:
    service = ExamService(
        a_serving, Exams(a_pacs_datastore), a_pacs_datastore, decisions, NO_REPORTS, lambda work: work()
    )
    assert len(service.worklist.entries()) == 2
    inference = BackgroundInference(service, a_pacs_datastore, tmp_path / "background", on_arrival=False, now=a_clock)
    inference.request()
    a_pacs.is_up = False
    assert inference.look()
    assert inference.look()
    assert "the PACS does not answer" in (inference.status().waiting or "")
    assert "the PACS does not answer" in inference.status().sentence
    assert inference.status().active
    a_pacs.is_up = True
    assert not inference.look()
    a_clock.ahead = RETRY_S + 1
    assert _exhaust(inference) == 2
    assert _states(service) == ["done", "done"]
    assert inference.status().failures == []


def test_an_exam_that_fails_is_named_and_the_next_request_tries_it_again(
    make_inference: Make, a_service: ExamService, monkeypatch: pytest.MonkeyPatch
) -> None:
    inference = make_inference()
    broken = a_service.worklist.entries()[0]
    infer = a_service._runner.infer

    def fail_once(exam: object, **options: object) -> None:
        if getattr(exam, "exam_id", "") == broken.exam:
            monkeypatch.setattr(a_service._runner, "infer", infer)
            raise module.StorageError("results", "the disk is full", "free some space")
        infer(exam, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(a_service._runner, "infer", fail_once)
    inference.request()
    assert _exhaust(inference) == 2
    (failure,) = inference.status().failures
    assert (failure.exam, failure.patient) == (broken.exam, broken.patient)
    assert "free some space" in failure.reason
    assert not inference.status().active
    inference.request()
    assert _exhaust(inference) == 1
    assert inference.status().failures == []


def test_the_thread_infers_what_is_requested(make_inference: Make, a_service: ExamService) -> None:
    inference = make_inference()
    inference.start()
    inference.request()
    until(lambda: _states(a_service) == ["done", "done"] and not inference.status().active)


def test_a_damaged_file_of_its_own_counts_as_nothing(make_inference: Make, tmp_path: Path) -> None:
    inference = make_inference()
    inference.request()
    (tmp_path / "background" / "switch.json").write_text("{")
    assert not inference.look()
