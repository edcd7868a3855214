"""Inference of one exam, from its files to stored results.

Each view is scored once; then all scores together are compared with those of normal exams.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import derive_from_exam
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.derived.source import source_of_picture
from mammolens.dicom.opening import FileKind, file_kind
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import QualityFlag
from mammolens.errors import InputError, MammoLensError
from mammolens.inference.dicom_outputs import object_of_image
from mammolens.inference.finding_text import describe_finding
from mammolens.inference.findings import numbers_by_strength
from mammolens.inference.predictor import Analysis, Predictor
from mammolens.inference.prior_comparison import Evidence
from mammolens.inference.thumbnail import small_image, thumbnail
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.results import Of, ResultStore
from mammolens.labelapp.datastore.stored_score import StoredScore, failure_as_info, problem_of
from mammolens.labelapp.exams.exam import Exam, name_of_image
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import InferenceProgress
from mammolens.labelapp.settings import ResultPolicy
from mammolens.types import AnomalyRecord, AnomalyResult, FloatImage, ImageAttributes, ImageHeader

ERRORS, STORED_AT, COMPLETE = "errors", "stored_at", "complete"
"""Facts of an exam's stored result."""
RECORD, THUMBNAIL, EVIDENCE = "record", "thumbnail", "evidence"
"""Facts of an image's stored result."""

_log = logging.getLogger(__name__)
_UNEXPECTED = "unexpected error; the server's log has the details"
T = TypeVar("T")


class Run(Protocol):
    """Runs work in a pool that does not block the server, and waits for it."""

    def __call__(self, work: Callable[[], T]) -> T:
        """Return what the work returns."""


class Deliver(Protocol):
    """Has the result of an exam delivered to others."""

    def __call__(self, exam: Exam, fingerprint: str, predictor: Predictor) -> None:
        """Take note of a result that is stored.

        Raises:
            StorageError: that cannot be kept; the exam is not done then.
        """


def keep_all(exam: Exam, fingerprint: str, predictor: Predictor) -> None:
    """Deliver nothing."""


@dataclass(frozen=True, slots=True)
class InferredView:
    """A view's result without its maps, which take a hundred megabytes."""

    header: ImageHeader
    record: AnomalyRecord
    is_dicom: bool


@dataclass(frozen=True, slots=True)
class InferenceContext:
    """What exam inference needs from the server.

    Attributes:
        images: the datastore; results are stored there, too.
        policy: which DICOM objects are created.
        run: where images are decoded and scored.
        deliver: called with each result before the exam counts as done.
    """

    images: ExamImages
    policy: ResultPolicy
    run: Run
    deliver: Deliver = keep_all

    @property
    def results(self) -> ResultStore:
        """Where results are stored."""
        return self.images.results


