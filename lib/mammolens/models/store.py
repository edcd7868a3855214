"""The versions of a server's model, and which of them is in use."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from types import EllipsisType

from filelock import FileLock, Timeout

from mammolens.errors import ConfigError, ModelError
from mammolens.files import atomic_file
from mammolens.models.checksums import CHECKSUMS, checksums_digest
from mammolens.models.directory import CONFIG, check_model, load_any_model, model_files, record_of
from mammolens.models.history import EventKind, History, HistoryEvent, served

_POINTER, _VERSIONS, _GATE_RESULTS, _LOCK = "serving", "versions", "gate-results", ".lock"
_HISTORY, _HEAD = "history.jsonl", "history.head"
_RECALIBRATED = "-recalibrated"
_PATIENCE_S = 60.0  # another change takes milliseconds
PRETRAINED = "exposed"
NORMAL_ONLY = "restorer"  # learned from no known lesion
BASELINE = "autoencoder"  # the original method: a line in every report


def pretrained_directory(name: str = PRETRAINED) -> Path:
    """The model directory of that name inside the package: 'exposed' (the default), 'restorer' or 'autoencoder'.

    Example:
        >>> pretrained_directory().name
        'exposed'
    """
    return Path(str(files("mammolens.models"))) / "pretrained" / name


class ModelStore:
    """``root/versions/<model id>/``, the pointer file ``root/serving`` and ``root/history.jsonl``.

    The pointer is replaced atomically and nothing else says what serves: every reader sees the old version or the new
    one entirely, and a crash at any moment leaves a version that can serve. A version never changes. The history is
    written before the pointer, so that nothing serves without a trace; where a crash came between, the next change
    notes what it found.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._versions = root / _VERSIONS
        self._pointer = root / _POINTER
        self._history = History(root / _HISTORY)

    def serving(self) -> Path:
        """The directory of the serving version; the pretrained one where none was published.

        Raises:
            ModelError: the pointer names a version that is gone.
        """
        name = self.serving_version()
        if name is None:
            return pretrained_directory()
        if name not in self.versions():
            directory = self._versions / name
            raise ModelError(
                directory, "is the version in use but is missing", f"restore it, or delete {self._pointer}"
            )
        return self._versions / name

    def serving_version(self) -> str | None:
        """The name that the pointer holds; ``None``: the pretrained model serves."""
        try:
            return self._pointer.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            return None

    def versions(self) -> list[str]:
        """Ids of the versions, oldest first."""
        # Hidden folders are copies that are not complete, perhaps never will be.
        found = [path for path in self._versions.glob("[!.]*") if path.is_dir()]
        return [path.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def directory(self, version: str) -> Path:
        """The directory of a version.

        Raises:
            ModelError: there is none of that name.
        """
        if version not in self.versions():
            known = ", ".join(self.versions()) or "none"
            raise ModelError(self.root, f"has no version {version!r}", f"use one of its versions: {known}")
        return self._versions / version

    def checked(self, version: str | None) -> Path:
        """The directory of a version, of which every file is what was added; ``None`` is the model of the package.

        Raises:
            ModelError: there is no such version, or a file was damaged or changed since.
        """
        if version is None:
            check_model(pretrained_directory())
            return pretrained_directory()
        directory = self.directory(version)
        check_model(directory)
        added = (entry for entry in self.history() if entry.event is EventKind.ADDED and entry.version == version)
        recorded = next((entry.checksums for entry in added), None)
        if recorded is not None and checksums_digest(directory) != recorded:
            reason = "is not the one that came into the store, and a version never changes"
            remedy = "restore it from a backup, or promote the changed model as a version of its own"
            raise ModelError(directory / CHECKSUMS, reason, remedy)
        return directory

    def candidates(self) -> list[str | None]:
        """The version in use and those that served before it, the latest first; ``None``, of the package, is the last.

        Where the history is damaged, none but the first and the last are known.
        """
        try:
            before = served(self.history())
        except ModelError:
            before = [None]
        return list(dict.fromkeys((self.serving_version(), *(one for one in reversed(before) if one), None)))

    def stamp(self, version: str | None) -> tuple[tuple[str, int, int], ...]:
        """Name, time of change and size of each file of a version: another stamp, and it has to be checked again."""
        if version is not None and version not in self.versions():
            return ()
        directory = pretrained_directory() if version is None else self._versions / version
        found = sorted((str(path), path.stat()) for path in directory.rglob("*") if path.is_file())
        return tuple((name, status.st_mtime_ns, status.st_size) for name, status in found)

    def history(self) -> tuple[HistoryEvent, ...]:
        """What happened, oldest first.

        Raises:
            ModelError: the history is damaged.
        """
        return self._history.entries()

    def publish(self, directory: Path, *, by: str = "mammolens", why: str = "published without a gate") -> str:
        """Copy a complete model directory into the store and let it serve; returns its id.

        Raises:
            ModelError: a file of the model is missing or damaged.
        """
        version = self.add(directory, by=by)
        self.promote(version, by=by, why=why)
        return version

    def add(self, directory: Path, *, by: str) -> str:
        """Copy a complete model directory into the store; it does not serve yet. Returns the version.

        A version is named by its model's id, and one that was recalibrated says so.

        Raises:
            ModelError: a file of the model is missing or damaged.
        """
        remedy = "publish a trained and calibrated model"
        if not (directory / CONFIG).is_file():
            raise ModelError(directory, f"has no {CONFIG}", remedy)
        try:
            needed, others = model_files(directory)
        except ConfigError as error:
            raise ModelError(directory, f"cannot be loaded ({error.reason})", remedy) from error
        for name in needed:
            if not (directory / name).is_file():
                raise ModelError(directory, f"has no {name}", remedy)
        wanted = load_any_model(directory).model_id
        if record_of(directory).get("calibrated_on"):  # its weights, and so its id, are those of another version
            wanted += _RECALIBRATED
        self._versions.mkdir(parents=True, exist_ok=True)
        temporary = self._versions / f".{uuid.uuid4().hex}"
        temporary.mkdir()
        try:
            for name in (*needed, *others):
                if (directory / name).is_file():
                    (temporary / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(directory / name, temporary / name)
                    _flush(temporary / name)
            version = self._placed(temporary, wanted)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        with self._changing():
            self._note(EventKind.ADDED, version, by, checksums=checksums_digest(self._versions / version))
        return version

    def promote(
        self,
        version: str,
        *,
        by: str,
        why: str,
        gate_result: str | None = None,
        overridden: bool = False,
        compared_with: str | EllipsisType | None = ...,
    ) -> None:
        """Let a version serve; nothing is done where it serves already.

        Args:
            version: of this store.
            by: who promotes it.
            why: in words.
            gate_result: file name that :meth:`save_gate_result` gave.
            overridden: a person decides without the gate's consent.
            compared_with: the version that has to serve until now (``None``: the pretrained model); without, any.

        Raises:
            ModelError: there is no such version, it cannot be loaded, or it was compared with another one.
        """
        load_any_model(self.checked(version))
        with self._changing():
            if compared_with is not ... and self.serving_version() != compared_with:
                raise ModelError(self.root, "another model was promoted during the comparison", "compare again")
            if self.serving_version() != version:
                self._note(EventKind.PROMOTED, version, by, why, gate_result, overridden)
                self._point_to(version)

    def refuse(self, version: str, *, by: str, why: str, gate_result: str | None = None) -> None:
        """Record that a version was compared and is not used.

        Raises:
            ModelError: there is no such version.
        """
        self.directory(version)
        with self._changing():
            self._note(EventKind.REFUSED, version, by, why, gate_result)

    def wait(self, version: str, *, by: str, why: str, gate_result: str | None = None) -> None:
        """Record that a version awaits a person's approval.

        Raises:
            ModelError: there is no such version.
        """
        self.directory(version)
        with self._changing():
            self._note(EventKind.WAITS, version, by, why, gate_result)

    def rollback(self, *, by: str, why: str) -> str | None:
        """Let the version serve that served before; again, and it is the one before that.

        Returns:
            The version that serves now, ``None`` for the pretrained model.

        Raises:
            ModelError: none served before, or it is gone or damaged.
        """
        with self._changing():
            line = served(self._history.entries())
            if len(line) < 2:
                raise ModelError(self.root, "there is no previous model", "promote another version instead")
            before = line[-2]
            if before is not None:
                load_any_model(self.checked(before))
            self._note(EventKind.ROLLED_BACK, before, by, why)
            self._point_to(before)
        return before

    def copy_to(self, folder: Path) -> None:
        """Copy the whole store, of one moment, into a folder that is made.

        Raises:
            ModelError: a version or the history is damaged: what is copied is whole.
        """
        with self._changing():
            self.history()
            for version in self.versions():
                self.checked(version)
            (folder / _VERSIONS).mkdir(parents=True)
            for version in self.versions():
                shutil.copytree(self._versions / version, folder / _VERSIONS / version)
            for name in (_POINTER, _HISTORY, _HEAD):
                if (self.root / name).is_file():
                    shutil.copy2(self.root / name, folder / name)
            if (self.root / _GATE_RESULTS).is_dir():
                shutil.copytree(self.root / _GATE_RESULTS, folder / _GATE_RESULTS)

    def save_gate_result(self, version: str, text: str) -> str:
        """Save a gate result of a version, whole or not at all, and return its file name."""
        name = f"{version}.{uuid.uuid4().hex[:8]}.json"
        self._write(self.root / _GATE_RESULTS / name, text)
        return name

    def gate_result(self, name: str) -> str:
        """The text of a saved gate result.

        Raises:
            ModelError: it is gone.
        """
        path = self.root / _GATE_RESULTS / name
        try:
            return path.read_text(encoding="utf-8")
        except OSError as error:
            raise ModelError(path, f"cannot be read ({error.strerror})", "restore it from a backup") from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time, whichever process makes it; the history agrees with the pointer within."""
        self.root.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(str(self.root / _LOCK), timeout=_PATIENCE_S):
                pointed = self.serving_version()
                if served(self._history.entries())[-1] != pointed:
                    why = "in use, contrary to the previous line: a change was interrupted or made by hand"
                    self._note(EventKind.FOUND, pointed, "mammolens", why)
                yield
        except Timeout as error:
            raise ModelError(self.root, "is being changed by another process", "try again in a minute") from error

    def _note(
        self,
        event: EventKind,
        version: str | None,
        by: str,
        why: str = "",
        gate_result: str | None = None,
        overridden: bool = False,
        checksums: str | None = None,
    ) -> None:
        self._history.append(
            HistoryEvent(
                event=event,
                version=version,
                previous=self.serving_version(),
                by=by,
                why=why,
                gate_result=gate_result,
                overridden=overridden,
                checksums=checksums,
            )
        )

    def _point_to(self, version: str | None) -> None:
        if version is None:
            self._pointer.unlink(missing_ok=True)
        else:
            self._write(self._pointer, version)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
            _flush(temporary)

    def _placed(self, copy: Path, wanted: str) -> str:
        """Give a complete copy its name, with more behind it where that is taken."""
        name = wanted
        while True:
            try:
                copy.rename(self._versions / name)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                name = f"{wanted}-{uuid.uuid4().hex[:6]}"
            else:
                return name


def _flush(path: Path) -> None:
    """Written to the disk before anything points here: a pointer must not outlive its target."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
