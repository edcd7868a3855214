"""A server in memory with a handful of exams, for tests that are about the panel; it answers as the real one does."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from MammoLensLib.answers import ExamDetail, Region, ServerInfo, Worklist
from MammoLensLib.errors import ServerError
from MammoLensLib.jobs import CancelToken
from MammoLensLib.parsing import parsed

from .learning_server import LearningServer

URL = "https://room.test"
NOTICE = "Research use only, not a medical device"
LEVELS = [
    {"name": "low", "value": 2.0, "share": 0.5, "segment": 1, "colour": "#2c115f", "meaning": "reached by half"},
    {"name": "medium", "value": 4.0, "share": 0.2, "segment": 2, "colour": "#b73779", "meaning": "reached by a fifth"},
    {"name": "high", "value": 8.0, "share": 0.05, "segment": 3, "colour": "#fc8961", "meaning": "reached by few"},
]
SHARE = "more anomalous than the strongest finding of 83 % of normal exams"
SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]


def exam_of(number: int, p_value: float | None, patient: str, next_exam: str | None = None) -> dict[str, Any]:
    """An exam as the server tells it; p-values up to 0.1 are flagged."""
    inferred = p_value is not None
    return {
        "exam": f"e-{number:016x}",
        "patient": patient,
        "study_date": f"2026-01-{number:02d}",
        "images": [f"image{number}-{view}" for view in ("rcc", "lcc")],
        "views": ["R CC", "L CC"],
        "state": "done" if inferred else "new",
        "exam_p_value": p_value,
        "exam_percentile": 100 * (1 - p_value) if inferred else None,
        "exam_decile": min(10, 11 - math.ceil(10 * p_value)) if inferred else None,
        "score_text": f"Score of p = {p_value}" if inferred else None,
        "exam_is_anomalous": p_value <= 0.1 if inferred else None,
        "sentence": f"More anomalous than {100 * (1 - p_value):.0f} % of normal exams." if inferred else None,
        "verdict": None,
        "problems": [],
        "breasts": [{"laterality": "R", "name": "Right breast", "score_text": "Score 2 of 10", "sentence": "Usual."}],
        "levels": LEVELS,
        "views_in_detail": [_view(number, "R"), _view(number, "L")],
        "decisions": [],
        "next": next_exam,
        "finding_types": [{"value": "architectural_distortion", "label": "Architectural distortion", "meaning": ""}],
        "birads_categories": [{"value": one, "label": one, "meaning": ""} for one in ("2", "4C")],
    }


def _view(number: int, side: str) -> dict[str, Any]:
    finding = {
        "rank": 1,
        "number": 1 if side == "R" else 2,
        "text": f"{side} CC, outer, middle third, 42 mm2, high, {SHARE}",
        "level": "high",
        "percentile": 83.0,
        "peak": 9.0 if side == "R" else 5.0,
        "contour": SQUARE,
        "area_mm2": 42.0,
    }
    return {
        "image": f"image{number}-{side.lower()}cc",
        "laterality": side,
        "view": "CC",
        "name": f"{side} CC",
        "slot": {"label": f"{side} CC", "row": 0, "column": 0 if side == "R" else 1},
        "sentence": "More anomalous than 95 % of normal images.",
        "quality": [{"flag": "no_pixel_spacing", "explanation": "No pixel size is known."}],
        "findings": [finding],
        "findings_left_out": 1,
        "error": None,
    }


class ExamServer:
    """The server, and its own client: hand it over where a ``Client`` is made.

    Attributes:
        trouble: raised by the next request, once.
        open: cleared, requests wait as those of a slow server do.
        asked: names of the requests so far.
    """

    url = URL

    def __init__(self, *exams: dict[str, Any]) -> None:
        self.exams = {exam["exam"]: exam for exam in exams}
        self.trouble: ServerError | None = None
        self.open = threading.Event()
        self.open.set()
        self.asked: list[str] = []
        self.drift: dict[str, Any] = {"alarm": False}
        self.ids: list[str | None] = []
        self.learning = LearningServer(self._ask)

    def __call__(self, url: str, token: str, ca_file: str | None) -> ExamServer:
        self.credentials = url, token, ca_file
        return self

    def handshake(self, cancelled: CancelToken | None = None) -> ServerInfo:
        self._ask("handshake", cancelled)
        return ServerInfo("0.1.0", "old-model", NOTICE)

    def worklist(self, cancelled: CancelToken | None = None) -> Worklist:
        self._ask("worklist", cancelled)
        self._rank()
        exams = sorted(self.exams.values(), key=lambda exam: exam["rank"])
        return parsed(Worklist, {"exams": exams, "drift": self.drift})

    def exam(self, exam: str, cancelled: CancelToken | None = None) -> ExamDetail:
        self._ask("exam", cancelled)
        return parsed(ExamDetail, self.exams[exam])

    def infer(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        self._ask("infer", cancelled)
        return parsed(ExamDetail, self.exams[exam])

    def download_image(self, image: str, folder: Path, progress: Any = None, cancelled: Any = None) -> Path:
        self._ask("download_image", cancelled)
        return self._file(folder, f"{image}.dcm")

    def download_map(
        self, image: str, folder: Path, kind: str = "float", progress: Any = None, cancelled: Any = None
    ) -> Path:
        self._ask(f"download_map {kind}", cancelled)
        return self._file(folder, f"{image}.{kind}.nrrd")

    def decide(
        self,
        exam: str,
        verdict: str,
        comment: str,
        regions: Iterable[Region],
        cancelled: CancelToken | None = None,
        *,
        decision_id: str | None = None,
        confirmed_again: bool = False,
    ) -> ExamDetail:
        self.ids.append(decision_id)
        self._ask("decide", cancelled)
        told = [one.as_json() | ({"label": f"labelled {one.birads}"} if one.birads else {}) for one in regions]
        label = verdict.replace("_", " ").capitalize()
        made = {
            "id": decision_id,
            "verdict": verdict,
            "verdict_label": label,
            "comment": comment,
            "reviewer": "anna",
            "time": "2026-02-01T08:00:00+00:00",
        }
        self.exams[exam]["decisions"].append(
            {**made, "regions": told, "confirmed_again": confirmed_again, "undone": False}
        )
        self.exams[exam] |= {"verdict": verdict, "verdict_label": label}
        self._rank()
        return parsed(ExamDetail, self.exams[exam])

    def undo(self, exam: str, cancelled: CancelToken | None = None, *, decision_id: str | None = None) -> ExamDetail:
        self._ask("undo", cancelled)
        self.exams[exam]["decisions"][-1]["undone"] = True
        self.exams[exam]["verdict"] = None
        self._rank()
        return parsed(ExamDetail, self.exams[exam])

    def _rank(self) -> None:
        """As the server does: unreviewed exams first, the most anomalous of them first."""

        def order(exam: dict[str, Any]) -> tuple[bool, bool, float]:
            return exam["verdict"] is not None, exam["exam_p_value"] is None, exam["exam_p_value"] or 0.0

        for rank, exam in enumerate(sorted(self.exams.values(), key=order), start=1):
            exam["rank"] = rank

    def _ask(self, what: str, cancelled: CancelToken | None) -> None:
        assert threading.current_thread() is not threading.main_thread(), f"{what} would freeze Slicer"
        self.asked.append(what)
        while not self.open.wait(0.005):
            if cancelled is not None:
                cancelled.check()
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble

    @staticmethod
    def _file(folder: Path, name: str) -> Path:
        file = Path(folder) / name
        file.write_bytes(b"made up")
        return file
