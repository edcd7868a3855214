from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mammolens import private_folder
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.private_files import PrivateFiles
from mammolens.private_folder import PrivateFolder


@pytest.fixture
def a_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(private_folder, "_YOUNG_S", -1.0)
    umask = os.umask(0o022)
    yield folder
    os.umask(umask)


def test_temporary_files_lie_in_one_private_folder_that_goes_with_the_server(a_temporary_folder: Path) -> None:
    server = PrivateFiles()
    assert server.folder.parent == a_temporary_folder
    assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
    inside = Path(tempfile.mkdtemp())
    assert inside.parent == server.folder
    asked = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == str(server.folder)
    server.close()
    assert list(a_temporary_folder.iterdir()) == []
    assert tempfile.gettempdir() == str(a_temporary_folder)


def test_a_folder_that_serve_made_is_used_and_left_to_it(
    a_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_serve = PrivateFolder(a_temporary_folder)
    monkeypatch.setattr(tempfile, "tempdir", str(of_serve.path))
    server = PrivateFiles()
    server.close()
    assert server.folder == of_serve.path
    assert list(a_temporary_folder.iterdir()) == [of_serve.path]
    of_serve.close()


def test_whatever_is_written_is_for_the_account_alone(a_temporary_folder: Path, tmp_path: Path) -> None:
    server = PrivateFiles()
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
    server.close()


def test_what_a_killed_server_left_goes_when_the_next_one_starts(a_temporary_folder: Path, tmp_path: Path) -> None:
    killed = a_temporary_folder / "mammolens-server-killed"
    (killed / "upload").mkdir(parents=True)
    (killed / "upload" / "mammogram.dcm").write_bytes(b"a patient's")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (a_temporary_folder / "mammolens-server-link").symlink_to(elsewhere)
    living = PrivateFolder(a_temporary_folder)
    PrivateFiles().close()
    assert not killed.exists()
    assert living.path.exists()
    assert elsewhere.exists()
    living.close()


UPLOADS = {
    "image": ("PUT", "/datastore/?image=new", {"file": ("new.dcm", b"no mammogram")}),
    "label": ("PUT", "/datastore/label?image=nobody&tag=draft", {"label": ("label.nrrd", b"no label")}),
    "final label": ("PUT", "/datastore/label?image=nobody", {"label": ("label.nrrd", b"no label")}),
    "infer": ("POST", "/infer/mammolens", {"file": ("new.dcm", b"no mammogram")}),
    "present": ("POST", "/mammolens/present", {"files": ("new.dcm", b"no mammogram")}),
    "import": ("POST", "/mammolens/decisions/import", {"file": ("decisions.csv", b"no decisions")}),
}


@pytest.mark.parametrize("upload", UPLOADS)
def test_a_refused_upload_leaves_nothing_behind(a_client: TestClient, an_app: MammoLensApp, upload: str) -> None:
    method, path, files = UPLOADS[upload]
    before = sorted(an_app.private_files.folder.rglob("*"))
    answer = a_client.request(method, path, files=files)
    assert upload == "present" or 400 <= answer.status_code < 500, answer.text
    assert sorted(an_app.private_files.folder.rglob("*")) == before


def test_a_label_that_cannot_be_stored_leaves_no_map_behind(
    a_client: TestClient, an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(an_app.datastore(), "save_label", full)
    image = an_app.datastore().list_images()[0]
    answer = a_client.post(f"/infer/mammolens?image={image}", data={"params": '{"save_label": true}'})
    assert answer.status_code >= 500
    assert list(an_app.private_files.folder.iterdir()) == []


def test_an_archive_of_labelled_images_goes_once_it_was_sent(
    a_client: TestClient, an_app: MammoLensApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = an_app.datastore().list_images()[0]
    (tmp_path / "label.nrrd").write_bytes(b"NRRD")
    an_app.datastore().save_label(image, str(tmp_path / "label.nrrd"), "final", {})
    answer = a_client.get("/datastore/dataset")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"image", "label", "metadata.json"}
    assert list(an_app.private_files.folder.iterdir()) == []
    monkeypatch.setattr("zipfile.ZipFile.writestr", lambda *_: 1 / 0)
    assert a_client.get("/datastore/dataset").status_code == 500
    assert list(an_app.private_files.folder.iterdir()) == []


def test_ledger_state_results_and_labels_are_for_the_server_alone(
    a_client: TestClient, an_app: MammoLensApp, a_studies_folder: Path
) -> None:
    before = set(a_studies_folder.rglob("*.dcm"))
    exam = a_client.get("/mammolens/worklist").json()["exams"][0]
    assert a_client.post(f"/mammolens/exams/{exam['exam']}/infer").status_code == 200
    decided = a_client.post(f"/mammolens/exams/{exam['exam']}/decisions", json={"verdict": "normal"})
    assert decided.status_code < 300, decided.text
    image = exam["images"][0]
    assert a_client.post(f"/infer/mammolens?image={image}", data={"params": '{"save_label": true}'}).status_code == 200
    place = an_app.datastore().place
    labels, state = a_studies_folder / "labels", a_studies_folder / "datastore_v2.json"
    written = {place, *place.rglob("*"), labels, *labels.rglob("*"), state} - before
    assert {path.name for path in written} >= {"decisions.sqlite", "datastore_v2.json", "results"}
    open_to_others = [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_to_others == []
