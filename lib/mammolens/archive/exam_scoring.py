"""Score one exam: what each process of an engine does, whichever engine it is."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from PIL import Image

from mammolens.archive.locations import opened
from mammolens.archive.rows import ExamRow, FailureKind, ImageRow, failure_kind
from mammolens.archive.tasks import ExamRows, ExamTask, ImageTask, Refusal
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import RuntimeName
from mammolens.errors import InputError, MammoLensError, UnexpectedImageError
from mammolens.inference.batch import Reading, analysed_images
from mammolens.inference.exam import ImageScore
from mammolens.inference.exam_text import view_name
from mammolens.inference.overlay import display_window, reduced_shape, render_overlay, windowed
from mammolens.inference.predictor import Analysis, Predictor
from mammolens.models.devices import REFERENCE, Device
from mammolens.names import path_as_text
from mammolens.transforms.resample import resampled_array
from mammolens.types import AnomalyResult, FloatImage, Mammogram

_log = logging.getLogger(__name__)
T = TypeVar("T")
_THUMBNAIL: Final = 320  # pixels of the longer side
CRASHED: Final = Refusal(
    FailureKind.UNEXPECTED,
    "the process that read or scored it ended without an error message",
    "see whether the computer has enough memory, and report the image if it has",
)


@dataclass(frozen=True, slots=True)
class Scoring:
    """How to score; processes that get equal settings load the model once.

    Attributes:
        model: its directory.
        thumbnails: whether image rows contain small pictures.
        runtime: that runs the network.
        device: that torch runs networks on.
        all_details: whether images are decoded with all details, also with those that scores hardly depend on.
    """

    model: Path
    thumbnails: bool = False
    runtime: RuntimeName = RuntimeName.TORCH
    device: Device = REFERENCE
    all_details: bool = False

    def predictor(self) -> Predictor:
        """Load the model."""
        return Predictor.load(self.model, runtime=self.runtime, device=self.device)


def score_exam(scoring: Scoring, task: ExamTask) -> ExamRows:
    """Read and score the images of an exam; the next image is read while one is scored.

    Args:
        scoring: how.
        task: the exam.

    Raises:
        MammoLensError: the model cannot be used, or an object store does not answer. An image that cannot be used
            is a row.
    """
    predictor = _predictor(scoring)
    read = partial(_read, None if scoring.all_details else predictor.detail_mm)
    usable = [image for image in task.images if image.refusal is None]
    rows = {image.name: failed_row(image, task, image.refusal) for image in task.images if image.refusal is not None}
    current: ImageTask = task.images[0]
    names: dict[str, str] = {}  # of files that may be temporary

    def readings(pool: ThreadPoolExecutor) -> Iterator[Reading]:
        nonlocal current
        for current, reading in _read_ahead(pool, read, usable):  # noqa: B007 - fail() needs it
            yield reading

    def fail(error: InputError) -> None:
        reason = error.reason
        for path, name in names.items():
            reason = reason.replace(path, name)
        rows[current.name] = failed_row(current, task, Refusal(failure_kind(error), reason, error.remedy))

    scores: list[ImageScore] = []
    with ThreadPoolExecutor(1) as pool:
        if scoring.thumbnails:
            analysed: dict[str, tuple[Mammogram, Analysis]] = {}
            analyse = _guarded(predictor.analyse)
            for mammogram, analysis in analysed_images(readings(pool), analyse, fail):
                names[path_as_text(mammogram.header.path)] = current.name
                analysed[current.name] = mammogram, analysis
            results = predictor.results_of([analysis for _, analysis in analysed.values()])
            for (name, (mammogram, analysis)), result in zip(analysed.items(), results, strict=True):
                row = _scored_row(name, predictor, mammogram, analysis.score)
                scores.append(analysis.score)
                rows[name] = row.model_copy(update=_thumbnails(mammogram, result))
        else:
            for mammogram, score in analysed_images(readings(pool), _guarded(predictor.score), fail):
                names[path_as_text(mammogram.header.path)] = current.name
                scores.append(score)
                rows[current.name] = _scored_row(current.name, predictor, mammogram, score)
    images = tuple(rows[image.name] for image in task.images)
    return ExamRows(task.number, images, _exam_row(task, predictor, scores))


def crashed_exam(task: ExamTask) -> ExamRows:
    """The rows of an exam that ends the process which scores it."""
    images = tuple(failed_row(image, task, image.refusal or CRASHED) for image in task.images)
    return ExamRows(task.number, images, _failed_exam(task, len(images)))


def failed_row(image: ImageTask, task: ExamTask, refusal: Refusal) -> ImageRow:
    """The row of an image without a score."""
    return ImageRow(
        image=image.name,
        sop_instance_uid=image.attributes.sop_instance_uid or image.sop_instance_uid,
        patient=task.patient,
        exam=task.exam,
        failure=refusal.kind,
        failure_reason=refusal.reason,
        failure_remedy=refusal.remedy,
    )


@lru_cache(1)
def _predictor(scoring: Scoring) -> Predictor:
    return scoring.predictor()


def _read_ahead(
    pool: ThreadPoolExecutor, read: Callable[[ImageTask], Mammogram], images: Sequence[ImageTask]
) -> Iterator[tuple[ImageTask, Reading]]:
    """Each image and what returns its pixels; the next one is being read meanwhile, never more."""
    following: Future[Mammogram] | None = pool.submit(_guarded(read), images[0]) if images else None
    for at, image in enumerate(images):
        assert following is not None
        reading = following.result
        if at + 1 < len(images):
            following = pool.submit(_guarded(read), images[at + 1])
        yield image, reading


def _read(detail_mm: float | None, image: ImageTask) -> Mammogram:
    with opened(image.location) as path:
        return read_mammogram(path, image.attributes, detail_mm=detail_mm)


def _guarded(work: Callable[[ImageTask], T] | Callable[[Mammogram], T]) -> Callable[..., T]:
    """The same; a bug that one image among millions reveals is an error of this image."""

    def guarded(of: ImageTask | Mammogram) -> T:
        try:
            return work(of)  # type: ignore[arg-type]
        except MammoLensError:
            raise
        except Exception as error:
            source = of.name if isinstance(of, ImageTask) else of.header.path
            _log.exception("%s: unexpected error", source)
            raise UnexpectedImageError(source, f"unexpected error: {error!r}", "please report it") from error

    return guarded


def _scored_row(name: str, predictor: Predictor, mammogram: Mammogram, score: ImageScore) -> ImageRow:
    header, (rows, columns) = score.header, mammogram.pixels.shape
    return ImageRow(
        image=name,
        sop_instance_uid=header.sop_instance_uid,
        patient=header.patient_id,
        exam=header.exam_id,
        study_date=header.study_date,
        laterality=header.laterality,
        view=header.view,
        acquisition_group=header.acquisition_group,
        software_versions=header.software_versions,
        rows=rows,
        columns=columns,
        raw_score=score.raw_score,
        pred_score=score.pred_score,
        p_value=predictor.image_p_value(score),
        is_anomalous=predictor.is_anomalous(score),
        quality_flags=list(header.flags),
    )


def _exam_row(task: ExamTask, predictor: Predictor, scores: Sequence[ImageScore]) -> ExamRow | None:
    if not scores:
        return _failed_exam(task, len(task.images))
    inferred = predictor.infer_exam(scores)
    headers = [score.header for score in scores]
    return ExamRow(
        patient=headers[0].patient_id,
        exam=headers[0].exam_id,
        study_date=min((header.study_date for header in headers if header.study_date), default=None),
        acquisition_group=inferred.fused.acquisition_group,
        images=len(scores),
        images_failed=len(task.images) - len(scores),
        views=[view_name(header.laterality, header.view) for header in headers],
        exam_score=inferred.fused.exam,
        exam_p_value=inferred.p_value,
        exam_percentile=inferred.percentile,
        exam_is_anomalous=inferred.is_anomalous,
        asymmetry=inferred.asymmetry,
        asymmetry_p_value=inferred.asymmetry_p_value,
        quality_flags=list(dict.fromkeys(flag for header in headers for flag in header.flags)),
    )


def _failed_exam(task: ExamTask, failed: int) -> ExamRow | None:
    if task.patient is None or task.exam is None:
        return None
    return ExamRow(patient=task.patient, exam=task.exam, images=0, images_failed=failed, views=[])


def _thumbnails(mammogram: Mammogram, result: AnomalyResult) -> dict[str, bytes]:
    grey = resampled_array(mammogram.pixels, reduced_shape(mammogram.pixels.shape, _THUMBNAIL))
    return {
        "thumbnail": _jpeg(windowed(grey, display_window(grey)).astype(np.uint8)),
        "thumbnail_overlay": _jpeg(render_overlay(mammogram.pixels, result, _THUMBNAIL)),
    }


def _jpeg(picture: FloatImage | np.typing.NDArray[np.uint8]) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, format="JPEG", quality=85)
    return content.getvalue()
