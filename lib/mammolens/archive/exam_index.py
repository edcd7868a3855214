"""The index of an archive: its images by exam, in one SQLite file, so that memory does not grow with the archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from mammolens.archive.locations import opened
from mammolens.archive.rows import FailureKind, failure_kind
from mammolens.archive.tasks import ExamTask, ImageTask, Refusal
from mammolens.datasets.splits import fold_of
from mammolens.dicom.identity import Identity, identity_doubts, substitute_uids
from mammolens.dicom.reader import read_header
from mammolens.enums import QualityFlag
from mammolens.errors import DatasetError, InputError, MammoLensError
from mammolens.types import ImageAttributes, ImageHeader

Known = Callable[[str], ImageAttributes]
INDEX: Final = "index.sqlite"
MOST_SHARDS: Final = (
    5040  # the number of draws is its multiple: each shard gets equally many for most numbers of shards
)
_DRAWS: Final = MOST_SHARDS * 10_000
_AT_ONCE: Final = 1000  # images of a transaction
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS exams (
    number INTEGER PRIMARY KEY,
    patient TEXT, exam TEXT,      -- NULL: of a file without a usable header
    draw INTEGER NOT NULL,        -- of the patient, for the shard
    UNIQUE (patient, exam)
);
CREATE TABLE IF NOT EXISTS images (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, location TEXT NOT NULL,
    exam INTEGER NOT NULL,
    patient TEXT, study TEXT, issuer TEXT, sop_instance_uid TEXT,
    refusal TEXT, reason TEXT, remedy TEXT
);
CREATE TABLE IF NOT EXISTS facts (source TEXT NOT NULL);
"""
_WHEN_COMPLETE: Final = """
CREATE INDEX IF NOT EXISTS images_exam ON images (exam);
CREATE INDEX IF NOT EXISTS images_study ON images (study);
CREATE INDEX IF NOT EXISTS images_patient ON images (patient);
CREATE INDEX IF NOT EXISTS images_sop ON images (sop_instance_uid);
"""
_IMAGE: Final = "name, location, sop_instance_uid, refusal, reason, remedy"


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image of a source: its name in it, and its path or address for fsspec."""

    name: str
    location: str


@dataclass(frozen=True, slots=True)
class IndexedImage:
    """An image with what its header says of its identity, or why the header cannot be used."""

    listed: ListedImage
    patient: str | None = None
    exam: str | None = None
    patient_key: str = ""
    study: str | None = None
    issuer: str | None = None
    sop_instance_uid: str | None = None
    refusal: Refusal | None = None

    @classmethod
    def of(cls, listed: ListedImage, header: ImageHeader) -> IndexedImage:
        """An image whose header was read."""
        return cls(
            listed,
            header.patient_id,
            header.exam_id,
            header.patient_key,
            header.study_instance_uid,
            header.issuer_of_patient_id,
            header.sop_instance_uid,
        )


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of an archive, with all exams of its patients.

    Raises:
        ValueError: there is no such shard.
    """

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of <= MOST_SHARDS:
            raise ValueError(f"there is no shard {self.number}/{self.of}; at most {MOST_SHARDS} are possible")

    def __str__(self) -> str:
        digits = len(str(self.of))
        return f"shard-{self.number:0{digits}}-of-{self.of}"


def indexed(listed: ListedImage, attributes: ImageAttributes) -> IndexedImage:
    """Read the header of an image.

    Raises:
        StorageError: the object store does not answer.
    """
    try:
        with opened(listed.location, header_only=True) as path:
            return IndexedImage.of(listed, read_header(path, attributes))
    except InputError as error:
        first = error
    try:  # a header that is longer than usual, or a format that has to be read as a whole
        with opened(listed.location) as path:
            return IndexedImage.of(listed, read_header(path, attributes))
    except InputError:
        return refused(listed, first)


def refused(listed: ListedImage, error: MammoLensError) -> IndexedImage:
    """An image that cannot be used."""
    kind = failure_kind(error) if isinstance(error, InputError) else FailureKind.UNREADABLE
    return IndexedImage(listed, refusal=Refusal(kind, error.reason, error.remedy))


class IndexBuilder:
    """Builds an index; what a stopped program has added stays, and the index appears when it is complete.

    Args:
        folder: of the index.
        source: whose images they are.

    Raises:
        DatasetError: the folder has the unfinished index of another source.
    """

    def __init__(self, folder: Path, source: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / INDEX
        self._unfinished = folder / f".unfinished.{INDEX}"
        self._connection = sqlite3.connect(self._unfinished)
        self._connection.executescript(_SCHEMA)
        _check_source(self._connection, source, folder)
        with self._connection:
            self._connection.execute("INSERT INTO facts SELECT ? WHERE NOT EXISTS (SELECT * FROM facts)", (source,))

    def missing(self, images: Iterable[ListedImage]) -> Iterator[ListedImage]:
        """The images that are not in the index yet."""
        found = self._connection.cursor()
        for image in images:
            if found.execute("SELECT 1 FROM images WHERE name = ?", (image.name,)).fetchone() is None:
                yield image

    def add(self, images: Iterable[IndexedImage]) -> Iterator[int]:
        """Add images; yields how many there are, each time that more are on the disk."""
        waiting = iter(images)
        while batch := list(islice(waiting, _AT_ONCE)):
            with self._connection:
                for image in batch:
                    self._add(image)
            yield self.images

    @property
    def images(self) -> int:
        """Number of images so far."""
        return int(self._connection.execute("SELECT count(*) FROM images").fetchone()[0])

    def complete(self) -> None:
        """Let the index appear: all images were added."""
        self._connection.executescript(_WHEN_COMPLETE)
        self._connection.close()
        self._unfinished.replace(self._path)

    def close(self) -> None:
        """Stop; the next builder continues."""
        self._connection.close()

    def _add(self, image: IndexedImage) -> None:
        draw = fold_of(image.patient_key or image.listed.name, _DRAWS)
        execute, refusal = self._connection.execute, image.refusal
        execute("INSERT OR IGNORE INTO exams (patient, exam, draw) VALUES (?, ?, ?)", (image.patient, image.exam, draw))
        if refusal is None:
            chosen = execute("SELECT number FROM exams WHERE patient = ? AND exam = ?", (image.patient, image.exam))
        else:
            chosen = execute("SELECT last_insert_rowid()")
        execute(
            "INSERT INTO images (name, location, exam, patient, study, issuer, sop_instance_uid, refusal, reason, "
            "remedy) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                image.listed.name,
                image.listed.location,
                chosen.fetchone()[0],
                image.patient,
                image.study,
                image.issuer,
                image.sop_instance_uid,
                refusal and refusal.kind.value,
                refusal and refusal.reason,
                refusal and refusal.remedy,
            ),
        )


