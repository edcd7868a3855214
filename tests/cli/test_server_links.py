from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from mammolens.cli.server_links import first_viewer, infer_exam, worklist
from mammolens.errors import ServerError

from ..http_server import serving


class _Answers(BaseHTTPRequestHandler):
    """A worklist of two exams; nothing can be inferred."""

    def do_GET(self) -> None:
        exams = [{"exam": "e-1", "viewer": "/ohif/mammolens/x"}, {"exam": "e-2", "viewer": "/ohif/mammolens/y"}]
        self._answer(200, {"exams": exams})

    def do_POST(self) -> None:
        self._answer(503, {"detail": "model: is gone; publish one"})

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _answer(self, status: int, content: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())


@pytest.fixture
def a_port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    with serving(server):
        yield server.server_port


def test_the_first_exam_is_linked(a_port: int) -> None:
    assert [exam["exam"] for exam in worklist(a_port)] == ["e-1", "e-2"]
    assert first_viewer(a_port) == f"http://127.0.0.1:{a_port}/ohif/mammolens/x"


def test_what_the_server_refuses_is_said_with_its_reason(a_port: int) -> None:
    with pytest.raises(ServerError, match=r"the server answers 503 \(model: is gone; publish one\)"):
        infer_exam(a_port, "e-1")


def test_a_server_that_does_not_answer_has_no_link() -> None:
    assert first_viewer(9) is None
    with pytest.raises(ServerError, match="no server answers there"):
        worklist(9)


def test_a_proxy_of_the_environment_is_not_asked_here(a_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.2:9")
    assert len(worklist(a_port)) == 2
