"""The server against a folder, from start to retrained model, as its clients see it."""

from __future__ import annotations

import http.client
import json
import shutil
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
import SimpleITK as sitk
from monailabel.client import MONAILabelClient

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import PATIENCE_S, until
from .conftest import TASK, Server, StartServer, assert_lies_over, share_inside_the_breast

pytestmark = pytest.mark.integration
WOMEN = 8


@pytest.fixture(scope="module")
def a_folder_of_mammograms(tmp_path_factory: pytest.TempPathFactory, eight_mammograms: list[Path]) -> Path:
    """CBIS mammograms and phantoms, a folder a woman, and two files that are not usable mammograms."""
    folder = tmp_path_factory.mktemp("studies")
    for image in eight_mammograms:
        target = folder / "cbis" / image.parent.name / image.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image, target)
    write_phantom_dataset(folder / "phantoms", normals=WOMEN, rows=160, columns=128, spacing=(1.6, 1.6))
    (folder / "truncated.dcm").write_bytes(eight_mammograms[0].read_bytes()[:5000])
    (folder / "text.dcm").write_text("not DICOM, never listed")
    return folder


@pytest.fixture(scope="module")
def a_running_server(start_server: StartServer, a_folder_of_mammograms: Path) -> Server:
    return start_server(a_folder_of_mammograms)


@pytest.fixture(scope="module")
def cbis_images(a_running_server: Server) -> dict[str, Path]:
    """Ids of the CBIS images, and their files."""
    ids = [image for image in a_running_server.images() if image.startswith("cbis_")]
    return {image: Path(a_running_server.get(f"/datastore/image/info?image={image}").json()["path"]) for image in ids}


def test_info_shows_model_parameters_and_images(a_running_server: Server) -> None:
    info = a_running_server.get("/info/").json()
    config = {"output_map": "levels", "result_extension": ".nrrd", "dicom": None, "device": None, "exam_scores": True}
    assert info["models"][TASK]["config"] == config
    assert info["datastore"]["total"] == 8 + 4 * WOMEN + 1
    assert "most_anomalous" in info["strategies"]


@pytest.mark.parametrize("number", [0, 3, 5, 6])  # each side and view once, two of either woman
def test_a_real_mammogram_gets_maps_that_lie_over_it(
    a_running_server: Server, cbis_images: dict[str, Path], number: int, tmp_path: Path
) -> None:
    image, file = list(cbis_images.items())[number]
    levels = a_running_server.map(image, tmp_path)
    heat = a_running_server.map(image, tmp_path, output_map="float", result_extension=".nii.gz")
    for made in (levels, heat):
        assert_lies_over(made, file)
    assert levels.GetPixelID() == sitk.sitkUInt8
    assert heat.GetPixelID() == sitk.sitkFloat32
    assert sitk.GetArrayFromImage(heat).max() > 0
    assert share_inside_the_breast(heat, file) > 0.9
    record = a_running_server.record(image)
    starts = np.array(list(record["levels"].values()))
    assert np.array_equal(sitk.GetArrayFromImage(levels), np.digitize(sitk.GetArrayFromImage(heat), starts))
    assert list(record["label_names"]) == list(record["levels"])


def test_a_header_with_spacing_keeps_it(a_running_server: Server, development_data: Path, tmp_path: Path) -> None:
    file = development_data / "dicom" / "GH133.dcm"
    with file.open("rb") as upload:
        answer = a_running_server.post(f"/infer/{TASK}?output=image", files={"file": ("GH133.dcm", upload)})
    (tmp_path / "map.nrrd").write_bytes(answer.content)
    assert_lies_over(sitk.ReadImage(str(tmp_path / "map.nrrd")), file)


def test_the_exam_score_is_that_of_all_four_views(a_running_server: Server, cbis_images: dict[str, Path]) -> None:
    records = [a_running_server.record(image) for image in cbis_images if "malign" in image]
    assert len({record["exam"] for record in records}) == 1
    assert len({round(record["exam_score"], 9) for record in records}) == 1
    assert len({record["pred_score"] for record in records}) == 4


def test_scoring_in_the_background_feeds_the_next_sample(a_running_server: Server) -> None:
    a_running_server.post("/scoring/anomaly", json={})
    status = a_running_server.finished("/scoring/")
    assert status["status"] == "DONE", status
    sample = a_running_server.post("/activelearning/most_anomalous", json={}).json()
    infos = [obj["image"]["info"] for obj in a_running_server.get("/datastore/?output=all").json()["objects"].values()]
    assert sample["p_value"] == min(info["p_value"] for info in infos if info.get("p_value") is not None)
    assert sum(bool(info.get("score_error")) for info in infos) == 1
    a_running_server.review(sample["id"], "finding")
    assert a_running_server.post("/activelearning/most_anomalous", json={}).json()["id"] != sample["id"]


def test_monai_labels_own_client_gets_along(a_running_server: Server, tmp_path: Path) -> None:
    client = MONAILabelClient(a_running_server.url, str(tmp_path))
    assert client.info()["name"] == "MammoLens"
    sample = client.next_sample("most_anomalous", {})
    file, params = client.infer(TASK, sample["id"], {"output_map": "levels"})
    assert sitk.ReadImage(file).GetPixelID() == sitk.sitkUInt8
    assert params["label_names"] == {"low": 1, "moderate": 2, "high": 3}
    assert client.save_label(sample["id"], file, tag="mine")["label"] == sample["id"]
    with Path(sample["path"]).open("rb") as image:
        (tmp_path / "second.dcm").write_bytes(image.read())
    added = client.upload_image(str(tmp_path / "second.dcm"), "second")["image"]
    assert added in a_running_server.images()
    assert a_running_server.request("DELETE", f"/datastore/image?id={added}").status_code == 200
    assert added not in a_running_server.images()


