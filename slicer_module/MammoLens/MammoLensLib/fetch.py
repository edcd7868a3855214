"""Bring an exam here: judged, its images and heatmaps as files. Runs in a worker, touches neither MRML nor Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .answers import ExamDetail, View
from .cancel import CancelToken
from .errors import ServerError
from .jobs import OnProgress

FindLocal = Callable[[View], Path | None]
"""Where a view's file is on this computer, ``None`` where it is not; called in the worker."""


class Source(Protocol):
    """What exams come from; :class:`.client.Client` is one."""

    def judge(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        """Judge all views."""

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
    """Judge an exam and download what a viewer needs of it.

    Args:
        folder: there already; takes the files.
        find_local: spares the download of what is here.

    Returns:
        what is here; a view whose image or map the server refuses is told, the others go on.

    Raises:
        ServerError: it cannot be judged, none of its views can be had, or the server went away meanwhile: half an exam
            would look like a whole one.
        Cancelled: stopped meanwhile.
    """
    token = cancelled or CancelToken()
    progress(0.0, "The server looks at the images")
    detail = source.judge(exam, cancelled=token)
    steps, done = 2 * len(detail.views) + 1, 1
    views, problems, trouble = [], [], None
    for view in detail.views:
        token.check()
        try:
            progress(done / steps, f"Loading {view.name}")
            image = find_local(view) or source.download_image(view.image, folder, cancelled=token)
        except ServerError as error:
            if error.status is None:  # no refusal: nobody answers, or the disk is full
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


def _with_heat(source: Source, view: View, image: Path, folder: Path | str, token: CancelToken) -> FetchedView:
    if view.error:
        return FetchedView(view, image, None, view.error)
    try:
        return FetchedView(view, image, source.download_map(view.image, folder, cancelled=token))
    except ServerError as error:
        if error.status is None:
            raise
        return FetchedView(view, image, None, f"{error.reason}; {error.remedy}")
