"""Bring an exam here: analysed, its images and heatmaps as files. Runs in a worker, touches neither MRML nor Qt."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .answers import ExamDetail, HangingSlot, PriorExam, View
from .client import Client
from .errors import MammoLensError, ServerError
from .jobs import Cancelled, CancelToken, OnProgress

FindLocal = Callable[[View], Path | None]
"""Path of a view's file on this computer, or ``None``; called in the worker."""


class Source(Protocol):
    """Source of exams; :class:`.client.Client` is one."""

    def infer(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        """Run inference on all views."""

    def download_image(
        self,
        image: str,
        folder: Path | str,
        progress: Callable[[int, int | None], None] | None = None,
        cancelled: CancelToken | None = None,
    ) -> Path:
        """Download a DICOM file."""

    def download_map(
        self,
        image: str,
        folder: Path | str,
        kind: str = "float",
        progress: Callable[[int, int | None], None] | None = None,
        cancelled: CancelToken | None = None,
    ) -> Path:
        """Download a map."""


@dataclass(frozen=True)
class FetchedView:
    """A view whose files are here.

    Attributes:
        heat: the anomaly map, .nrrd; ``None`` where there is none.
        problem: why there is none.
    """

    view: View
    image: Path
    heat: Path | None
    problem: str | None = None


@dataclass(frozen=True)
class FetchedExam:
    """An exam whose files are here.

    Attributes:
        views: those that can be shown, in the server's order.
        problems: of views that cannot be shown.
    """

    detail: ExamDetail
    views: tuple[FetchedView, ...]
    problems: tuple[str, ...] = ()


def fetch_exam(
    source: Source,
    exam: str,
    folder: Path | str,
    *,
    progress: OnProgress = lambda share, words: None,
    cancelled: CancelToken | None = None,
    find_local: FindLocal = lambda view: None,
) -> FetchedExam:
    """Run inference on an exam and download what a viewer needs.

    Args:
        folder: existing folder for the files.
        find_local: finds images that need no download.

    Returns:
        the fetched files; a view whose image or map the server refuses is reported, the others are fetched.

    Raises:
        ServerError: inference failed, no view can be fetched, or the connection was lost: half an exam
            would look like a whole one.
        Cancelled: the token was cancelled.
    """
    token = cancelled or CancelToken()
    progress(0.0, "The server analyses the images")
    detail = source.infer(exam, cancelled=token)
    steps, done = 2 * len(detail.views) + 1, 1
    views, problems, trouble = [], [], None
    for view in detail.views:
        token.check()
        try:
            progress(done / steps, f"Loading {view.name}")
            image = find_local(view) or source.download_image(view.image, folder, cancelled=token)
        except ServerError as error:
            if error.status is None:  # not refused: the connection was lost, or the disk is full
                raise
            trouble = error
            problems.append(f"{view.name}: {error.reason}; {error.remedy}")
        else:
            progress((done + 1) / steps, f"Loading the heatmap of {view.name}")
            views.append(_with_heat(source, view, image, folder, token))
        done += 2
    if not views:
        raise trouble or ServerError(exam, "the exam has no images", "reload the worklist")
    return FetchedExam(detail, tuple(views), tuple(problems))


def fetch_prior(
    source: Source,
    detail: ExamDetail,
    prior: PriorExam,
    folder: Path | str,
    *,
    progress: OnProgress = lambda share, words: None,
    cancelled: CancelToken | None = None,
    find_local: FindLocal = lambda view: None,
) -> FetchedExam:
    """Download the views of a prior exam that match those of the current one, with their heat if there is some.

    Args:
        detail: of the current exam; each prior view gets the slot of the view that it is compared with.
        folder: existing folder for the files.

    Raises:
        ServerError: an image cannot be fetched.
        Cancelled: the token was cancelled.
    """
    token, views = cancelled or CancelToken(), []
    slots = {view.image: view.slot for view in detail.views}
    for number, one in enumerate(prior.views):
        token.check()
        name = f"{one.name} prior {prior.study_date or ''}".strip()
        view = View(
            one.image,
            sop_instance_uid=one.sop_instance_uid,
            laterality=one.laterality,
            view=one.view,
            name=name,
            slot=slots.get(one.current, HangingSlot(one.name)),
        )
        progress(number / len(prior.views), f"Loading {name}")
        image = find_local(view) or source.download_image(view.image, folder, cancelled=token)
        is_analysed = prior.state == "done"
        fetched = _with_heat(source, view, image, folder, token) if is_analysed else FetchedView(view, image, None)
        views.append(fetched)
    return FetchedExam(detail, tuple(views))


def _with_heat(source: Source, view: View, image: Path, folder: Path | str, token: CancelToken) -> FetchedView:
    if view.error:
        return FetchedView(view, image, None, view.error)
    try:
        return FetchedView(view, image, source.download_map(view.image, folder, cancelled=token))
    except ServerError as error:
        if error.status is None:
            raise
        return FetchedView(view, image, None, f"{error.reason}; {error.remedy}")


class LocalImages:
    """Finds the file of a view; may be called from any thread.

    Args:
        database: file of the database, ``ctkDICOM.sql``; ``None`` where there is none.
    """

    def __init__(self, database: Path | None) -> None:
        self._database = database

    def __call__(self, view: View) -> Path | None:
        """Path of the file; ``None`` if the database does not have it or has another schema."""
        if self._database is None or not view.sop_instance_uid:
            return None
        question = "SELECT Filename FROM Images WHERE SOPInstanceUID = ?"
        try:
            with closing(sqlite3.connect(f"{self._database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
                found = connection.execute(question, (view.sop_instance_uid,)).fetchone()
        except sqlite3.Error:
            return None
        if not found or not found[0]:
            return None
        file = self._database.parent / found[0]  # an absolute path stays what it is
        return file if file.is_file() else None


_EVERY = 1.0  # s


class ProgressClient:
    """A client for :func:`fetch_exam` that asks the server every second for the progress of inference.

    Args:
        progress: thread-safe.
    """

    def __init__(self, client: Client, progress: OnProgress) -> None:
        self._client, self._progress = client, progress

    def infer(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        """As the client's."""
        over = threading.Event()
        threading.Thread(target=self._watch, args=(exam, over), name="MammoLens progress", daemon=True).start()
        try:
            return self._client.infer(exam, again, cancelled)
        finally:
            over.set()

    def download_image(self, image: str, folder: Path | str, progress: Any = None, cancelled: Any = None) -> Path:
        """As the client's."""
        return self._client.download_image(image, folder, progress, cancelled)

    def download_map(
        self, image: str, folder: Path | str, kind: str = "float", progress: Any = None, cancelled: Any = None
    ) -> Path:
        """As the client's."""
        return self._client.download_map(image, folder, kind, progress, cancelled)

    def _watch(self, exam: str, over: threading.Event) -> None:
        # The inference request itself reports errors and cancellation.
        with suppress(MammoLensError, Cancelled):
            while not over.wait(_EVERY):
                progress = self._client.exam(exam).progress
                if progress is not None and not over.is_set():
                    self._progress(0.0, f"{progress.doing}, {progress.done} of {progress.total} done")
