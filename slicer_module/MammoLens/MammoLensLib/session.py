"""The session of a reader: server, worklist and open exam. Without Qt and without Slicer.

One request runs at a time; the panel shows the state of the session after every change. A request that fails changes
nothing but the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from uuid import uuid4

from .answers import Decision, ExamDetail, ExamEntry, PriorExam, Region, ServerInfo, Verdict, Worklist
from .client import Client
from .comparison import Comparison
from .errors import MammoLensError
from .fetch import FetchedExam, FindLocal, ProgressClient, fetch_exam, fetch_prior
from .jobs import CancelToken, JobContext, JobRunner, OnProgress, part_of
from .requester import Activity, Requester

_FETCHED = 0.7  # share of opening an exam after which its files are here


class ExamDisplay(Protocol):
    """Displays exams; :class:`.scene.Scene` does. Called on the main thread only.

    Attributes:
        problems: of the exam on display.
    """

    problems: tuple[str, ...]

    def open(self, exam: Any) -> None:
        """Replace the exam on display; raise and change nothing if that fails."""

    def add_prior(self, exam: Any, pairs: Mapping[str, str]) -> tuple[str, ...]:
        """Add a prior exam, not yet shown; raise and change nothing if that fails."""

    def compare(self, comparison: Comparison) -> None:
        """Show the current exam, the prior one, or both."""

    def close(self) -> None:
        """Remove the exam."""

    def forget(self) -> None:
        """The exam was removed with the scene."""


Connect = Callable[[str, str, "str | None"], Client]


class Read(Protocol):
    """Reads the files of an exam for the display; :func:`.reader.read_exam` does. Called in a worker."""

    def __call__(self, fetched: FetchedExam, *, progress: OnProgress, cancelled: CancelToken) -> Any:
        """Read all files, or raise."""


class Session(Requester):
    """State and what can be done; every method returns at once.

    Args:
        display: shows exams.
        runner: does what takes long.
        read: reads what was fetched.
        connect: makes a client of address, token and certificate file.
        local_images: finds images that are already on this computer; called whenever an exam is opened.
    """

    def __init__(
        self,
        display: ExamDisplay,
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
        self.comparison = Comparison.CURRENT
        self.prior_problems: tuple[str, ...] = ()
        self._chosen_prior: str | None = None
        self._loaded_prior: str | None = None
        self._display, self._read, self._connect, self._local_images = display, read, connect, local_images
        self._last_attempt: tuple[object, str] = (None, "")

    @property
    def entries(self) -> tuple[ExamEntry, ...]:
        """The lines of the worklist."""
        return self.worklist.entries

    @property
    def current_decision(self) -> Decision | None:
        """The last decision that was not undone; ``None`` if there is none."""
        decisions = self.detail.decisions if self.detail else ()
        return next((one for one in reversed(decisions) if not one.undone), None)

    @property
    def prior(self) -> PriorExam | None:
        """The prior exam that is compared, at first the latest; ``None`` if the patient has none."""
        priors = self.detail.priors if self.detail is not None else ()
        return next((one for one in priors if one.exam == self._chosen_prior), priors[0] if priors else None)

    def connect(self, url: str, token: str = "", ca_file: str | None = None) -> None:
        """Connect to a server and read its worklist."""

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
        """Run inference on an exam, fetch it and show it."""
        client, folder, find_local = self.client, _folder(), self._local_images()
        if client is None:
            return

        def work(context: JobContext) -> tuple[Any, FetchedExam]:
            with folder:  # images of a patient are removed as soon as they are read
                fetching = part_of(context.progress, 0.0, _FETCHED)
                source = ProgressClient(client, fetching)
                token = context.cancelled
                fetched = fetch_exam(
                    source, exam, folder.name, progress=fetching, cancelled=token, find_local=find_local
                )
                reading = part_of(context.progress, _FETCHED, 1.0)
                return self._read(fetched, progress=reading, cancelled=token), fetched

        def opened(result: tuple[Any, FetchedExam]) -> None:
            read, fetched = result
            self._display.open(read)
            self._forget_prior()
            self.problems = (*fetched.problems, *self._display.problems)
            self._show(fetched.detail)

        self._ask(Activity.OPENING, work, opened)

    def open_next(self) -> None:
        """Open the exam that the server names as the next."""
        if self.detail is not None and self.detail.next is not None:
            self.open(self.detail.next)

    def close(self) -> None:
        """Close the exam."""
        self._display.close()
        self.scene_closed()

    def scene_closed(self) -> None:
        """The scene was closed, and the exam with it."""
        self._display.forget()
        self._forget_prior()
        self.detail, self.problems = None, ()
        self.changed()

    def choose_prior(self, exam: str) -> None:
        """Compare with another prior exam."""
        if self.busy is None:
            self._chosen_prior = exam
            self.compare(self.comparison)

    def compare(self, comparison: Comparison) -> None:
        """Show the current exam, the prior one, or both; the prior's images are fetched first."""
        client, detail, prior = self.client, self.detail, self.prior
        if client is None or detail is None or prior is None or self.busy is not None:
            return
        if comparison is Comparison.CURRENT or self._loaded_prior == prior.exam:
            self._compare(comparison)
            return
        folder, find_local = _folder(), self._local_images()

        def work(context: JobContext) -> Any:
            with folder:
                token = context.cancelled
                fetching = part_of(context.progress, 0.0, _FETCHED)
                fetched = fetch_prior(
                    client, detail, prior, folder.name, progress=fetching, cancelled=token, find_local=find_local
                )
                reading = part_of(context.progress, _FETCHED, 1.0)
                problems = tuple(f"{one.view.name}: {one.problem}" for one in fetched.views if one.problem)
                return self._read(fetched, progress=reading, cancelled=token), problems

        def loaded(result: tuple[Any, tuple[str, ...]]) -> None:
            pairs = {view.image: view.current for view in prior.views}
            self.prior_problems = (*result[1], *self._display.add_prior(result[0], pairs))
            self._loaded_prior = prior.exam
            self._compare(comparison)

        self._ask(Activity.LOADING_PRIOR, work, loaded)

    def analyse_prior(self) -> None:
        """Run inference on the prior exam, after which findings are compared with it and it has heat."""
        client, detail, prior = self.client, self.detail, self.prior
        if client is None or detail is None or prior is None:
            return

        def work(context: JobContext) -> ExamDetail:
            client.infer(prior.exam, cancelled=context.cancelled)
            return client.exam(detail.exam, context.cancelled)

        def analysed(current: ExamDetail) -> None:
            self._loaded_prior = None  # so that its heat is fetched
            self._show(current)
            self.compare(self.comparison)

        self._ask(Activity.ANALYSING_PRIOR, work, analysed)

    def decide(
        self, verdict: Verdict, comment: str = "", regions: Iterable[Region] = (), *, confirmed_again: bool = False
    ) -> None:
        """Save a decision on the open exam.

        Args:
            verdict: what was decided.
            comment: of the person.
            regions: drawn by the person.
            confirmed_again: the person was asked a second time.
        """
        client, detail, marked = self.client, self.detail, tuple(regions)
        if client is None or detail is None or self.busy is not None:
            return
        decision_id = self._id_of(detail.exam, verdict, comment, marked)

        def work(context: JobContext) -> ExamDetail:
            return client.decide(
                detail.exam,
                verdict.value,
                comment,
                marked,
                context.cancelled,
                decision_id=decision_id,
                confirmed_again=confirmed_again,
            )

        self._ask(Activity.DECIDING, work, self._show)

    def undo(self) -> None:
        """Undo the last decision on the open exam."""
        client, detail = self.client, self.detail
        if client is None or detail is None or self.current_decision is None or self.busy is not None:
            return
        decision_id = self._id_of(detail.exam, "undo", self.current_decision)

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

    def _compare(self, comparison: Comparison) -> None:
        try:
            self._display.compare(comparison)
        except MammoLensError as error:
            self.show_error(error)
            return
        self.comparison = comparison
        self.changed()

    def _forget_prior(self) -> None:
        self.comparison, self.prior_problems = Comparison.CURRENT, ()
        self._chosen_prior = self._loaded_prior = None

    def _show(self, detail: ExamDetail) -> None:
        """Show the exam as the server answered it, also in the worklist, where a decision changes its rank."""
        self.detail, self._last_attempt = detail, (None, "")
        entries = [one for one in self.entries if one.exam != detail.exam]
        if detail.entry.rank is not None and len(entries) < len(self.entries):
            entries.insert(detail.entry.rank - 1, detail.entry)
            self.worklist = replace(self.worklist, entries=tuple(entries))

    def _id_of(self, *attempt: object) -> str:
        """Id of a decision; a retry of the same decision after an error has the same id."""
        if self._last_attempt[0] != attempt:
            self._last_attempt = attempt, str(uuid4())
        return self._last_attempt[1]


def _folder() -> TemporaryDirectory[str]:
    # Windows cannot remove an open file; the system removes it later with other temporary files.
    return TemporaryDirectory(prefix="MammoLens-", ignore_cleanup_errors=True)