class InferenceRun:
    """Inference of one exam with one model; a view that fails is reported, and the others continue.

    Args:
        exam: to infer.
        fingerprint: stored with the images' infos when done.
        predictor: the model.
        context: datastore, policy and pool.
        observe: called with the progress before each step.
    """

    def __init__(
        self,
        exam: Exam,
        fingerprint: str,
        predictor: Predictor,
        context: InferenceContext,
        observe: Callable[[InferenceProgress], None],
    ) -> None:
        self._exam = exam
        self._fingerprint = fingerprint
        self._predictor = predictor
        self._context = context
        self._observe = observe
        infos = context.images.infos(exam.image_ids)
        self._names = {image.image_id: name_of_image(image, infos.get(image.image_id, {})) for image in exam.images}
        self._small: dict[str, FloatImage] = {}
        self._errors: dict[str, str] = {}
        self._is_transient = False  # an error that another attempt may not meet, like a PACS that is down
        self._done = 0

    def carry_out(self) -> None:
        """Infer and store.

        Raises:
            PacsError: no view can be fetched.
            StorageError: a result cannot be written.
        """
        analyses = self._analyses()
        results = self._store_views(analyses)
        with self._step("writing the results"):
            self._store_exam(self._of_exam(results))

    def _store_exam(self, objects: Mapping[DerivedKind, Dataset]) -> None:
        facts = {
            InfoKey.MODEL.value: self._predictor.model_id,
            InfoKey.CALIBRATION.value: self._predictor.calibration_id,
            ERRORS: self._errors,
            STORED_AT: None,
            COMPLETE: not self._is_transient,
        }
        self._context.results.put(Of.EXAM, self._exam.exam_id, self._fingerprint, facts, objects)
        if not self._is_transient:
            self._context.deliver(self._exam, self._fingerprint, self._predictor)  # first: a kill here costs nothing
            fingerprint = {InfoKey.FINGERPRINT.value: self._fingerprint}
            self._context.images.update_image_infos(dict.fromkeys(self._exam.image_ids, fingerprint))

    def _analyses(self) -> dict[str, Analysis]:
        """Read and score each view once; store all scores together."""
        found: dict[str, Analysis] = {}
        infos: dict[str, dict[str, Any]] = {}
        trouble: MammoLensError | None = None
        for image in self._exam.images:
            image_id = image.image_id
            with self._step(f"analysing {self._names[image_id]}"):
                try:
                    path = Path(self._context.images.get_image_uri(image_id))
                    analysed = partial(self._analysed, path, image.identity_doubts)
                    found[image_id], self._small[image_id] = self._context.run(analysed)
                    infos[image_id] = StoredScore.by(self._predictor, found[image_id].score).as_info()
                except InputError as error:
                    self._context.results.drop(Of.IMAGE, image_id)  # of a file that was another one then
                    self._errors[image_id] = problem_of(error)
                    infos[image_id] = failure_as_info(error, self._predictor.model_id)
                except MammoLensError as error:
                    trouble, self._is_transient = error, True
                    self._errors[image_id] = problem_of(error)
                except Exception:  # noqa: BLE001 - one bad view must not stop the others
                    self._failed_unexpectedly(image_id)
        self._context.images.update_image_infos(infos)
        if trouble is not None and not found:
            raise trouble
        return found

    def _analysed(self, path: Path, identity_doubts: tuple[QualityFlag, ...]) -> tuple[Analysis, FloatImage]:
        mammogram = read_mammogram(path, ImageAttributes(identity_doubts=identity_doubts))
        return self._predictor.analyse(mammogram), small_image(mammogram.pixels)

    def _store_views(self, analyses: Mapping[str, Analysis]) -> list[InferredView]:
        """Store maps, records and DICOM objects of the views; return what the exam's own objects need."""
        scores = [analysis.score for analysis in analyses.values()]
        results: list[InferredView] = []
        for image in self._exam.images:
            with self._step(f"marking {self._names[image.image_id]}"):
                analysis = analyses.get(image.image_id)
                if analysis is None:
                    continue
                try:
                    result = self._context.run(partial(self._predictor.result_of, analysis, scores))
                except Exception:  # noqa: BLE001 - the same here
                    self._failed_unexpectedly(image.image_id)
                    continue
                objects = self._of_image(image.image_id, result)
                picture = base64.b64encode(thumbnail(self._small[image.image_id], result)).decode()
                facts = {
                    RECORD: result.record.model_dump(mode="json"),
                    THUMBNAIL: picture,
                    EVIDENCE: self._evidence(result),
                }
                self._context.results.put(Of.IMAGE, image.image_id, self._fingerprint, facts, objects)
                results.append(InferredView(result.header, result.record, image.is_dicom))
        return results

    def _evidence(self, result: AnomalyResult) -> dict[str, Any] | None:
        """What comparisons with other exams of the patient need."""
        levels = self._predictor.calibration.levels(result.header.acquisition_group)
        evidence = Evidence.of(result, levels[self._predictor.config.findings.level])
        return evidence.as_fact() if evidence else None

    def _failed_unexpectedly(self, name: str) -> None:
        _log.exception("exam %s: %s", self._exam.exam_id, name)
        self._errors[name], self._is_transient = _UNEXPECTED, True

    def _of_image(self, image_id: str, result: AnomalyResult) -> dict[DerivedKind, Dataset]:
        return self._derived(self._context.policy.of_image, partial(derived_from_image, result), image_id)

    def _of_exam(self, results: Sequence[InferredView]) -> dict[DerivedKind, Dataset]:
        """Objects of the views that are DICOM; findings have the numbers that they have among those of all views."""
        numbers = numbers_by_strength([one.record.findings for one in results])
        reported = [(one, own) for one, own in zip(results, numbers, strict=True) if one.is_dicom]
        views, numbers = [one for one, _ in reported], [own for _, own in reported]
        texts = [[describe_finding(finding, one.record) for finding in one.record.findings] for one in views]
        kinds = self._context.policy.of_exam if views else ()
        return self._derived(kinds, lambda kind: derive_from_exam(views, kind, texts, numbers), self._exam.exam_id)

    def _derived(
        self, kinds: Sequence[DerivedKind], derive: Callable[[DerivedKind], Dataset], name: str
    ) -> dict[DerivedKind, Dataset]:
        """Objects of these kinds; one that cannot be created is reported, and the numbers are stored without it."""
        objects = {}
        for kind in kinds:
            try:
                objects[kind] = self._context.run(partial(derive, kind))
            except InputError as error:
                _log.warning("exam %s: no %s: %s", self._exam.exam_id, kind, error)
                self._errors[name] = f"no {kind.replace('_', ' ')}: {problem_of(error)}"
            except Exception:  # noqa: BLE001 - an odd source file must not cost the numbers
                self._failed_unexpectedly(name)
        return objects

    @contextmanager
    def _step(self, doing: str) -> Iterator[None]:
        self._observe(InferenceProgress(done=self._done, total=2 * len(self._exam.images) + 1, doing=doing))
        yield
        self._done += 1


def derived_from_image(result: AnomalyResult, kind: DerivedKind) -> Dataset:
    """A DICOM object of one image's result; with the words and the picture that the command line gives it.

    Raises:
        InputError: the source cannot be read any more.
    """
    path = result.header.path
    source = source_of_picture(result.header) if file_kind(path) is FileKind.PICTURE else None
    return object_of_image(result, kind, partial(read_mammogram, path), source)
