"""The server's routes as methods. Any thread may call them; each call ends within its time-out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from . import RESEARCH_USE_ONLY
from .answers import (
    ExamDetail,
    LearningJob,
    LearningJobs,
    Models,
    Region,
    ServerInfo,
    SuspectNormal,
    SuspectNormals,
    Worklist,
)
from .errors import ServerError
from .jobs import CancelToken
from .parsing import parsed
from .transport import Body, Transport

TRAIN, RECALIBRATE = "train", "recalibrate"


class LearningClient:
    """Any thread may call the methods; each call ends within the transport's time-out.

    Raises:
        ServerError: the server does not answer, refuses, or sends an invalid answer.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def jobs(self, cancelled: CancelToken | None = None) -> LearningJobs:
        """Running, queued and finished jobs."""
        return parsed(LearningJobs, self._do("GET", "jobs", None, cancelled))

    def models(self, cancelled: CancelToken | None = None) -> Models:
        """All versions, and which one serves."""
        return parsed(Models, self._do("GET", "models", None, cancelled))

    def suspect_normals(self, cancelled: CancelToken | None = None) -> tuple[SuspectNormal, ...]:
        """Accepted exams that are left out of training until they are confirmed a second time."""
        return parsed(SuspectNormals, self._do("GET", "suspect-normals", None, cancelled)).exams

    def start(self, kind: str, cancelled: CancelToken | None = None, **parameters: Any) -> LearningJob:
        """Put a job into the queue.

        Args:
            kind: "train" or "recalibrate".
            parameters: the server's, as ``epochs``, ``from_scratch``, ``ask``.
        """
        return parsed(LearningJob, self._do("POST", "jobs", {"kind": kind, **parameters}, cancelled))

    def stop(self, job: str, cancelled: CancelToken | None = None) -> None:
        """Stop a job, or take it from the queue."""
        self._do("DELETE", f"jobs/{quote(job, safe='')}", None, cancelled)

    def resume(self, job: str, cancelled: CancelToken | None = None) -> LearningJob:
        """Queue a stopped or failed job again; training continues from its last epoch."""
        return parsed(LearningJob, self._do("POST", f"jobs/{quote(job, safe='')}/resume", {}, cancelled))

    def accept(self, model: str, why: str = "", cancelled: CancelToken | None = None) -> Models:
        """Let a model serve; ``why`` is required if the model needs a reason."""
        return parsed(Models, self._do("POST", f"models/{quote(model, safe='')}/promote", {"why": why}, cancelled))

    def keep_old(self, model: str, why: str = "", cancelled: CancelToken | None = None) -> Models:
        """Refuse a waiting model."""
        return parsed(Models, self._do("POST", f"models/{quote(model, safe='')}/refuse", {"why": why}, cancelled))

    def roll_back(self, why: str = "", cancelled: CancelToken | None = None) -> Models:
        """Let the model that served before serve again."""
        return parsed(Models, self._do("POST", "models/rollback", {"why": why}, cancelled))

    def _do(self, method: str, path: str, order: dict[str, Any] | None, cancelled: CancelToken | None) -> Any:
        body = None if order is None else Body.of_json(order)
        return self._transport.json(method, f"/mammolens/{path}", body, cancelled=cancelled)


__all__ = ["Client", "ServerError"]

TASK = "mammolens"
VIEWER = "3D Slicer"
SERVERS = ((0, 1), (0, 2))
"""Supported versions of the server: from the first (included) to the second (excluded)."""

_WORK = 600.0  # s; inference of four views on a slow computer

Progress = Callable[[int, int | None], None]


