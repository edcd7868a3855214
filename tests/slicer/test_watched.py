"""A thread of its own reports the progress of inference and ends silently."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from MammoLensLib import fetch
from MammoLensLib.errors import ServerError
from MammoLensLib.fetch import ProgressClient
from MammoLensLib.jobs import Cancelled

from ..patience import PATIENCE_S

EXAM = "e-0123456789abcdef"


class Server:
    """A server whose inference takes until its progress was read."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.looked, self.trouble = threading.Event(), trouble

    def infer(self, exam: str, again: bool = False, cancelled: Any = None) -> str:
        assert self.looked.wait(PATIENCE_S)
        for thread in threading.enumerate():
            if thread.name == "MammoLens progress":
                thread.join(PATIENCE_S)
        return f"{exam} analysed"

    def exam(self, exam: str) -> Any:
        self.looked.set()
        if self.trouble:
            raise self.trouble
        return SimpleNamespace(progress=SimpleNamespace(doing="analysing L CC", done=1, total=4))


@pytest.mark.parametrize("trouble", [None, ServerError("https://room.test", "is away", "start it")])
def test_it_ends_silently_when_the_work_was_cancelled_or_the_server_is_away(
    trouble: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_EVERY", 0.01)
    died: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", died.append)

    def cancelled(share: float, words: str) -> None:
        raise Cancelled

    assert ProgressClient(Server(trouble), cancelled).infer(EXAM) == f"{EXAM} analysed"
    assert not died
