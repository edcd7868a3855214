"""Current results on disk: of each image and each exam one, replaced as a whole.

A folder a result: its facts and the names of its DICOM objects in ``result.json``, which is replaced last. So a
reader sees the old result or the new one, also after a crash; objects that it does not name are left-overs and are
removed by the next result.
"""

from __future__ import annotations

import io
import json
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

import pydicom
from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import write_derived
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import StorageError
from mammolens.files import write_text

RESULTS: Final = "results"
"""Name of the folder."""

_INDEX = "result.json"


class Of(StrEnum):
    """What a result is of; the name of a folder."""

    IMAGE = "images"
    EXAM = "exams"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result on disk.

    Attributes:
        fingerprint: of the inference: model, settings and images; see
            :func:`mammolens.labelapp.exams.inference_runner.inference_fingerprint`.
        facts: plain JSON.
        files: DICOM objects by kind.
        version: changes with each inference, even if the fingerprint is the same.
    """

    fingerprint: str
    facts: Mapping[str, Any]
    files: Mapping[DerivedKind, Path]
    version: str


class ResultStore:
    """Results in a folder; threads of one process may use it.

    Args:
        folder: made when the first result comes.
        with_room: does what writes, perhaps once more after making room on a full disk.
    """

    def __init__(self, folder: Path, with_room: Callable[[Callable[[], None]], None] = lambda write: write()) -> None:
        self._folder = folder
        self._with_room = with_room
        self._indexing = threading.Lock()

    def put(
        self,
        of: Of,
        name: str,
        fingerprint: str,
        facts: Mapping[str, Any],
        objects: Mapping[DerivedKind, Dataset],
    ) -> None:
        """Replace a result.

        Args:
            of: what.
            name: a checked image or exam id.
            fingerprint: of the inference.
            facts: plain JSON.
            objects: by their kind.

        Raises:
            StorageError: it cannot be written; the old one stays.
        """
        folder, version = self._folder / of.value / name, uuid.uuid4().hex[:12]
        files = {kind: folder / f"{kind}.{version}.dcm" for kind in objects}
        try:
            for kind, path in files.items():
                self._with_room(partial(write_derived, objects[kind], path))
            with self._indexing:
                self._write_index(folder, StoredResult(fingerprint, facts, files, version))
                for path in folder.iterdir():
                    if path.name != _INDEX and path not in files.values():
                        path.unlink(missing_ok=True)
        except OSError as error:
            reason = f"the result cannot be written ({error.strerror or error})"
            raise StorageError(
                folder, reason, "free some space or correct the permissions, and infer the exam again"
            ) from error

    def note(self, of: Of, name: str, version: str, facts: Mapping[str, Any]) -> None:
        """Change facts of a result, and nothing else; a result that came after that version is left as it is.

        Raises:
            StorageError: it cannot be written.
        """
        with self._indexing:
            stored = self._read_index(of, name)
            if stored is None or stored.version != version:
                return
            folder = self._folder / of.value / name
            try:
                self._write_index(folder, replace(stored, facts={**stored.facts, **facts}))
            except OSError as error:
                raise StorageError(
                    folder, f"cannot be written ({error.strerror or error})", "free some space"
                ) from error

    def has(self, of: Of, name: str) -> bool:
        """Whether there is any result, also of a former model."""
        return (self._folder / of.value / name).is_dir()

    def older(self, of: Of, moment: float) -> list[str]:
        """Names of results that were last written before a moment, in seconds since the epoch."""
        folder = self._folder / of.value
        names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
        return [name for name in names if self.is_older(of, name, moment)]

    def is_older(self, of: Of, name: str, moment: float) -> bool:
        """Whether there is a result, and it was last written before this moment; left-overs count from their own."""
        folder = self._folder / of.value / name
        for path in (folder / _INDEX, folder):
            with suppress(OSError):
                return path.stat().st_mtime < moment
        return False

    def drop(self, of: Of, name: str) -> None:
        """Forget a result, if there is one."""
        shutil.rmtree(self._folder / of.value / name, ignore_errors=True)

    def get(self, of: Of, name: str, fingerprint: str) -> StoredResult | None:
        """The result with this fingerprint; ``None`` if there is none, or only an older one."""
        stored = self._read_index(of, name)
        return stored if stored is not None and stored.fingerprint == fingerprint else None

    def read(self, of: Of, name: str, fingerprint: str, kind: DerivedKind) -> bytes | None:
        """A DICOM object of that result; ``None`` where there is none."""
        for _ in range(2):  # between index and file a new result may have come
            stored = self.get(of, name, fingerprint)
            if stored is None or kind not in stored.files:
                return None
            try:
                return stored.files[kind].read_bytes()
            except FileNotFoundError:
                continue
        return None

    def objects(self, exam_id: str, image_ids: Iterable[str], fingerprint: str) -> Iterator[Dataset]:
        """The DICOM objects of a result, read one by one: those of its images, then those of the exam."""
        for of, name in [*((Of.IMAGE, image_id) for image_id in image_ids), (Of.EXAM, exam_id)]:
            stored = self.get(of, name, fingerprint)
            for kind in stored.files if stored else ():
                if (content := self.read(of, name, fingerprint, kind)) is not None:
                    yield pydicom.dcmread(io.BytesIO(content))

    def _read_index(self, of: Of, name: str) -> StoredResult | None:
        folder = self._folder / of.value / name
        try:
            index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            files = {DerivedKind(kind): folder / file for kind, file in index["files"].items()}
            return StoredResult(index["fingerprint"], index["facts"], files, index["version"])
        except (OSError, ValueError, KeyError):
            return None

    def _write_index(self, folder: Path, stored: StoredResult) -> None:
        content = {
            "version": stored.version,
            "fingerprint": stored.fingerprint,
            "files": {kind.value: path.name for kind, path in stored.files.items()},
            "facts": dict(stored.facts),
        }
        self._with_room(lambda: write_text(folder / _INDEX, json.dumps(content)))
