"""The Parquet files of a shard: written part by part, each exam in exactly one part, whenever the program is killed.

``images/SHARD/part-FIRST-LAST.parquet`` has the image rows of the exams FIRST to LAST, ``exams/SHARD/`` the exam rows
under the same name. The part of the images is written first: it counts once that of the exams is there.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.archive.exam_index import Shard
from mammolens.archive.rows import ExamRow, FailureKind, ImageRow, arrow_table
from mammolens.archive.tasks import ExamRows
from mammolens.enums import RuntimeName
from mammolens.errors import DatasetError, StorageError
from mammolens.files import atomic_file, remove_leftovers, write_text

IMAGES, EXAMS, MANIFESTS = "images", "exams", "manifests"
_PART: Final = re.compile(r"part-(\d{12})-(\d{12})\.parquet")
_MOST_IMAGES: Final = 2000  # of a part: rows wait in memory
_LONGEST_S: Final = 60.0  # so that little is done again after a kill


class Manifest(BaseModel):
    """What produced the rows of a shard: ``manifests/SHARD.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    shard: int
    shards: int
    model: str
    calibration: str
    mammolens: str = __version__
    thumbnails: bool
    runtime: RuntimeName = RuntimeName.TORCH
    device: str = Field("cpu", description="of torch, with the precision if it is not float32")
    all_details: bool = Field(False, description="whether JPEG 2000 was decoded with all details")
    complete: bool = False
    exams: int = 0
    images: int = Field(0, description="rows, with and without a score")
    failures: dict[FailureKind, int] = Field(default_factory=dict)
    notice: str = RESEARCH_USE_ONLY

    def same_run(self, other: Manifest) -> bool:
        """Whether rows of both belong together in one shard."""
        counts = {"complete", "exams", "images", "failures"}
        return self.model_dump(exclude=counts) == other.model_dump(exclude=counts)


class _Part(NamedTuple):
    name: str
    last: int


class ShardFiles(AbstractContextManager["ShardFiles"]):
    """Adds rows to a shard; leaving the context stores those that are complete.

    Args:
        folder: of all shards.
        shard: the one to write; one process at a time.
        manifest: of this run.
        clock: seconds that never go back.

    Raises:
        DatasetError: the folder has rows of another model, source or division into shards.
        StorageError: another process writes this shard.
    """

    def __init__(
        self, folder: Path, shard: Shard, manifest: Manifest, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._images, self._exams = folder / IMAGES / str(shard), folder / EXAMS / str(shard)
        self._manifest, self._at = manifest, folder / MANIFESTS / f"{shard}.json"
        self._clock = clock
        for place in (self._images, self._exams, self._at.parent):
            place.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(str(self._at.parent / f".{shard}.lock"), timeout=0)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise StorageError(folder, f"another process writes {shard}", "wait for it, or stop it") from error
        try:
            _refuse_other_runs(folder, manifest)
            self._remove_unfinished()
        except BaseException:
            self._lock.release()
            raise
        if not self._at.exists():
            write_text(self._at, manifest.model_dump_json(indent=1) + "\n")
        self._waiting: list[ExamRows] = []
        self._since = clock()

    @property
    def last(self) -> int:
        """Number of the last exam that is stored; 0: none is."""
        return max((part.last for part in _parts(self._exams)), default=0)

    def failures(self) -> Counter[FailureKind]:
        """Images without a score that are stored, by reason."""
        found: Counter[FailureKind] = Counter()
        for part in _parts(self._images):
            column = pq.read_table(self._images / part.name, columns=["failure"]).column("failure")
            found.update(FailureKind(kind) for kind in column.to_pylist() if kind is not None)
        return found

    def add(self, rows: ExamRows) -> None:
        """Add an exam, in order of its number; it is stored with those that follow."""
        self._waiting.append(rows)
        images = sum(len(one.images) for one in self._waiting)
        if images >= _MOST_IMAGES or self._clock() - self._since >= _LONGEST_S:
            self.store()

    def store(self) -> None:
        """Store what was added."""
        if self._waiting:
            name = f"part-{self._waiting[0].number:012d}-{self._waiting[-1].number:012d}.parquet"
            images = [row for rows in self._waiting for row in rows.images]
            exams = [rows.exam for rows in self._waiting if rows.exam is not None]
            _write(self._images / name, ImageRow, images)
            _write(self._exams / name, ExamRow, exams)
            self._waiting = []
        self._since = self._clock()

    def complete(self) -> Manifest:
        """All exams of the shard were added; returns the final manifest."""
        self.store()
        names = [(place, part.name) for place in (self._images, self._exams) for part in _parts(place)]
        rows = Counter[Path]()
        for place, name in names:
            rows[place] += pq.read_metadata(place / name).num_rows
        counted = {"exams": rows[self._exams], "images": rows[self._images], "failures": dict(self.failures())}
        manifest = self._manifest.model_copy(update={**counted, "complete": True})
        write_text(self._at, manifest.model_dump_json(indent=1) + "\n")
        return manifest

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.store()
        finally:
            self._lock.release()

    def _remove_unfinished(self) -> None:
        """Remove what a killed program left behind; the exams in it are scored again."""
        finished = {part.name for part in _parts(self._exams)}
        for part in _parts(self._images):
            if part.name not in finished:
                (self._images / part.name).unlink()
        for place in (self._images, self._exams, self._at.parent):
            remove_leftovers(place)


def manifests(folder: Path) -> list[Manifest]:
    """Those of all shards in a folder, by number.

    Raises:
        DatasetError: the folder has none, or one that is damaged.
    """
    found = []
    for path in sorted((folder / MANIFESTS).glob("shard-*.json")):
        try:
            found.append(Manifest.model_validate_json(path.read_bytes()))
        except ValidationError as error:
            raise DatasetError(
                path, "is not a manifest of mammolens score", "remove it and score this shard again"
            ) from error
    return sorted(found, key=lambda manifest: manifest.shard)


def parts(folder: Path, kind: str) -> Iterator[Path]:
    """The Parquet files of all shards: of :data:`IMAGES` or :data:`EXAMS`; only those that count."""
    for place in sorted((folder / EXAMS).glob("shard-*")):
        for part in _parts(place):
            yield folder / kind / place.name / part.name


def _parts(place: Path) -> list[_Part]:
    matches = (_PART.fullmatch(path.name) for path in sorted(place.iterdir()))
    return [_Part(match[0], int(match[2])) for match in matches if match is not None]


def _write(path: Path, kind: type[ImageRow] | type[ExamRow], rows: Sequence[ImageRow] | Sequence[ExamRow]) -> None:
    with atomic_file(path) as temporary:
        pq.write_table(arrow_table(kind, rows), temporary, compression="zstd")


def _refuse_other_runs(folder: Path, manifest: Manifest) -> None:
    for found in manifests(folder) if (folder / MANIFESTS).is_dir() else []:
        if (found.source, found.shards) != (manifest.source, manifest.shards) or (
            found.shard == manifest.shard and not found.same_run(manifest)
        ):
            reason = (
                f"holds scores of {found.source} by {found.model} ({found.calibration}, MammoLens {found.mammolens}, "
                f"{found.shards} shards, {'with' if found.thumbnails else 'without'} thumbnails, "
                f"{'all' if found.all_details else 'reduced'} details, runtime {found.runtime}, device {found.device})"
            )
            raise DatasetError(folder, reason, "choose another folder, or the same options")
