"""Requests of the command line to the server it started: the worklist, and inference on an exam."""

from __future__ import annotations

from typing import Any

from mammolens.cli.server_process import HOST
from mammolens.cli.server_requests import ask
from mammolens.errors import ServerError

_LONGEST_LIST_S = 60
_LONGEST_EXAM_S = 600


def address(port: int, path: str = "/") -> str:
    """Of a page of the server."""
    return f"http://{HOST}:{port}{path}"


def worklist(port: int) -> list[dict[str, Any]]:
    """The exams in the order of the worklist.

    Raises:
        ServerError: the server, or the PACS behind it, does not answer.
    """
    exams: list[dict[str, Any]] = ask(address(port), "/mammolens/worklist", seconds=_LONGEST_LIST_S)["exams"]
    return exams


def infer_exam(port: int, exam: str) -> None:
    """Analyse one exam and wait for the result.

    Raises:
        ServerError: it cannot be analysed.
    """
    ask(address(port), f"/mammolens/exams/{exam}/infer", method="POST", body={}, seconds=_LONGEST_EXAM_S)


def infer_all(port: int) -> None:
    """Have the server analyse all new exams in the background.

    Raises:
        ServerError: it does not answer.
    """
    ask(address(port), "/mammolens/inference", method="POST", body={}, seconds=_LONGEST_LIST_S)


def first_viewer(port: int) -> str | None:
    """Address of the viewer for the first exam of the worklist; ``None`` without exams or answer."""
    try:
        found = next((exam["viewer"] for exam in worklist(port)), None)
    except ServerError:
        return None
    return address(port, found) if found else None
