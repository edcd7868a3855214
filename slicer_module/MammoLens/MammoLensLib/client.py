"""The server's routes as methods. Any thread may call them; each call ends within its time-out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from . import RESEARCH_USE_ONLY
from .answers import ExamDetail, Region, ServerInfo, Worklist
from .body import Body
from .cancel import CancelToken
from .errors import ServerError
from .learning_client import LearningClient
from .parsing import parsed
from .transport import Transport

__all__ = ["Client", "ServerError"]

TASK = "mammolens"
VIEWER = "3D Slicer"
SERVERS = ((0, 1), (0, 2))
"""Versions of the server that this module speaks with: from the first on, before the second."""

_WORK = 600.0  # s; judging four views on a slow computer

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
            answer, refuses, or answers with nonsense; :class:`~.cancel.Cancelled` when its token was cancelled.
    """

    def __init__(self, url: str, token: str = "", ca_file: str | None = None, timeout: float = 30.0) -> None:
        self._transport = Transport(url, token, ca_file, timeout)
        self.learning = LearningClient(self._transport)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.url

    def handshake(self, cancelled: CancelToken | None = None) -> ServerInfo:
        """Make sure that a MammoLens server answers which this module can speak with.

        Raises:
            ServerError: it is none, or too old or too new.
        """
        told = self._info(cancelled)
        if told.get("name") != "MammoLens":
            raise ServerError(self.url, "is no MammoLens server", "check the address")
        version = str(told.get("version"))
        self._check(version)
        models = told.get("train_stats")
        stats = models.get(TASK) if isinstance(models, Mapping) else None
        model = stats.get("model") if isinstance(stats, Mapping) else None
        return ServerInfo(version, model if isinstance(model, str) else None, RESEARCH_USE_ONLY)

    def worklist(self, cancelled: CancelToken | None = None) -> Worklist:
        """All exams, and whether they still are like those that the model knows."""
        return parsed(Worklist, self._transport.json("GET", "/mammolens/worklist", cancelled=cancelled))

    def exam(self, exam: str, cancelled: CancelToken | None = None) -> ExamDetail:
        """One exam in full."""
        return parsed(ExamDetail, self._transport.json("GET", _exam(exam), cancelled=cancelled))

    def judge(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        """Have all views judged; comes back when that is done. Meanwhile :meth:`exam` tells the progress."""
        body = Body.of_json({"again": again})
        told = self._transport.json("POST", f"{_exam(exam)}/infer", body, timeout=_WORK, cancelled=cancelled)
        return parsed(ExamDetail, told)

    def decide(
        self,
        exam: str,
        verdict: str,
        comment: str = "",
        regions: Iterable[Region] = (),
        cancelled: CancelToken | None = None,
        *,
        decision_id: str | None = None,
    ) -> ExamDetail:
        """Note a verdict: "normal", "finding" or "poor_quality"; one decision, whatever goes with it.

        Args:
            regions: what the person drew, for a finding.
            decision_id: UUID; whoever tries again sends the same one, and the decision is kept once.
        """
        order = {
            **_id(decision_id),
            "verdict": verdict,
            "comment": comment,
            "viewer": VIEWER,
            "regions": [one.as_json() for one in regions],
        }
        path = f"{_exam(exam)}/decisions"
        return parsed(ExamDetail, self._transport.json("POST", path, Body.of_json(order), cancelled=cancelled))

    def undo(self, exam: str, cancelled: CancelToken | None = None, *, decision_id: str | None = None) -> ExamDetail:
        """Take the last decision back; ``decision_id`` as in :meth:`decide`."""
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
            told = self._transport.json("GET", "/info/", cancelled=cancelled)
        except ServerError as error:
            if error.status == 404:
                raise ServerError(self.url, "is no MammoLens server", "check the address", 404) from error
            raise
        if not isinstance(told, Mapping):
            raise ServerError(self.url, "is no MammoLens server", "check the address")
        return told

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
    """A file name that stays in its folder, whatever the id is."""
    return re.sub(r"[^\w.-]", "_", image).lstrip(".") or "image"


def _json(**values: Any) -> str:
    return Body.of_json(values).content.decode()


def _words(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
