"""Score an archive: index it, then score a shard of its exams, and continue where an earlier run was stopped."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, Protocol, TypeVar

from filelock import FileLock

from mammolens.archive.exam_index import (
    ExamIndex,
    IndexBuilder,
    IndexedImage,
    Known,
    ListedImage,
    Shard,
    indexed,
    is_indexed,
    refused,
)
from mammolens.archive.exam_scoring import CRASHED, Scoring, crashed_exam, score_exam
from mammolens.archive.rows import FailureKind, failure_kind
from mammolens.archive.score_files import MANIFESTS, Manifest, ShardFiles, manifests
from mammolens.archive.sources import ArchiveSource, Fetch
from mammolens.archive.tasks import ExamRows, ExamTask, Refusal
from mammolens.enums import RuntimeName
from mammolens.errors import DatasetError, InputError, UnexpectedImageError
from mammolens.inference.predictor import load_calibration
from mammolens.models.directory import model_id_of
from mammolens.types import ImageAttributes

T = TypeVar("T")
R = TypeVar("R")
_HEADERS_AT_ONCE: Final = 16  # a header takes milliseconds


class Engine(Protocol):
    """Maps items to results, in order, with few of them in memory; :class:`ProcessEngine` is one."""

    def map(self, work: Callable[[T], R], items: Iterable[T], crashed: Callable[[T], R]) -> Iterator[R]:
        """As :meth:`ProcessEngine.map`."""


class Observer(Protocol):
    """Receives the progress of a run."""

    def indexing(self, images: int) -> None:
        """So many images were found."""

    def scoring(self, done: int, total: int, failures: Counter[FailureKind]) -> None:
        """So many images of the shard are done, with and without a score."""


@dataclass(frozen=True, slots=True)
class Silent:
    """An observer that says nothing."""

    def indexing(self, images: int) -> None:
        """Say nothing."""

    def scoring(self, done: int, total: int, failures: Counter[FailureKind]) -> None:
        """Say nothing."""


def nothing_known(_: str) -> ImageAttributes:
    """No table."""
    return ImageAttributes()


def index_archive(
    source: ArchiveSource,
    folder: Path,
    engine: Engine,
    *,
    known: Known = nothing_known,
    observer: Observer | None = None,
) -> None:
    """Read all headers of a source into an index; continues one that was stopped, and leaves a complete one.

    Args:
        source: the images.
        folder: of the results.
        engine: reads headers.
        known: attributes of an image from a table, by its path.
        observer: receives the number of images found.

    Raises:
        DatasetError: the folder has the index of another source, or the source has no image.
        StorageError: an object store does not answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(str(folder / ".index.lock")):  # other jobs of an array wait for the first
        if is_indexed(folder):
            return
        with closing(IndexBuilder(folder, source.name)) as builder:
            for images in builder.add(_indexed(source, builder, engine, known)):
                if observer is not None:
                    observer.indexing(images)
            if not builder.images:
                raise DatasetError(
                    source.name, "contains no image of a mammogram", "give the folder with the mammograms"
                )
            builder.complete()


def score_archive(
    source: ArchiveSource,
    folder: Path,
    scoring: Scoring,
    engine: Engine,
    *,
    shard: Shard | None = None,
    known: Known = nothing_known,
    observer: Observer | None = None,
) -> Manifest:
    """Score the exams of a shard that are not scored yet.

    Args:
        source: the images; indexed first, if they are not.
        folder: of the results.
        scoring: how; of a runtime ``auto``, all processes use the one that the shard was begun with, or the fastest.
        engine: reads and scores.
        shard: by default the whole archive.
        known: attributes of an image from a table, by its path.
        observer: receives the progress of the run.

    Returns:
        The manifest of the complete shard.

    Raises:
        DatasetError: the folder has other results, or the source has no image.
        StorageError: an object store does not answer, or another process scores this shard.
        ConfigError, ModelError: the model cannot be used.
    """
    shard, observer = shard or Shard(), observer or Silent()
    index_archive(source, folder, engine, known=known, observer=observer)
    scoring = _with_one_runtime(scoring, folder, shard)
    manifest = Manifest(
        source=source.name,
        shard=shard.number,
        shards=shard.of,
        model=model_id_of(scoring.model),
        calibration=load_calibration(scoring.model).calibration_id,
        thumbnails=scoring.thumbnails,
        runtime=scoring.runtime,
        device=str(scoring.device),
        all_details=scoring.all_details,
    )
    with closing(ExamIndex(folder, source.name, known)) as index, ShardFiles(folder, shard, manifest) as files:
        total, done, failures = index.images(shard), index.images(shard, until=files.last), files.failures()
        observer.scoring(done, total, failures)
        tasks = index.exams(shard, after=files.last)
        with _spooled(source, tasks) as (fetched, remove):
            for rows in engine.map(partial(score_exam, scoring), fetched, crashed_exam):
                remove(rows)
                files.add(rows)
                done += len(rows.images)
                failures.update(FailureKind(row.failure) for row in rows.images if row.failure is not None)
                observer.scoring(done, total, failures)
        return files.complete()


