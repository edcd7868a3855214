"""What can go wrong with a server; tests/integration/test_web_page.py shows that it analyses as this process does."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mammolens.errors import ServerError
from mammolens.inference.presentation import INDEX
from mammolens.web.server_backend import ServerBackend

from ..http_server import serving


class _Answers(BaseHTTPRequestHandler):
    status, content, token, asked = 200, b"", None, 0

    def do_POST(self) -> None:
        type(self).token = self.headers["Authorization"]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[_Answers]]]:
    """Its address, and what it answers."""
    answers = type("Answers", (_Answers,), {})
    with serving(HTTPServer(("127.0.0.1", 0), answers)) as url:
        yield f"{url}/", answers


def analysed(url: str, file: Path, folder: Path):
    return ServerBackend(url).infer({file: "given.dcm"}, folder, lambda *_: None)


def test_a_server_that_is_not_there_is_named_with_the_remedy(server, exam_files, tmp_path):
    gone = server[0].replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(ServerError, match="does not answer; start it with 'mammolens serve'"):
        analysed(gone, exam_files[0], tmp_path)


def test_what_the_server_says_is_passed_on(server, exam_files, tmp_path):
    url, answers = server
    answers.status, answers.content = 503, b'{"detail": "no model serves"}'
    with pytest.raises(ServerError, match="answers 503: no model serves"):
        analysed(url, exam_files[0], tmp_path)


def test_an_exam_that_is_refused_is_a_problem_of_its_files_and_the_others_are_shown(
    server, a_presentation, exam_files, phantoms, tmp_path
):
    url, answers = server
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(INDEX, a_presentation.model_dump_json())
    refusal = b'{"detail": "the disk is full"}'
    answers.do_POST = lambda handler: answer_in_turn(handler, [(507, refusal), (200, content.getvalue())])
    others = [case.path for case in phantoms.cases if case.patient_id == phantoms.patients[1]][:2]
    files = {path: f"given-{number}.dcm" for number, path in enumerate([*others, exam_files[0]])}
    presentation = ServerBackend(url).infer(files, tmp_path / "out", lambda *_: None)
    assert [problem.name for problem in presentation.problems] == ["given-0.dcm", "given-1.dcm"]
    assert {problem.reason for problem in presentation.problems} == {"the server answers 507: the disk is full"}
    assert [exam.views[0].image for exam in presentation.exams] == ["002/001.image.jpg"]


def answer_in_turn(handler: _Answers, turns: list[tuple[int, bytes]]) -> None:
    """The first request gets the first answer, the second one the second."""
    kind = type(handler)
    kind.status, kind.content = turns[kind.asked]
    kind.asked += 1
    _Answers.do_POST(handler)


def test_a_proxy_of_the_environment_sees_no_image_for_this_computer(server, exam_files, tmp_path, monkeypatch):
    url, answers = server
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.2:9")
    answers.status, answers.content = 503, b'{"detail": "no model serves"}'
    with pytest.raises(ServerError, match="no model serves"):
        analysed(url, exam_files[0], tmp_path)


def test_a_token_goes_with_the_files(server, exam_files, tmp_path):
    url, answers = server
    with pytest.raises(ServerError):
        ServerBackend(url, "secret").infer({exam_files[0]: "given.dcm"}, tmp_path, lambda *_: None)
    assert answers.token == "Bearer secret"


def test_an_answer_of_another_program_is_told(server, exam_files, tmp_path):
    url, answers = server
    answers.content = b"<html>hello</html>"
    with pytest.raises(ServerError, match="an answer that this version cannot read"):
        analysed(url, exam_files[0], tmp_path)


def test_a_file_that_is_no_image_is_told_without_asking_the_server(tmp_path):
    bad = tmp_path / "bad.dcm"
    bad.write_text("hello")
    presentation = ServerBackend("http://127.0.0.1:9").infer({bad: "given.dcm"}, tmp_path / "out", lambda *_: None)
    assert [problem.name for problem in presentation.problems] == ["given.dcm"]
    assert not presentation.exams
