"""What the server does when the PACS stops, answers nonsense, holds broken images, or the disk is full."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pydicom
import pytest
from topology.ports import free_port

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam

from ..fork_server import ForkServer
from ..labelapp.pacs.fake_pacs import Answer, FakePacs, served
from ..patience import PATIENCE_S, until
from .conftest import REPOSITORY, TASK, Orthanc, Server, StartServer

pytestmark = pytest.mark.integration
SMALL = {"rows": 160, "columns": 128, "spacing": (1.6, 1.6)}


@pytest.fixture(scope="module")
def six_exams(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of small phantoms by UID, study after study."""
    folder = tmp_path_factory.mktemp("exams")
    files = [
        file for seed in range(6) for file in write_phantom_exam(make_phantom_exam(seed, **SMALL), folder / str(seed))
    ]
    return {str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID): file for file in files}


@pytest.fixture(scope="module")
def a_full_orthanc(an_orthanc: Orthanc, six_exams: dict[str, Path]) -> Orthanc:
    for file in six_exams.values():
        an_orthanc.store(file)
    return an_orthanc


@pytest.fixture(scope="module")
def a_running_server(start_server: StartServer, a_full_orthanc: Orthanc) -> Server:
    return start_server(a_full_orthanc.dicomweb, MONAI_LABEL_DICOMWEB_CACHE_EXPIRY="1")


def infer(server: Server, image: str) -> tuple[int, str]:
    """Status, and what is said of an error."""
    answer = server.post(f"/infer/{TASK}?image={image}&output=json")
    return answer.status_code, "" if answer.ok else answer.json()["detail"]


def test_orthanc_stopped_in_mid_inference_and_started_again_costs_nothing(
    a_running_server: Server, a_full_orthanc: Orthanc, six_exams: dict[str, Path]
) -> None:
    images = list(six_exams)[:16]
    a_running_server.review(images[0], "finding")
    first, stopped = threading.Event(), threading.Event()
    answers: dict[str, tuple[int, str]] = {}

    def analyse_all() -> None:
        for image in images:
            if image == images[-1]:
                assert stopped.wait(PATIENCE_S)  # so that one at least is asked for while it is down
            answers[image] = infer(a_running_server, image)
            first.set()

    reader = threading.Thread(target=analyse_all)
    reader.start()
    assert first.wait(PATIENCE_S)
    a_full_orthanc.stop()
    stopped.set()
    reader.join()
    down = {image: said for image, (status, said) in answers.items() if status != 200}
    assert down
    assert {answers[image][0] for image in down} == {503}
    assert all("the PACS does not answer" in said and "start it" in said for said in down.values())
    assert answers[images[0]][0] == 200
    assert infer(a_running_server, images[0])[0] == 200  # it is kept here
    a_full_orthanc.start()
    assert [infer(a_running_server, image) for image in images] == [(200, "")] * len(images)
    info = a_running_server.get(f"/datastore/image/info?image={images[0]}").json()
    assert info["review"]["verdict"] == "finding"
    assert "Traceback" not in a_running_server.log.read_text(errors="replace")


def test_a_short_restart_of_orthanc_is_not_even_noticed(
    a_running_server: Server, a_full_orthanc: Orthanc, six_exams: dict[str, Path]
) -> None:
    said: list[tuple[int, str]] = []

    def is_not_noticed() -> bool:
        a_full_orthanc.stop()
        reader = threading.Thread(target=lambda: said.append(infer(a_running_server, list(six_exams)[16])))
        reader.start()
        a_full_orthanc.start()
        reader.join()
        return said[-1] == (200, "")

    until(is_not_noticed, lambda: said)  # a busy computer may take too long for its start


def test_corrupt_instances_among_good_ones_stop_no_other(
    a_running_server: Server, a_full_orthanc: Orthanc, tmp_path: Path
) -> None:
    garbage, lost, *good = write_phantom_exam(make_phantom_exam(20, **SMALL), tmp_path)
    broken = pydicom.dcmread(garbage)
    broken.PixelData = pydicom.encaps.encapsulate([b"this is not a codestream"])
    broken["PixelData"].is_undefined_length = True
    broken.file_meta.TransferSyntaxUID = pydicom.uid.JPEG2000Lossless
    broken.save_as(garbage)
    uids = []
    for file in (garbage, lost, *good):
        a_full_orthanc.store(file)
        uids.append(str(pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID))
    [stored] = [
        path
        for path in a_full_orthanc.storage.rglob("*")
        if path.is_file() and path.read_bytes()[128:132] == b"DICM" and uids[1].encode() in path.read_bytes()[:2000]
    ]
    a_full_orthanc.stop()
    stored.write_bytes(stored.read_bytes()[:3000])  # as a failing disk would
    a_full_orthanc.start()
    until(lambda: set(uids) <= set(a_running_server.images()))
    answers = [infer(a_running_server, uid) for uid in uids]
    assert answers[0][0] == 422, answers
    assert answers[1][0] in (422, 503), answers
    assert all(said for _, said in answers[:2])
    assert answers[2:] == [(200, "")] * 2
    a_running_server.post("/scoring/anomaly", json={})
    assert a_running_server.finished("/scoring/")["status"] == "DONE"
    assert a_running_server.get("/info/").json()["datastore"]["scored"] == len(a_running_server.images()) - 2