def _with_one_runtime(scoring: Scoring, folder: Path, shard: Shard) -> Scoring:
    if scoring.runtime is not RuntimeName.AUTO:
        return scoring
    if (folder / MANIFESTS / f"{shard}.json").exists():
        begun = next(found for found in manifests(folder) if found.shard == shard.number)
        return replace(scoring, runtime=begun.runtime)
    return replace(scoring, runtime=scoring.predictor().runtimes[0])


_Entry = tuple[ListedImage, ImageAttributes] | IndexedImage  # the latter: refused already


def _indexed(source: ArchiveSource, builder: IndexBuilder, engine: Engine, known: Known) -> Iterator[IndexedImage]:
    """The images that are not in the index yet, in the order of the source."""
    entries = (_entry(image, known) for image in builder.missing(source.images()))
    if source.fetch is not None:
        yield from _fetched_headers(source.fetch, entries)
        return
    chunks = iter(lambda: list(islice(entries, _HEADERS_AT_ONCE)), [])
    for headers in engine.map(_read_headers, chunks, _crashed_headers):
        yield from headers


def _entry(image: ListedImage, known: Known) -> _Entry:
    try:
        return image, known(image.location)
    except DatasetError as error:  # of its row in the table
        return refused(image, error)


def _read_headers(entries: list[_Entry]) -> list[IndexedImage]:
    return [entry if isinstance(entry, IndexedImage) else indexed(*entry) for entry in entries]


def _crashed_headers(entries: list[_Entry]) -> list[IndexedImage]:
    crash = UnexpectedImageError("header", CRASHED.reason, CRASHED.remedy)
    return [entry if isinstance(entry, IndexedImage) else refused(entry[0], crash) for entry in entries]


def _fetched_headers(fetch: Fetch, entries: Iterable[_Entry]) -> Iterator[IndexedImage]:
    with tempfile.TemporaryDirectory(prefix="mammolens-score-") as place:
        path = Path(place) / "header.dcm"
        for entry in entries:
            if isinstance(entry, IndexedImage):
                yield entry
                continue
            image, attributes = entry
            try:
                fetch(image.location, path, header_only=True)
            except InputError as error:
                yield refused(image, error)
            else:
                yield replace(indexed(ListedImage(image.name, str(path)), attributes), listed=image)


@contextmanager
def _spooled(
    source: ArchiveSource, tasks: Iterator[ExamTask]
) -> Iterator[tuple[Iterator[ExamTask], Callable[[ExamRows], None]]]:
    """The tasks, their images fetched if workers cannot read them, and what removes those of a scored exam."""
    fetch = source.fetch
    if fetch is None:
        yield tasks, lambda _: None
        return
    with tempfile.TemporaryDirectory(prefix="mammolens-score-") as place:
        spool = Path(place)

        def remove(rows: ExamRows) -> None:
            shutil.rmtree(spool / str(rows.number))

        yield (_fetched(fetch, task, spool / str(task.number)) for task in tasks), remove


def _fetched(fetch: Fetch, task: ExamTask, folder: Path) -> ExamTask:
    folder.mkdir()
    images = []
    for number, image in enumerate(task.images):
        path = folder / f"{number}.dcm"
        try:
            if image.refusal is None:
                fetch(image.location, path, header_only=False)
            images.append(replace(image, location=str(path)))
        except InputError as error:
            images.append(replace(image, refusal=Refusal(failure_kind(error), error.reason, error.remedy)))
    return replace(task, images=tuple(images))
