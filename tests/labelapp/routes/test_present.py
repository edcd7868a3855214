"""Images that come with a request, analysed for a page."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from monailabel.config import settings
from starlette.testclient import TestClient

from mammolens.inference.presentation import Presentation
from mammolens.labelapp.app import MammoLensApp

from ...patience import PATIENCE_S


def parts(files: list[Path]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (file.name, file.read_bytes())) for file in files]


@pytest.fixture
def images(a_studies_folder: Path) -> list[Path]:
    return sorted(a_studies_folder.rglob("*.dcm"))


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"


@pytest.fixture
def an_impatient_pool(an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    """It does one thing at a time, and nobody waits for it for long."""
    monkeypatch.setattr(settings, "MONAI_LABEL_INFER_TIMEOUT", 0.1)
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(an_app, "_infers_threadpool", pool)
        yield pool


def test_an_exam_is_analysed_as_one_and_nothing_is_left_behind(
    a_client: TestClient, images: list[Path], tmp_path: Path, uploads: Path
) -> None:
    before = a_client.get("/info/").json()["datastore"]["total"]
    answer = a_client.post("/mammolens/present", files=parts(images[:2]))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path / "out")
    shown = Presentation.load(tmp_path / "out")
    assert sum(len(exam.views) for exam in shown.exams) == 2
    assert all((tmp_path / "out" / view.image).is_file() for exam in shown.exams for view in exam.views)
    assert not list(uploads.rglob("*"))
    assert a_client.get("/info/").json()["datastore"]["total"] == before


def test_a_bad_file_is_told_beside_the_good_ones(a_client: TestClient, images: list[Path], tmp_path: Path) -> None:
    given = [*parts(images[:1]), ("files", ("../../bad.dcm", b"no image"))]
    answer = a_client.post("/mammolens/present", files=given)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)
    shown = Presentation.load(tmp_path)
    assert len(shown.exams) == 1
    assert [problem.name for problem in shown.problems] == ["bad.dcm"]


def test_too_many_and_none_are_refused(a_client: TestClient) -> None:
    many = [("files", (f"{number}.dcm", b"x")) for number in range(65)]
    assert a_client.post("/mammolens/present", files=many).status_code == 400
    assert a_client.post("/mammolens/present").status_code == 422


def test_a_page_of_another_site_may_not_ask(a_client: TestClient, images: list[Path]) -> None:
    answer = a_client.post("/mammolens/present", files=parts(images[:1]), headers={"origin": "http://evil.example"})
    assert answer.status_code == 403


def test_what_takes_too_long_leaves_nothing_behind_when_it_ends(
    a_client: TestClient,
    images: list[Path],
    uploads: Path,
    an_impatient_pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resumed, wrote = threading.Event(), threading.Event()

    def slow(predictor: Any, files: Any, folder: Path) -> None:
        resumed.wait(PATIENCE_S)
        folder.mkdir(parents=True)
        (folder / "late.jpg").write_bytes(b"of a patient")
        wrote.set()

    monkeypatch.setattr("mammolens.labelapp.app.present", slow)
    assert a_client.post("/mammolens/present", files=parts(images[:1])).status_code == 504
    resumed.set()
    an_impatient_pool.shutdown(wait=True)
    assert wrote.is_set()
    assert not list(uploads.rglob("*"))


def test_what_nobody_waits_for_any_more_is_not_begun(
    a_client: TestClient,
    images: list[Path],
    uploads: Path,
    an_impatient_pool: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, resumed = threading.Event(), threading.Event()
    monkeypatch.setattr("mammolens.labelapp.app.present", lambda *_: begun.set())
    an_impatient_pool.submit(resumed.wait, 20)
    assert a_client.post("/mammolens/present", files=parts(images[:1])).status_code == 504
    resumed.set()
    an_impatient_pool.shutdown(wait=True)
    assert not begun.is_set()
    assert not list(uploads.rglob("*"))