@pytest.fixture
def a_tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("mounting a file system needs more rights than these tests have; the file limit is tried anyway")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(filler: Path) -> None:
    """Write until nothing more can be written, again where it was done before."""
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_is_told_loses_nothing_and_is_over_when_there_is_room(
    start_server: StartServer, a_full_orthanc: Orthanc, six_exams: dict[str, Path], a_tiny_disk: Path
) -> None:
    server = start_server(a_full_orthanc.dicomweb, MONAI_LABEL_DICOMWEB_CACHE_PATH=str(a_tiny_disk))
    kept, other, *_ = six_exams
    server.review(kept, "finding")
    assert infer(server, kept)[0] == 200
    filler = a_tiny_disk / "filler"
    fill(filler)
    status, said = infer(server, other)
    assert status == 507
    assert "disk is full" in said
    assert "free some space" in said
    review = '{"review": {"verdict": "normal", "second_confirmation": true}}'
    answers: list[int] = []

    def is_refused() -> bool:
        fill(filler)
        answers.append(server.put(f"/datastore/image/info?image={kept}", data={"info": review}).status_code)
        return answers[-1] == 507  # the access audit cannot record it

    until(is_refused, lambda: answers)  # what the server was about to replace may have made room
    assert set(answers) <= {200, 507}
    assert server.get("/info/").status_code == 200
    filler.unlink()
    kept_verdict = server.get(f"/datastore/image/info?image={kept}").json()["review"]["verdict"]
    assert kept_verdict in ("finding", "normal")
    assert infer(server, other)[0] == 200
    server.review(kept, "normal")
    images = next(path for path in a_tiny_disk.rglob("images") if path.is_dir())
    assert not list(images.glob(".*"))
    server.stop()


def test_a_download_that_finds_no_room_is_told_and_leaves_nothing(
    start_server: StartServer, a_full_orthanc: Orthanc, eight_mammograms: list[Path], six_exams: dict[str, Path]
) -> None:
    """By a limit on the size of files, which needs no rights: a mammogram is larger, a phantom is not."""
    large = eight_mammograms[0]
    a_full_orthanc.store(large)
    uid = str(pydicom.dcmread(large, stop_before_pixels=True).SOPInstanceUID)
    server = start_server(a_full_orthanc.dicomweb)
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    status, said = infer(server, uid)
    assert status == 507
    assert "the disk is full (File too large)" in said
    assert infer(server, next(iter(six_exams)))[0] == 200
    images = next(path for path in server.log.parent.rglob("images") if path.is_dir() and "dicomweb" in path.parts)
    assert [path.name for path in images.iterdir() if path.name.startswith(".") or uid in path.name] == []
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
    assert infer(server, uid)[0] == 200
    server.stop()


def test_a_pacs_that_is_slow_or_answers_nonsense_is_named(
    start_server: StartServer, six_exams: dict[str, Path]
) -> None:
    uid, file = next(iter(six_exams.items()))
    header = pydicom.dcmread(file, stop_before_pixels=True)
    pacs = FakePacs(files={uid: file.read_bytes()})
    pacs.studies["1.2"] = [
        {keyword: found for keyword, found in header.to_json_dict().items() if keyword != "7FE00010"}
    ]
    for answer in pacs.studies["1.2"]:
        answer["0020000D"]["Value"] = ["1.2"]
    sent = threading.Event()
    with served(pacs):
        server = start_server(
            pacs.url, MONAI_LABEL_DICOMWEB_PROXY_TIMEOUT="5", MONAI_LABEL_DICOMWEB_CACHE_EXPIRY="3600"
        )
        assert server.images() == [uid]
        for wrong, words in (
            (Answer(held=sent), "does not answer in time"),
            (Answer(body=b"<html>please log in</html>", kind="text/html"), "the answer is text/html and not DICOM"),
            (Answer(403), "answers 403; check user and password or token"),
            (Answer(500), "answers 500; see the log of the PACS"),
        ):
            pacs.next_answers = [wrong] * 2 if wrong.held else [wrong]
            status, said = infer(server, uid)
            assert (status, words in said) == (503, True), said
        pacs.next_answers = [Answer(body=b"half", announced=100), Answer(503)]
        assert infer(server, uid) == (200, "")
        assert "Traceback" not in server.log.read_text(errors="replace")
        sent.set()
        server.stop()


def test_a_ca_file_that_does_not_exist_stops_the_start_with_a_clear_word(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    shutil.copytree(REPOSITORY / "monai_app", tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__", "model"))
    program = Path(sys.executable).with_name("mammolens")
    words = ["serve", "https://127.0.0.1:9/dicom-web", "--app", tmp_path / "app", "--port", str(free_port())]
    serve = fork_server.start(
        program,
        *words,
        environment={**os.environ, "MAMMOLENS_DICOMWEB_CA_FILE": "/nowhere/ca.pem", "HOME": str(tmp_path)},
        cwd=tmp_path,
        own_session=True,
        python=fork_server.python,
    )
    said = "".join(serve.communicate(PATIENCE_S))
    assert serve.returncode != 0
    assert "MAMMOLENS_DICOMWEB_CA_FILE: there is no file /nowhere/ca.pem" in said
