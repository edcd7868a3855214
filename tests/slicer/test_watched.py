"""How far the server is with judging is told by a thread of its own, which ends without a word."""

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from MammoLensLib import watched
from MammoLensLib.cancel import Cancelled
from MammoLensLib.errors import ServerError
from MammoLensLib.watched import WatchedClient

from ..patience import PATIENCE_S

EXAM = "e-0123456789abcdef"


class Room:
    """A server that judges for as long as it is looked at."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.looked, self.trouble = threading.Event(), trouble

    def judge(self, exam: str, again: bool = False, cancelled: Any = None) -> str:
        assert self.looked.wait(PATIENCE_S)
        for thread in threading.enumerate():
            if thread.name == "MammoLens progress":
                thread.join(PATIENCE_S)
        return f"{exam} judged"

    def exam(self, exam: str) -> Any:
        self.looked.set()
        if self.trouble:
            raise self.trouble
        return SimpleNamespace(progress=SimpleNamespace(doing="judging L CC", done=1, total=4))


@pytest.mark.parametrize("trouble", [None, ServerError("https://room.test", "is away", "start it")])
def test_it_ends_silently_when_the_work_was_cancelled_or_the_server_is_away(
    trouble: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_EVERY", 0.01)
    died: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", died.append)

    def cancelled(share: float, words: str) -> None:
        raise Cancelled

    assert WatchedClient(Room(trouble), cancelled).judge(EXAM) == f"{EXAM} judged"
    assert not died