class Client:
    """One server.

    Args:
        url: "https://server:port".
        token: bearer token, where the server asks for one.
        ca_file: certificates (PEM) to trust instead of the system's.
        timeout: seconds for a short request, and without a byte in a long one.

    Raises:
        ServerError: address or certificate file cannot be used. Every method raises it when the server does not
            answer, refuses, or sends an invalid answer; :class:`~.cancel.Cancelled` when its token was cancelled.
    """

    def __init__(self, url: str, token: str = "", ca_file: str | None = None, timeout: float = 30.0) -> None:
        self._transport = Transport(url, token, ca_file, timeout)
        self.learning = LearningClient(self._transport)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.url

    def handshake(self, cancelled: CancelToken | None = None) -> ServerInfo:
        """Check that the address belongs to a MammoLens server of a supported version.

        Raises:
            ServerError: it is not, or its version is too old or too new.
        """
        answer = self._info(cancelled)
        if answer.get("name") != "MammoLens":
            raise ServerError(self.url, "is not a MammoLens server", "check the address")
        version = str(answer.get("version"))
        self._check(version)
        models = answer.get("train_stats")
        stats = models.get(TASK) if isinstance(models, Mapping) else None
        model = stats.get("model") if isinstance(stats, Mapping) else None
        return ServerInfo(version, model if isinstance(model, str) else None, RESEARCH_USE_ONLY)

    def worklist(self, cancelled: CancelToken | None = None) -> Worklist:
        """All exams, and whether recent ones have drifted from those of the calibration."""
        return parsed(Worklist, self._transport.json("GET", "/mammolens/worklist", cancelled=cancelled))

    def exam(self, exam: str, cancelled: CancelToken | None = None) -> ExamDetail:
        """One exam in full."""
        return parsed(ExamDetail, self._transport.json("GET", _exam(exam), cancelled=cancelled))

    def infer(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        """Run inference on all views and wait for it; meanwhile :meth:`exam` reports the progress."""
        body = Body.of_json({"again": again})
        answer = self._transport.json("POST", f"{_exam(exam)}/infer", body, timeout=_WORK, cancelled=cancelled)
        return parsed(ExamDetail, answer)

    def decide(
        self,
        exam: str,
        verdict: str,
        comment: str = "",
        regions: Iterable[Region] = (),
        cancelled: CancelToken | None = None,
        *,
        decision_id: str | None = None,
        confirmed_again: bool = False,
    ) -> ExamDetail:
        """Save one decision: a verdict with its comment and regions.

        Args:
            verdict: "normal", "finding" or "poor_quality".
            regions: what the person drew, for a finding.
            decision_id: UUID; a retry with the same id is stored once.
            confirmed_again: the person confirmed "normal" a second time, after the exam's note.
        """
        order = {
            **_id(decision_id),
            "verdict": verdict,
            "comment": comment,
            "viewer": VIEWER,
            "regions": [one.as_json() for one in regions],
            "second_confirmation": confirmed_again,
        }
        path = f"{_exam(exam)}/decisions"
        return parsed(ExamDetail, self._transport.json("POST", path, Body.of_json(order), cancelled=cancelled))

    def undo(self, exam: str, cancelled: CancelToken | None = None, *, decision_id: str | None = None) -> ExamDetail:
        """Undo the last decision; ``decision_id`` as in :meth:`decide`."""
        path, body = f"{_exam(exam)}/decisions/undo", Body.of_json(_id(decision_id))
        return parsed(ExamDetail, self._transport.json("POST", path, body, cancelled=cancelled))

    def download_image(
        self,
        image: str,
        folder: Path | str,
        progress: Progress | None = None,
        cancelled: CancelToken | None = None,
    ) -> Path:
        """The original DICOM file, as ``<image>.dcm`` in the folder."""
        target = Path(folder) / f"{_plain(image)}.dcm"
        path = f"/mammolens/images/{quote(image, safe='')}.dcm"
        return self._transport.download("GET", path, target, progress=progress, cancelled=cancelled)

    def download_map(
        self,
        image: str,
        folder: Path | str,
        kind: str = "float",
        progress: Progress | None = None,
        cancelled: CancelToken | None = None,
    ) -> Path:
        """A map in the image's geometry, as ``<image>.<kind>.nrrd`` in the folder.

        Args:
            kind: "float", the anomaly map, float32; or "levels", uint8, 0 none, 1 and up the heat levels.
        """
        target = Path(folder) / f"{_plain(image)}.{kind}.nrrd"
        path = f"/infer/{TASK}?{urlencode({'image': image, 'output': 'image'})}"
        body = Body.of_form(params=_json(output_map=kind, result_extension=".nrrd", exam_scores=False))
        return self._transport.download(
            "POST", path, target, body, timeout=_WORK, progress=progress, cancelled=cancelled
        )

    def _info(self, cancelled: CancelToken | None) -> Mapping[str, Any]:
        try:
            answer = self._transport.json("GET", "/info/", cancelled=cancelled)
        except ServerError as error:
            if error.status == 404:
                raise ServerError(self.url, "is not a MammoLens server", "check the address", 404) from error
            raise
        if not isinstance(answer, Mapping):
            raise ServerError(self.url, "is not a MammoLens server", "check the address")
        return answer

    def _check(self, version: str) -> None:
        found = re.match(r"(\d+)\.(\d+)", version)
        number = (int(found[1]), int(found[2])) if found else None
        first, end = SERVERS
        if number is None or number < first:
            remedy = f"update the server to {_words(first)}, or install the module that came with it"
            raise ServerError(self.url, f"its version {version} is too old for this module", remedy)
        if number >= end:
            raise ServerError(self.url, f"its version {version} is too new for this module", "update this module")


def _exam(exam: str) -> str:
    return f"/mammolens/exams/{quote(exam, safe='')}"


def _id(decision_id: str | None) -> dict[str, str]:
    return {} if decision_id is None else {"id": decision_id}


def _plain(image: str) -> str:
    """A file name without separators, so that any id stays in its folder."""
    return re.sub(r"[^\w.-]", "_", image).lstrip(".") or "image"


def _json(**values: Any) -> str:
    return Body.of_json(values).content.decode()


def _words(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
