"""What the person works on: the server, the worklist, the exam that is open. Without Qt and without Slicer.

One thing at a time is asked of the server; the panel shows what a session holds, whenever it says that it changed.
A request that fails leaves everything as it was, with the error beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from uuid import uuid4

from .answers import Decision, ExamDetail, ExamEntry, Region, ServerInfo, Verdict, Worklist
from .asking import Activity, Asking
from .cancel import CancelToken
from .client import Client
from .fetch import FetchedExam, FindLocal, fetch_exam
from .jobs import JobContext, JobRunner, OnProgress, part_of
from .watched import WatchedClient

_FETCHED = 0.7  # share of opening an exam after which its files are here


class Desk(Protocol):
    """Where an exam is shown; :class:`.scene.Scene` is one. Called on the main thread only.

    Attributes:
        problems: what could not be shown of it.
    """

    problems: tuple[str, ...]

    def open(self, exam: Any) -> None:
        """Show what was read in place of what was shown; raise and change nothing where that cannot be done."""

    def close(self) -> None:
        """Take away what was shown."""

    def forget(self) -> None:
        """Somebody else took it away."""


Connect = Callable[[str, str, "str | None"], Client]


class Read(Protocol):
    """Makes of an exam's files what a desk shows; :func:`.reading.read_exam` does. Called in a worker."""

    def __call__(self, fetched: FetchedExam, *, progress: OnProgress, cancelled: CancelToken) -> Any:
        """Read all of it; raise where that cannot be done."""


class Session(Asking):
    """State and what can be done; every method returns at once.

    Args:
        desk: shows exams.
        runner: does what takes long.
        read: reads what was fetched.
        connect: makes a client of address, token and certificate file.
        local_images: what tells where an image lies on this computer already; asked for at every opening.
    """

    def __init__(
        self,
        desk: Desk,
        runner: JobRunner,
        read: Read,
        *,
        connect: Connect = Client,
        local_images: Callable[[], FindLocal] = lambda: lambda view: None,
    ) -> None:
        super().__init__(runner)
        self.client: Client | None = None
        self.server: ServerInfo | None = None
        self.worklist = Worklist()
        self.detail: ExamDetail | None = None
        self.problems: tuple[str, ...] = ()
        self._desk, self._read, self._connect, self._local_images = desk, read, connect, local_images
        self._tried: tuple[object, str] = (None, "")

    @property
    def entries(self) -> tuple[ExamEntry, ...]:
        """The lines of the worklist."""
        return self.worklist.entries

    @property
    def standing(self) -> Decision | None:
        """The decision that holds; ``None`` where there is none."""
        decisions = self.detail.decisions if self.detail else ()
        return next((one for one in reversed(decisions) if not one.undone), None)

    def connect(self, url: str, token: str = "", ca_file: str | None = None) -> None:
        """Shake hands with a server and read its worklist."""

        def work(context: JobContext) -> tuple[Client, ServerInfo, Worklist]:
            client = self._connect(url, token, ca_file)
            return client, client.handshake(context.cancelled), client.worklist(context.cancelled)

        def connected(result: tuple[Client, ServerInfo, Worklist]) -> None:
            if self.client is not None and self.client.url != result[0].url:
                self.close()  # an exam of another server
            self.client, self.server, self.worklist = result

        self._ask(Activity.CONNECTING, work, connected)

    def reload(self) -> None:
        """Read the worklist again."""
        client = self.client
        if client is None:
            return

        def reloaded(worklist: Worklist) -> None:
            self.worklist = worklist

        self._ask(Activity.RELOADING, lambda context: client.worklist(context.cancelled), reloaded)

    def open(self, exam: str) -> None:
        """Have an exam judged, fetch it and show it."""
        client, folder, find_local = self.client, _folder(), self._local_images()
        if client is None:
            return

        def work(context: JobContext) -> tuple[Any, FetchedExam]:
            with folder:  # images of a patient stay no longer than until they are read
                fetching = part_of(context.progress, 0.0, _FETCHED)
                source = WatchedClient(client, fetching)
                token = context.cancelled
                fetched = fetch_exam(
                    source, exam, folder.name, progress=fetching, cancelled=token, find_local=find_local
                )
                reading = part_of(context.progress, _FETCHED, 1.0)
                return self._read(fetched, progress=reading, cancelled=token), fetched

        def opened(result: tuple[Any, FetchedExam]) -> None:
            read, fetched = result
            self._desk.open(read)
            self.problems = (*fetched.problems, *self._desk.problems)
            self._show(fetched.detail)

        self._ask(Activity.OPENING, work, opened)

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

    def decide(self, verdict: Verdict, comment: str = "", regions: Iterable[Region] = ()) -> None:
        """Decide about the open exam; ``regions`` are what the person marked."""
        client, detail, marked = self.client, self.detail, tuple(regions)
        if client is None or detail is None or self.busy is not None:
            return
        decision_id = self._id_of(detail.exam, verdict, comment, marked)

        def work(context: JobContext) -> ExamDetail:
            return client.decide(
                detail.exam, verdict.value, comment, marked, context.cancelled, decision_id=decision_id
            )

        self._ask(Activity.DECIDING, work, self._show)

    def undo(self) -> None:
        """Take the last decision about the open exam back."""
        client, detail = self.client, self.detail
        if client is None or detail is None or self.standing is None or self.busy is not None:
            return
        decision_id = self._id_of(detail.exam, "undo", self.standing)

        def work(context: JobContext) -> ExamDetail:
            return client.undo(detail.exam, context.cancelled, decision_id=decision_id)

        self._ask(Activity.UNDOING, work, self._show)

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
        self.detail, self._tried = detail, (None, "")
        entries = tuple(detail.entry if one.exam == detail.exam else one for one in self.entries)
        self.worklist = replace(self.worklist, entries=entries)

    def _id_of(self, *wanted: object) -> str:
        """Names a decision; the same one, if the same is tried again after a broken connection."""
        if self._tried[0] != wanted:
            self._tried = wanted, str(uuid4())
        return self._tried[1]


def _folder() -> TemporaryDirectory[str]:
    # Windows keeps a file that is still open; it goes with the system's temporary files then.
    return TemporaryDirectory(prefix="MammoLens-", ignore_cleanup_errors=True)