class ExamIndex:
    """A complete index, which any number of processes read.

    Args:
        folder: of the index.
        source: whose index it must be.
        known: attributes of an image from a table, by its path.

    Raises:
        DatasetError: there is no index, or it is of another source.
    """

    def __init__(self, folder: Path, source: str, known: Known) -> None:
        if not is_indexed(folder):
            raise DatasetError(folder, "has no index of the images", "build it first with index_archive")
        # Immutable: needs no lock, which network file systems are bad at.
        address = f"{(folder / INDEX).resolve().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(address, uri=True)
        self._known = known
        _check_source(self._connection, source, folder)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def images(self, shard: Shard, until: int | None = None) -> int:
        """Number of images in a shard, or of those in its exams up to number ``until``."""
        query = "SELECT count(*) FROM images JOIN exams ON exams.number = images.exam WHERE draw % ? = ?"
        parameters: list[int] = [shard.of, shard.number - 1]
        if until is not None:
            query, parameters = f"{query} AND exams.number <= ?", [*parameters, until]
        return int(self._connection.execute(query, parameters).fetchone()[0])

    def exams(self, shard: Shard, after: int) -> Iterator[ExamTask]:
        """The exams of a shard whose number is above ``after``, in this order."""
        query = "SELECT number, patient, exam FROM exams WHERE draw % ? = ? AND number > ? ORDER BY number"
        with closing(self._connection.execute(query, (shard.of, shard.number - 1, after))) as found:
            for number, patient, exam in found:
                yield ExamTask(number, patient, exam, self._images(number))

    def _images(self, exam: int) -> tuple[ImageTask, ...]:
        rows = self._connection.execute(
            f"SELECT {_IMAGE} FROM images WHERE exam = ? ORDER BY number",  # noqa: S608 - a constant
            (exam,),
        ).fetchall()
        images = [_task(row) for row in rows]
        usable = [image for image in images if image.refusal is None]
        doubts, substitutes = self._doubts(exam), self._substitutes(usable)
        return tuple(
            image
            if image.refusal is not None
            else replace(
                image,
                attributes=replace(
                    self._known(image.location),
                    sop_instance_uid=substitutes.get(image.location),
                    identity_doubts=doubts.get(image.name, ()),
                ),
            )
            for image in images
        )

    def _doubts(self, exam: int) -> dict[str, tuple[QualityFlag, ...]]:
        """Flags that doubt whose images they are, from all images of the same study or patient."""
        rows = self._connection.execute(
            "SELECT name, patient, study, issuer FROM images WHERE refusal IS NULL AND ("
            "study IN (SELECT study FROM images WHERE exam = ?) "
            "OR patient IN (SELECT patient FROM images WHERE exam = ? AND patient <> ''))",
            (exam, exam),
        )
        return identity_doubts({name: Identity(patient, study, issuer) for name, patient, study, issuer in rows})

    def _substitutes(self, images: Sequence[ImageTask]) -> dict[str, str]:
        """Substitutes for SOP Instance UIDs that different images have, by location."""
        substitutes: dict[str, str] = {}
        for uid in dict.fromkeys(image.sop_instance_uid for image in images):
            locations = [
                location
                for (location,) in self._connection.execute(
                    "SELECT location FROM images WHERE sop_instance_uid = ? AND refusal IS NULL", (uid,)
                )
            ]
            if uid is not None and len(locations) > 1:
                with ExitStack() as stack:
                    paths = {stack.enter_context(opened(location)): location for location in locations}
                    found = substitute_uids(dict.fromkeys(paths, uid))
                substitutes |= {paths[path]: substitute for path, substitute in found.items()}
        return substitutes


def is_indexed(folder: Path) -> bool:
    """Whether a folder has a complete index."""
    return (folder / INDEX).is_file()


def _check_source(connection: sqlite3.Connection, source: str, folder: Path) -> None:
    """Refuse the index of another source."""
    found = connection.execute("SELECT source FROM facts").fetchone()
    if found is not None and found[0] != source:
        raise DatasetError(folder, f"contains the scores of {found[0]}", "choose another folder for this source")


def _task(row: Sequence[str | None]) -> ImageTask:
    name, location, uid, refusal, reason, remedy = row
    assert name is not None
    assert location is not None
    why = Refusal(FailureKind(refusal), reason or "", remedy or "") if refusal is not None else None
    return ImageTask(name, location, uid, refusal=why)
