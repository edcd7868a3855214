"""Current results on disk: of each image and each exam one, replaced as a whole.

A folder a result: its facts and the names of its DICOM objects in ``result.json``, which is replaced last. So a
reader sees the old result or the new one, also after a crash; objects that it does not name are left-overs and are
removed by the next result.
"""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import write_derived
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.errors import StorageError
from mammolens.files import write_text

_INDEX = "result.json"


class Of(StrEnum):
    """What a result is of; the name of a folder."""

    IMAGE = "images"
    EXAM = "exams"


@dataclass(frozen=True, slots=True)
class KeptResult:
    """What is kept of a result.

    Attributes:
        judged_as: by which model, in which way, with which other images; another mark is another result.
        version: another one after each judgement, also after one that is made again in the same way.
    """

    judged_as: str
    facts: Mapping[str, Any]
    files: Mapping[DerivedKind, Path]
    version: str


class KeptResults:
    """Results in a folder; threads of one process may use it.

    Args:
        folder: made when the first result comes.
        with_room: does what writes, perhaps once more after making room on a full disk.
    """

    def __init__(self, folder: Path, with_room: Callable[[Callable[[], None]], None] = lambda write: write()) -> None:
        self._folder = folder
        self._with_room = with_room
        self._indexing = threading.Lock()

    def keep(
        self, of: Of, name: str, judged_as: str, facts: Mapping[str, Any], objects: Mapping[DerivedKind, Dataset]
    ) -> None:
        """Replace a result.

        Args:
            of: what.
            name: a checked image or exam id.
            judged_as: the mark of how it was judged.
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
                self._write_index(folder, KeptResult(judged_as, facts, files, version))
                for path in folder.iterdir():
                    if path.name != _INDEX and path not in files.values():
                        path.unlink(missing_ok=True)
        except OSError as error:
            reason = f"the result cannot be written ({error.strerror or error})"
            raise StorageError(folder, reason, "make room or mend the permissions, and judge again") from error

    def note(self, of: Of, name: str, version: str, facts: Mapping[str, Any]) -> None:
        """Change facts of a result, and nothing else; a result that came after that version is left as it is.

        Raises:
            StorageError: it cannot be written.
        """
        with self._indexing:
            kept = self._read_index(of, name)
            if kept is None or kept.version != version:
                return
            folder = self._folder / of.value / name
            try:
                self._write_index(folder, replace(kept, facts={**kept.facts, **facts}))
            except OSError as error:
                raise StorageError(folder, f"cannot be written ({error.strerror or error})", "make room") from error

    def drop(self, of: Of, name: str) -> None:
        """Forget a result, if there is one."""
        shutil.rmtree(self._folder / of.value / name, ignore_errors=True)

    def get(self, of: Of, name: str, judged_as: str) -> KeptResult | None:
        """The result that was judged in this way; ``None`` where there is none, or only an older one."""
        kept = self._read_index(of, name)
        return kept if kept is not None and kept.judged_as == judged_as else None

    def read(self, of: Of, name: str, judged_as: str, kind: DerivedKind) -> bytes | None:
        """A DICOM object of that result; ``None`` where there is none."""
        for _ in range(2):  # between index and file a new result may have come
            kept = self.get(of, name, judged_as)
            if kept is None or kind not in kept.files:
                return None
            try:
                return kept.files[kind].read_bytes()
            except FileNotFoundError:
                continue
        return None

    def _read_index(self, of: Of, name: str) -> KeptResult | None:
        folder = self._folder / of.value / name
        try:
            index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            files = {DerivedKind(kind): folder / file for kind, file in index["files"].items()}
            return KeptResult(index["judged_as"], index["facts"], files, index["version"])
        except (OSError, ValueError, KeyError):
            return None

    def _write_index(self, folder: Path, kept: KeptResult) -> None:
        content = {
            "version": kept.version,
            "judged_as": kept.judged_as,
            "files": {kind.value: path.name for kind, path in kept.files.items()},
            "facts": dict(kept.facts),
        }
        self._with_room(lambda: write_text(folder / _INDEX, json.dumps(content)))