def test_batch_infer_without_gpu_gets_past_a_bad_image(a_running_server: Server) -> None:
    results = a_running_server.post(f"/batch/infer/{TASK}?run_sync=true", json={"multi_gpu": True}).json()
    assert [image for image, result in results.items() if "error" in result] == ["truncated.dcm"]
    assert "truncated.dcm" in results["truncated.dcm"]["error"]
    assert a_running_server.get("/info/").json()["datastore"]["label_tags"] == {"mine": 1, "original": 8 + 4 * WOMEN}


def test_info_is_answered_while_other_requests_work(a_running_server: Server, cbis_images: dict[str, Path]) -> None:
    body = {"images": list(cbis_images)[:3]}
    work = threading.Thread(target=lambda: a_running_server.post(f"/batch/infer/{TASK}?run_sync=true", json=body))
    work.start()
    answered = 0
    while work.is_alive():
        assert a_running_server.get("/info/").status_code == 200
        answered += 1
        work.join(0.1)  # whoever asks without a pause takes the processor from the work
    assert answered > 2, "one before the work begins, and one that waits until it ends, are answered in any case"


def test_a_new_file_is_seen_within_seconds(a_running_server: Server, a_folder_of_mammograms: Path) -> None:
    new = a_folder_of_mammograms / "new" / "IM0001"
    new.parent.mkdir()
    shutil.copy(next((a_folder_of_mammograms / "phantoms").rglob("*.dcm")), new)
    until(lambda: any(image.startswith("new_IM0001") for image in a_running_server.images()))
    shutil.rmtree(new.parent)


BAD_REQUESTS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("POST", f"/infer/{TASK}?image=/etc/passwd", 400, {}),
    ("POST", f"/infer/{TASK}?image=nobody.dcm", 404, {}),
    ("POST", f"/infer/{TASK}?image=truncated.dcm", 422, {}),
    ("POST", f"/infer/{TASK}?image=truncated.dcm", 400, {"data": {"params": "{"}}),
    ("POST", f"/infer/{TASK}?image=truncated.dcm", 400, {"data": {"params": '{"output_map": "rainbow"}'}}),
    ("POST", f"/infer/{TASK}", 422, {"files": {"file": ("x.dcm", b"hello")}}),
    ("POST", "/infer/nobody?image=truncated.dcm", 400, {}),
    ("PUT", "/datastore/label?image=truncated.dcm&tag=../../../x", 400, {"files": {"label": ("x.nrrd", b"x")}}),
    ("PUT", "/datastore/image/info?image=truncated.dcm", 400, {"data": {"info": '{"review": {"verdict": "maybe"}}'}}),
    ("POST", f"/train/{TASK}", 400, {"json": {"epochs": "many"}}),
    ("POST", f"/train/{TASK}", 400, {"data": "{", "headers": {"content-type": "application/json"}}),
    ("POST", "/activelearning/random", 400, {}),
    ("POST", "/scoring/dice", 400, {}),
]


@pytest.mark.parametrize(("method", "path", "status", "body"), BAD_REQUESTS)
def test_a_bad_request_gets_one_clear_line_and_the_server_lives_on(
    a_running_server: Server, method: str, path: str, status: int, body: dict[str, Any]
) -> None:
    answer = a_running_server.request(method, path, **body)
    assert answer.status_code == status, answer.text
    assert "\n" not in answer.json()["detail"]
    assert a_running_server.get("/info/").status_code == 200


@pytest.mark.parametrize(
    "path", ["/proxy/dicom/wado/%2e%2e/system", "/proxy/dicom/wado/../system", "/ohif/%252e%252e/x", "/session/..%2fx"]
)
def test_paths_that_climb_are_refused_as_they_come_over_the_wire(a_running_server: Server, path: str) -> None:
    assert raw_status(a_running_server, path) == 400


def test_a_name_that_resolves_to_this_machine_does_not_open_the_server(a_running_server: Server) -> None:
    assert raw_status(a_running_server, "/info/", host="evil.example") == 403


def test_no_file_outside_the_datastore_was_written_or_read(
    a_running_server: Server, a_folder_of_mammograms: Path
) -> None:
    files = {"label": ("../../../x.nrrd", b"NRRD0004")}
    answer = a_running_server.put("/datastore/label?image=truncated.dcm&tag=original", files=files)
    assert answer.status_code == 200
    labels = [path.relative_to(a_folder_of_mammograms) for path in a_folder_of_mammograms.rglob("truncated.dcm.*")]
    assert labels == [Path("labels/original/truncated.dcm.nrrd")]
    params = json.dumps({"image": "/etc/passwd"})
    answer = a_running_server.post(f"/infer/{TASK}?image=truncated.dcm", data={"params": params})
    assert answer.status_code == 422
    assert "truncated.dcm" in answer.json()["detail"]


def test_origins_are_not_reflected(a_running_server: Server) -> None:
    answer = a_running_server.get("/info/", headers={"Origin": "http://evil.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_nothing_unexpected_happened_meanwhile(a_running_server: Server) -> None:
    assert "Traceback" not in a_running_server.log.read_text(errors="replace")


def raw_status(server: Server, path: str, host: str | None = None) -> int:
    """Status of a GET whose path nobody tidies up on the way."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE_S)
    connection.putrequest("GET", path, skip_host=host is not None)
    if host is not None:
        connection.putheader("Host", host)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status
