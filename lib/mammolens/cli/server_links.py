"""What the command line asks the server that it started: which exams there are, and to judge one."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from mammolens.cli.server_process import HOST
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
    exams: list[dict[str, Any]] = _answer(port, "/mammolens/worklist", None, _LONGEST_LIST_S)["exams"]
    return exams


def judge(port: int, exam: str) -> None:
    """Have one exam judged, and wait for it.

    Raises:
        ServerError: it cannot be judged.
    """
    _answer(port, f"/mammolens/exams/{exam}/judge", b"{}", _LONGEST_EXAM_S)


def first_viewer(port: int) -> str | None:
    """Where the viewer opens the first exam of the worklist; ``None`` where there is none, or no answer."""
    try:
        found = next((exam["viewer"] for exam in worklist(port) if exam["viewer"]), None)
    except ServerError:
        return None
    return address(port, found) if found else None


def _answer(port: int, path: str, body: bytes | None, seconds: float) -> dict[str, Any]:
    request = urllib.request.Request(address(port, path), body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError as error:
        raise ServerError(path, f"the server answers {error.code} ({_detail(error)})", "see its log") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
        raise ServerError(path, f"the server does not answer ({error})", "see its log") from error


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return error.reason
