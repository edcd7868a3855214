"""results.jsonl, written line by line: what is complete survives a stop, and the same run continues from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from mammolens import __version__
from mammolens.files import write_text
from mammolens.inference.batch import ExamFiles
from mammolens.inference.outputs import RESULTS
from mammolens.names import path_as_text
from mammolens.types import AnomalyRecord

_STATE = ".results.unfinished.jsonl"  # a line per exam in the results; there only while a run is unfinished


class ResultsFile(AbstractContextManager["ResultsFile"]):
    """The results of a run, and those that an earlier, unfinished run of the same exams left in the folder.

    Args:
        folder: of ``results.jsonl``.
        exams: fingerprints (:func:`exam_fingerprint`) of the exams of this run; other results are removed.

    Attributes:
        finished: records of the exams that an unfinished run completed, by fingerprint.
    """

    def __init__(self, folder: Path, exams: Collection[str]) -> None:
        self._results, self._state = folder / RESULTS, folder / _STATE
        self.finished = {exam: records for exam, records in _unfinished(folder).items() if exam in exams}
        kept = [record.model_dump_json() for records in self.finished.values() for record in records]
        write_text(self._results, "".join(f"{line}\n" for line in kept))
        write_text(self._state, "".join(_state_line(exam, len(of)) for exam, of in self.finished.items()))
        self._lines = self._results.open("a", encoding="utf-8")
        self._images = 0

    def write(self, record: AnomalyRecord) -> None:
        """Add a line at once."""
        self._lines.write(record.model_dump_json() + "\n")
        self._lines.flush()
        self._images += 1

    def exam_done(self, exam: str, *, complete: bool) -> None:
        """All lines since the last call are of this exam; one that is not complete is analysed again after a stop."""
        with self._state.open("a", encoding="utf-8") as state:
            state.write(_state_line(exam if complete else "", self._images))
        self._images = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        if kind is None:
            self._state.unlink()


def exam_fingerprint(exam: ExamFiles, stems: Sequence[str], settings: Sequence[str]) -> str:
    """SHA-256 of what the results of an exam and the names of its files depend on.

    Args:
        exam: whose files count by path, size, time of change and attributes.
        stems: names of the output files, of each image.
        settings: of the run: model, calibration and outputs.
    """
    files = [(path.stat(), path_as_text(path), repr(exam.attributes[path])) for path in exam.paths]
    known = [(text, stat.st_size, stat.st_mtime_ns, attributes) for stat, text, attributes in files]
    return hashlib.sha256(json.dumps([__version__, *settings, known, list(stems)]).encode()).hexdigest()


def _state_line(exam: str, images: int) -> str:
    return json.dumps({"exam": exam, "images": images}) + "\n"


def _unfinished(folder: Path) -> dict[str, list[AnomalyRecord]]:
    """Records of each exam that an unfinished run completed; nothing if its files do not fit each other."""
    found: dict[str, list[AnomalyRecord]] = {}
    try:
        lines = iter((folder / RESULTS).read_text(encoding="utf-8").splitlines())
        for entry in map(json.loads, (folder / _STATE).read_text(encoding="utf-8").splitlines()):
            records = [AnomalyRecord.model_validate_json(next(lines)) for _ in range(entry["images"])]
            if entry["exam"]:
                found[entry["exam"]] = records
    except (FileNotFoundError, StopIteration, ValueError, KeyError, TypeError, ValidationError):
        pass  # a line that a power cut tore ends what is kept
    return found
