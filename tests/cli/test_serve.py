"""What a person meets who starts the server; the server itself is tested in tests/integration."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from topology.ports import free_port

from mammolens.access_audit.log import AuditLog
from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..fork_server import ForkServer, Program
from ..patience import PATIENCE_S, end, until
from .conftest import EXECUTABLE, Mammolens

StartServe = Callable[..., Program]


@pytest.fixture
def a_taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def a_free_port() -> int:
    return free_port()


@pytest.fixture
def start_serve(fork_server: ForkServer, tmp_path: Path, a_free_port: int) -> Iterator[StartServe]:
    """Starts `mammolens serve` on the folder 'studies', and waits until it says that it serves; both are forked."""
    started: list[Program] = []

    def start(**environment: str) -> Program:
        words = ["serve", tmp_path / "studies", "--app", tmp_path / "app", "--port", str(a_free_port)]
        with (tmp_path / "said").open("wb") as said:
            serve = fork_server.start(
                EXECUTABLE,
                *words,
                environment={**os.environ, **environment},
                cwd=tmp_path,
                output=said,
                own_session=True,
                python=fork_server.python,
            )
        started.append(serve)
        _wait_until("Research use only, not a medical device.", tmp_path / "said", serve)
        return serve

    yield start
    for process in started:
        end(process)


def test_a_missing_folder_is_named_and_not_made(mammolens: Mammolens, tmp_path: Path) -> None:
    result = mammolens("serve", tmp_path / "gone", "--app", tmp_path / "app")
    assert result.exit_code == 3
    assert f"error: {tmp_path / 'gone'}: is not a folder" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write to")
@pytest.mark.parametrize("option", ["--app", "--model-dir", "studies"])
def test_a_folder_that_cannot_be_written_to_is_named_in_one_line(
    mammolens: Mammolens, tmp_path: Path, option: str, a_free_port: int
) -> None:
    studies = "/proc/self" if option == "studies" else tmp_path
    others = {"--app": tmp_path / "app", option: "/proc/self/nowhere"}
    others.pop("studies", None)
    arguments = [text for pair in others.items() for text in pair]
    result = mammolens("serve", studies, "--port", a_free_port, *arguments)
    assert result.exit_code != 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: /proc/self")
    assert "cannot be written to" in line


def test_a_password_in_the_address_of_the_pacs_is_refused_and_not_repeated(
    mammolens: Mammolens, tmp_path: Path, a_free_port: int
) -> None:
    studies = "http://ada:hunter2@pacs.example/dicom-web"  # pragma: allowlist secret
    result = mammolens("serve", studies, "--app", tmp_path / "app", "--port", a_free_port)
    assert result.exit_code != 0
    assert "MONAI_LABEL_DICOMWEB_USERNAME" in result.stderr
    assert "hunter2" not in result.stderr + result.stdout


def test_a_taken_port_is_named(mammolens: Mammolens, tmp_path: Path, a_taken_port: int) -> None:
    result = mammolens("serve", tmp_path, "--app", tmp_path / "app", "--port", a_taken_port)
    assert result.exit_code == 7
    assert f"error: port {a_taken_port}: is in use by another program; choose another one with --port" in result.stderr


def _worklist(port: int) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/mammolens/worklist", timeout=PATIENCE_S) as answer:
        return list(json.load(answer)["exams"])


def _decided_by(port: int) -> str:
    """The name that a decision on the first exam gets."""
    url = f"http://127.0.0.1:{port}/mammolens/exams/{_worklist(port)[0]['exam']}/decisions"
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, b'{"verdict": "normal"}', headers)
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return str(json.load(answer)["reviewer"])


@pytest.mark.integration
def test_the_demo_analyses_its_exams_serves_them_and_stops_cleanly(
    fork_server: ForkServer, tmp_path: Path, a_free_port: int
) -> None:
    words = ["demo", "--output", tmp_path / "demo", "--port", str(a_free_port)]
    with (tmp_path / "said").open("wb") as said:
        demo = fork_server.start(
            EXECUTABLE, *words, cwd=tmp_path, output=said, own_session=True, python=fork_server.python
        )
        try:
            _wait_until("Press Ctrl-C to stop", tmp_path / "said", demo)
            with urllib.request.urlopen(
                f"http://127.0.0.1:{a_free_port}/datastore/?output=stats", timeout=PATIENCE_S
            ) as answer:
                assert b'"total":16' in answer.read()
            until(lambda: [exam["state"] for exam in _worklist(a_free_port)] == ["done"] * 4)
            viewers = [f"http://127.0.0.1:{a_free_port}{exam['viewer']}" for exam in _worklist(a_free_port)]
            told, page = (tmp_path / "said").read_text(), (tmp_path / "demo" / "index.html").read_text(encoding="utf-8")
            assert sum(viewer in told for viewer in viewers) == 1
            assert all(viewer in page for viewer in viewers)
            os.killpg(demo.pid, signal.SIGINT)  # what a terminal does
            assert demo.wait(timeout=PATIENCE_S) == 0
        finally:
            end(demo)
    results = tmp_path / "demo" / "results"
    assert len((results / "results.jsonl").read_text().splitlines()) == 16
    assert len(list(results.glob("*.overlay.png"))) == len(list(results.glob("*.anomaly.nrrd"))) == 16
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{a_free_port}/info/", timeout=PATIENCE_S)


@pytest.mark.integration
def test_serve_leads_to_the_worklist_and_an_exam_and_takes_its_server_along(
    start_serve: StartServe, tmp_path: Path, a_free_port: int
) -> None:
    write_phantom_dataset(tmp_path / "studies", normals=1, rows=160, columns=128, spacing=(1.6, 1.6))
    (tmp_path / "temporary").mkdir()
    serve = start_serve(LOGNAME="ada", TMPDIR=str(tmp_path / "temporary"))
    assert _decided_by(a_free_port) == "ada"
    serve.send_signal(signal.SIGTERM)  # what service managers send, to this process alone
    assert serve.wait(PATIENCE_S) == 0
    assert list((tmp_path / "temporary").iterdir()) == []
    assert stat.S_IMODE((tmp_path / "app" / "logs" / "serve.log").stat().st_mode) == 0o600
    told = (tmp_path / "said").read_text()
    assert len(told.splitlines()) == 5
    assert "Uvicorn running" in (tmp_path / "app" / "logs" / "serve.log").read_text()
    assert f"worklist: http://127.0.0.1:{a_free_port}/\n" in told
    assert f"first exam: http://127.0.0.1:{a_free_port}/ohif/mammolens/" in told
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{a_free_port}/info/", timeout=PATIENCE_S)


@pytest.mark.integration
def test_serve_keeps_its_server_when_it_wants_a_login(
    start_serve: StartServe, tmp_path: Path, a_free_port: int
) -> None:
    (tmp_path / "studies").mkdir()
    guarded = {"MONAI_LABEL_AUTH_ENABLE": "true", "MONAI_LABEL_AUTH_REALM_URI": "http://127.0.0.1:9/realms/x"}
    serve = start_serve(**guarded)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{a_free_port}/info/", timeout=PATIENCE_S)
    forged = urllib.request.Request(
        f"http://127.0.0.1:{a_free_port}/mammolens/worklist", headers={"X-Forwarded-For": "192.0.2.1"}
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(forged, timeout=PATIENCE_S)
    serve.send_signal(signal.SIGTERM)
    assert serve.wait(PATIENCE_S) == 0
    with AuditLog(tmp_path / "studies" / ".mammolens" / "audit.sqlite", create=False) as log:
        assert {record.event.address for record in log.records()} == {"", "127.0.0.1"}


def _wait_until(words: str, file: Path, process: Program) -> None:
    def said() -> bool:
        assert process.poll() is None, file.read_text()
        return words in file.read_text()

    until(said, file.read_text)
