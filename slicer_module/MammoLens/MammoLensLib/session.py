"""What the person works on: the server, the worklist, the exam that is open. Without Qt and without Slicer.

One thing at a time is asked of the server; the panel shows what a session holds, whenever it says that it changed.
A request that fails leaves everything as it was, with the error beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from .asking import Activity, Asking
from .client import Client
from .exam import Decision, ExamDetail, ExamEntry, Region, ServerInfo
from .fetch import FetchedExam, FindLocal, fetch_exam
from .jobs import JobContext, JobRunner
from .watched import WatchedClient

LABEL_TAG = "final"  # MONAI Label's word for what a person has finished


class Verdict(Enum):
    """What a person decides about an exam; the server's words."""

    NORMAL = "normal"
    FINDING = "finding"
    POOR_QUALITY = "poor_quality"


class Desk(Protocol):
    """Where an exam is shown; :class:`.scene.Scene` is one. Called on the main thread only.

    Attributes:
        problems: what could not be shown of it.
    """

    problems: tuple[str, ...]

    def open(self, fetched: FetchedExam) -> None:
        """Show it in place of what was shown; raise and change nothing where that cannot be done."""

    def close(self) -> None:
        """Take away what was shown."""

    def forget(self) -> None:
        """Somebody else took it away."""


Connect = Callable[[str, str, "str | None"], Client]
WriteLabels = Callable[[Path], Mapping[str, Path]]
"""Writes label maps into a folder; gives a file for each image's id."""


class Session(Asking):
    """State and what can be done; every method returns at once.

    Args:
        desk: shows exams.
        runner: does what takes long.
        connect: makes a client of address, token and certificate file.
        local_images: what tells where an image lies on this computer already; asked for at every opening.
    """

    def __init__(
        self,
        desk: Desk,
        runner: JobRunner,
        *,
        connect: Connect = Client,
        local_images: Callable[[], FindLocal] = lambda: lambda view: None,
    ) -> None:
        super().__init__(runner)
        self.client: Client | None = None
        self.server: ServerInfo | None = None
        self.entries: tuple[ExamEntry, ...] = ()
        self.detail: ExamDetail | None = None
        self.problems: tuple[str, ...] = ()
        self._desk, self._connect, self._local_images = desk, connect, local_images

    @property
    def standing(self) -> Decision | None:
        """The decision that holds; ``None`` where there is none."""
        decisions = self.detail.decisions if self.detail else ()
        return next((one for one in reversed(decisions) if not one.undone), None)

    def connect(self, url: str, token: str = "", ca_file: str | None = None) -> None:
        """Shake hands with a server and read its worklist."""

        def work(context: JobContext) -> tuple[Client, ServerInfo, list[ExamEntry]]:
            client = self._connect(url, token, ca_file)
            return client, client.handshake(context.cancelled), client.worklist(context.cancelled)

        def connected(result: tuple[Client, ServerInfo, list[ExamEntry]]) -> None:
            if self.client is not None and self.client.url != result[0].url:
                self.close()  # an exam of another server
            self.client, self.server, entries = result
            self.entries = tuple(entries)

        self._ask(Activity.CONNECTING, work, connected)

    def reload(self) -> None:
        """Read the worklist again."""
        client = self.client
        if client is None:
            return

        def reloaded(entries: list[ExamEntry]) -> None:
            self.entries = tuple(entries)

        self._ask(Activity.RELOADING, lambda context: client.worklist(context.cancelled), reloaded)

    def open(self, exam: str) -> None:
        """Have an exam judged, fetch it and show it."""
        client, folder, find_local = self.client, _folder(), self._local_images()
        if client is None:
            return

        def work(context: JobContext) -> FetchedExam:
            return fetch_exam(
                WatchedClient(client, context.progress),
                exam,
                folder.name,
                progress=context.progress,
                cancelled=context.cancelled,
                find_local=find_local,
            )

        def fetched(result: FetchedExam) -> None:
            with folder:  # images of a patient stay no longer than until they are read
                self._desk.open(result)
            self.problems = (*result.problems, *self._desk.problems)
            self._show(result.detail)

        self._ask(Activity.OPENING, work, fetched)

    def open_next(self) -> None:
        """Open the most anomalous exam that nobody reviewed."""
        if self.detail is not None and self.detail.next is not None:
            self.open(self.detail.next)

    def close(self) -> None:
        """Put the exam away."""
        self._desk.close()
        self.scene_closed()

    def scene_closed(self) -> None:
        """Somebody closed the scene, and the exam with it."""
        self._desk.forget()
        self.detail, self.problems = None, ()
        self.changed()

    def decide(
        self,
        verdict: Verdict,
        comment: str = "",
        regions: Iterable[Region] = (),
        write_labels: WriteLabels = lambda folder: {},
    ) -> None:
        """Decide about the open exam.

        Args:
            regions: what the person marked.
            write_labels: writes the same as label maps; called at once.
        """
        client, detail, marked, folder = self.client, self.detail, tuple(regions), _folder()
        if client is None or detail is None or self.busy is not None:
            return
        labels = write_labels(Path(folder.name))

        def work(context: JobContext) -> ExamDetail:
            with folder:
                for image, file in labels.items():
                    client.save_label(image, file, LABEL_TAG, context.cancelled)
                return client.decide(detail.exam, verdict.value, comment, marked, context.cancelled)

        self._ask(Activity.DECIDING, work, self._show)

    def undo(self) -> None:
        """Take the last decision about the open exam back."""
        client, detail = self.client, self.detail
        if client is not None and detail is not None and self.standing is not None:
            self._ask(Activity.UNDOING, lambda context: client.undo(detail.exam, context.cancelled), self._show)

    def fetch_levels(self, then: Callable[[Mapping[str, Path]], None]) -> None:
        """Fetch the heat levels of every view as label maps; ``then`` gets a file for each image's id."""
        client, detail, folder = self.client, self.detail, _folder()
        if client is None or detail is None:
            return

        def work(context: JobContext) -> dict[str, Path]:
            views = [view for view in detail.views if view.error is None]
            files = {}
            for number, view in enumerate(views):
                context.progress(number / len(views), view.name)
                files[view.image] = client.download_map(view.image, folder.name, "levels", cancelled=context.cancelled)
            return files

        def fetched(files: Mapping[str, Path]) -> None:
            with folder:
                then(files)

        self._ask(Activity.FETCHING_LEVELS, work, fetched)

    def _show(self, detail: ExamDetail) -> None:
        """The open exam as the server has it now, in its line of the worklist too."""
        self.detail = detail
        self.entries = tuple(detail.entry if one.exam == detail.exam else one for one in self.entries)


def _folder() -> TemporaryDirectory[str]:
    # Windows keeps a file that is still open; it goes with the system's temporary files then.
    return TemporaryDirectory(prefix="MammoLens-", ignore_cleanup_errors=True)
