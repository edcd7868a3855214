"""Tells how far the server is while it judges an exam. Without Qt and without Slicer."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from .answers import ExamDetail
from .cancel import Cancelled, CancelToken
from .client import Client
from .errors import MammoLensError
from .jobs import OnProgress

_EVERY = 1.0  # s


class WatchedClient:
    """A client as :func:`.fetch.fetch_exam` needs it; while it judges, the server is asked every second how far it is.

    Args:
        progress: gets the words; safe from any thread.
    """

    def __init__(self, client: Client, progress: OnProgress) -> None:
        self._client, self._progress = client, progress

    def judge(self, exam: str, again: bool = False, cancelled: CancelToken | None = None) -> ExamDetail:
        """As the client's."""
        over = threading.Event()
        threading.Thread(target=self._watch, args=(exam, over), name="MammoLens progress", daemon=True).start()
        try:
            return self._client.judge(exam, again, cancelled)
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
        # The request that matters tells what goes wrong, and that it was cancelled.
        with suppress(MammoLensError, Cancelled):
            while not over.wait(_EVERY):
                told = self._client.exam(exam).progress
                if told is not None and not over.is_set():
                    self._progress(0.0, f"{told.doing}, {told.done} of {told.total} done")
