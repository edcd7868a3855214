"""From the files of one exam to its kept results: every view scored once, then set against normal exams together."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import derive_from_exam, derive_from_image
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError, MammoLensError
from mammolens.inference.finding_words import finding_in_words
from mammolens.inference.outputs import picture_to_burn_in
from mammolens.inference.predictor import Analysis, Predictor
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.results import KeptResults, Of
from mammolens.labelapp.datastore.stored_score import StoredScore, failure_as_info, problem_of
from mammolens.labelapp.exams.exam import Exam, name_of_image
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.settings import ResultPolicy
from mammolens.types import AnomalyRecord, AnomalyResult, ImageHeader

ERRORS, STORED_AT, COMPLETE, RECORD = "errors", "stored_at", "complete", "record"
"""Facts of a kept result: of an exam the first three, of an image the last."""

_log = logging.getLogger(__name__)
_UNEXPECTED = "unexpected error; the server's log has the details"
T = TypeVar("T")


class Run(Protocol):
    """Runs work where it does not hold up the server, and waits for it."""

    def __call__(self, work: Callable[[], T]) -> T:
        """What the work returns."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an exam is: steps, of which each view has two and the exam one."""

    done: int
    total: int
    doing: str


@dataclass(frozen=True, slots=True)
class JudgedView:
    """A result without its maps, which are a hundred megabytes a view."""

    header: ImageHeader
    record: AnomalyRecord


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging works with.

    Attributes:
        images: the datastore, which also takes what comes out.
        policy: which DICOM objects are made.
        run: where images are decoded and scored.
    """

    images: ExamImages
    policy: ResultPolicy
    run: Run

    @property
    def results(self) -> KeptResults:
        """Where what comes out is kept."""
        return self.images.results


class Judgement:
    """One exam, one model, from files to kept results; a view that cannot be judged is told, the others go on.

    Args:
        exam: whose images.
        mark: of the images' infos once this is done.
        predictor: the model.
        bench: where things come from and go to.
        tell: gets how far it is before each step.
    """

    def __init__(
        self, exam: Exam, mark: str, predictor: Predictor, bench: Bench, tell: Callable[[Progress], None]
    ) -> None:
        self._exam = exam
        self._mark = mark
        self._predictor = predictor
        self._bench = bench
        self._tell = tell
        infos = bench.images.infos(exam.image_ids)
        self._names = {image.image_id: name_of_image(image, infos.get(image.image_id, {})) for image in exam.images}
        self._errors: dict[str, str] = {}
        self._passing = False  # an error that another attempt may not meet, like a PACS that is down
        self._done = 0

    def carry_out(self) -> None:
        """Judge and keep.

        Raises:
            PacsError: no view can be fetched.
            StorageError: a result cannot be written.
        """
        analyses = self._analyses()
        results = self._kept_views(analyses)
        with self._step("writing the results"):
            self._keep_exam(self._of_exam(results))

    def _keep_exam(self, objects: Mapping[DerivedKind, Dataset]) -> None:
        facts = {
            InfoKey.MODEL.value: self._predictor.model_id,
            InfoKey.CALIBRATION.value: self._predictor.calibration_id,
            ERRORS: self._errors,
            STORED_AT: None,
            COMPLETE: not self._passing,
        }
        self._bench.results.keep(Of.EXAM, self._exam.exam_id, self._mark, facts, objects)
        if not self._passing:
            judged = {InfoKey.JUDGED_AS.value: self._mark}
            self._bench.images.update_image_infos(dict.fromkeys(self._exam.image_ids, judged))

    def _analyses(self) -> dict[str, Analysis]:
        """Every view read and scored once; the scores are remembered together."""
        found: dict[str, Analysis] = {}
        infos: dict[str, dict[str, Any]] = {}
        trouble: MammoLensError | None = None
        for image_id in self._exam.image_ids:
            with self._step(f"judging {self._names[image_id]}"):
                try:
                    path = Path(self._bench.images.get_image_uri(image_id))
                    found[image_id] = self._bench.run(partial(self._analysed, path))
                    infos[image_id] = StoredScore.by(self._predictor, found[image_id].score).as_info()
                except InputError as error:
                    self._bench.results.drop(Of.IMAGE, image_id)  # of a file that was another one then
                    self._errors[image_id] = problem_of(error)
                    infos[image_id] = failure_as_info(error, self._predictor.model_id)
                except MammoLensError as error:
                    trouble, self._passing = error, True
                    self._errors[image_id] = problem_of(error)
                except Exception:  # noqa: BLE001 - one bad view must not stop the others
                    self._failed_unexpectedly(image_id)
        self._bench.images.update_image_infos(infos)
        if trouble is not None and not found:
            raise trouble
        return found

    def _analysed(self, path: Path) -> Analysis:
        return self._predictor.analyse(read_mammogram(path))

    def _kept_views(self, analyses: Mapping[str, Analysis]) -> list[JudgedView]:
        """Maps, records and DICOM objects of the views, kept; what the exam's objects need of them."""
        scores = [analysis.score for analysis in analyses.values()]
        results: list[JudgedView] = []
        for image in self._exam.images:
            with self._step(f"marking {self._names[image.image_id]}"):
                analysis = analyses.get(image.image_id)
                if analysis is None:
                    continue
                try:
                    result = self._bench.run(partial(self._predictor.judge, analysis, scores))
                except Exception:  # noqa: BLE001 - the same here
                    self._failed_unexpectedly(image.image_id)
                    continue
                objects = self._of_image(image.image_id, result) if image.is_dicom else {}
                facts = {RECORD: result.record.model_dump(mode="json")}
                self._bench.results.keep(Of.IMAGE, image.image_id, self._mark, facts, objects)
                if image.is_dicom:
                    results.append(JudgedView(result.header, result.record))
        return results

    def _failed_unexpectedly(self, name: str) -> None:
        _log.exception("exam %s: %s", self._exam.exam_id, name)
        self._errors[name], self._passing = _UNEXPECTED, True

    def _of_image(self, image_id: str, result: AnomalyResult) -> dict[DerivedKind, Dataset]:
        return self._derived(self._bench.policy.of_image, partial(derived_from_image, result), image_id)

    def _of_exam(self, results: Sequence[JudgedView]) -> dict[DerivedKind, Dataset]:
        texts = [[finding_in_words(finding, one.record) for finding in one.record.findings] for one in results]
        kinds = self._bench.policy.of_exam if results else ()
        return self._derived(kinds, lambda kind: derive_from_exam(results, kind, texts), self._exam.exam_id)

    def _derived(
        self, kinds: Sequence[DerivedKind], derive: Callable[[DerivedKind], Dataset], name: str
    ) -> dict[DerivedKind, Dataset]:
        """Objects of those kinds; what cannot be made is told, and the numbers are kept without it."""
        objects = {}
        for kind in kinds:
            try:
                objects[kind] = self._bench.run(partial(derive, kind))
            except InputError as error:
                _log.warning("exam %s: no %s: %s", self._exam.exam_id, kind, error)
                self._errors[name] = f"no {kind.replace('_', ' ')}: {problem_of(error)}"
            except Exception:  # noqa: BLE001 - an odd source file must not cost the numbers
                self._failed_unexpectedly(name)
        return objects

    @contextmanager
    def _step(self, doing: str) -> Iterator[None]:
        self._tell(Progress(self._done, 2 * len(self._exam.images) + 1, doing))
        yield
        self._done += 1


def derived_from_image(result: AnomalyResult, kind: DerivedKind) -> Dataset:
    """A DICOM object of one image's result; a Secondary Capture shows what the command line burns in.

    Raises:
        InputError: the source is no DICOM file, or cannot be read any more.
    """
    wants_picture = kind is DerivedKind.SECONDARY_CAPTURE
    picture = picture_to_burn_in(read_mammogram(result.header.path), result) if wants_picture else None
    return derive_from_image(result, kind, picture)
