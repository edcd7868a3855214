"""Current results on disk: of each image and each exam one, replaced as a whole.

A folder a result: its facts and the names of its DICOM objects in ``result.json``, which is replaced last. So a
reader sees the old result or the new one, also after a crash; objects that it does not name are left-overs and are
removed by the next result.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
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
    """What is kept of a result; ``version`` is another one after each judgement."""

    facts: Mapping[str, Any]
    files: Mapping[DerivedKind, Path]
    version: str


class KeptResults:
    """Results in a folder.

    Args:
        folder: made when the first result comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, of: Of, name: str, facts: Mapping[str, Any], objects: Mapping[DerivedKind, Dataset]) -> None:
        """Replace a result.

        Args:
            of: what.
            name: a checked image or exam id.
            facts: plain JSON.
            objects: by their kind.

        Raises:
            StorageError: it cannot be written; the old one stays.
        """
        folder, version = self._folder / of.value / name, uuid.uuid4().hex[:12]
        names = {kind.value: f"{kind}.{version}.dcm" for kind in objects}
        try:
            for kind, dataset in objects.items():
                write_derived(dataset, folder / names[kind.value])
            _write_index(folder, version, names, facts)
            for path in folder.iterdir():
                if path.name not in (_INDEX, *names.values()):
                    path.unlink(missing_ok=True)
        except OSError as error:
            reason = f"the result cannot be written ({error.strerror or error})"
            raise StorageError(folder, reason, "make room or mend the permissions, and judge again") from error

    def note(self, of: Of, name: str, facts: Mapping[str, Any]) -> None:
        """Change facts of a result that is there, and nothing else.

        Raises:
            StorageError: it cannot be written.
        """
        kept = self.get(of, name)
        if kept is None:
            return
        folder = self._folder / of.value / name
        names = {kind.value: path.name for kind, path in kept.files.items()}
        try:
            _write_index(folder, kept.version, names, {**kept.facts, **facts})
        except OSError as error:
            raise StorageError(folder, f"cannot be written ({error.strerror or error})", "make room") from error

    def drop(self, of: Of, name: str) -> None:
        """Forget a result, if there is one."""
        shutil.rmtree(self._folder / of.value / name, ignore_errors=True)

    def get(self, of: Of, name: str) -> KeptResult | None:
        """The current result; ``None`` where there is none that can be read."""
        folder = self._folder / of.value / name
        try:
            index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            files = {DerivedKind(kind): folder / file for kind, file in index["files"].items()}
            return KeptResult(index["facts"], files, index["version"])
        except (OSError, ValueError, KeyError):
            return None

    def read(self, of: Of, name: str, kind: DerivedKind) -> bytes | None:
        """A DICOM object of the current result; ``None`` where there is none."""
        for _ in range(2):  # between index and file a new result may have come
            kept = self.get(of, name)
            if kept is None or kind not in kept.files:
                return None
            try:
                return kept.files[kind].read_bytes()
            except FileNotFoundError:
                continue
        return None


def _write_index(folder: Path, version: str, names: Mapping[str, str], facts: Mapping[str, Any]) -> None:
    content = {"version": version, "files": dict(names), "facts": dict(facts)}
    write_text(folder / _INDEX, json.dumps(content))
