import io
import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import monailabel.app
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from monailabel.config import settings
from starlette.testclient import TestClient
from uvicorn import Config
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.server import ServerState

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.routes.http import harden


@pytest.fixture
def an_image(an_app: MammoLensApp) -> str:
    return str(an_app.datastore().list_images()[0])


def test_info_names_the_task_its_parameters_and_the_datastore(a_client: TestClient) -> None:
    info = a_client.get("/info/").json()
    assert info["name"] == "MammoLens"
    assert info["models"]["mammolens"]["labels"] == {"low": 1, "moderate": 2, "high": 3}
    assert info["models"]["mammolens"]["config"]["output_map"] == "levels"
    assert info["train_stats"]["mammolens"]["notice"] == "random weights"
    assert info["datastore"]["total"] == 8


def test_info_tells_no_folder_of_the_server(a_client: TestClient, tmp_path: Path) -> None:
    assert str(tmp_path) not in a_client.get("/info/").text


def test_an_image_of_the_datastore_is_analysed(a_client: TestClient, an_image: str) -> None:
    answer = a_client.post(f"/infer/mammolens?image={an_image}&output=json")
    assert answer.status_code == 200
    assert answer.json()["notice"]
    assert answer.json()["path"] == an_image


def test_an_upload_is_analysed_and_leaves_nothing_behind(
    a_client: TestClient, a_studies_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    image = next(a_studies_folder.rglob("*.dcm"))
    with image.open("rb") as file:
        answer = a_client.post("/infer/mammolens?output=image", files={"file": ("../../x.dcm", file)})
    assert answer.status_code == 200
    assert answer.content.startswith(b"NRRD")
    assert not list((tmp_path / "tmp").rglob("*"))


def test_the_segmentation_of_an_image_comes_as_dicom(a_client: TestClient, an_image: str) -> None:
    answer = a_client.post(f"/infer/mammolens?image={an_image}&output=dicom_seg")
    assert answer.status_code == 200, answer.text
    segmentation = pydicom.dcmread(io.BytesIO(answer.content))
    assert segmentation.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.4"
    params = json.dumps({"dicom": "parametric_map"})
    answer = a_client.post(f"/infer/mammolens?image={an_image}&output=image", data={"params": params})
    assert pydicom.dcmread(io.BytesIO(answer.content)).SOPClassUID == "1.2.840.10008.5.1.4.1.1.30"


def test_a_result_can_be_kept_as_a_label(a_client: TestClient, an_image: str) -> None:
    params = json.dumps({"save_label": "true", "label_tag": "draft"})
    a_client.post(f"/infer/mammolens?image={an_image}&output=json", data={"params": params})
    assert a_client.get(f"/datastore/label?label={an_image}&tag=draft").content.startswith(b"NRRD")
    assert a_client.get(f"/datastore/label?label={an_image}&tag=final").status_code == 404


def test_only_an_annotator_keeps_a_result_as_a_label(a_guarded_client: TestClient, an_image: str) -> None:
    params = {"params": json.dumps({"save_label": True, "label_tag": "final"})}
    url, user = f"/infer/mammolens?image={an_image}&output=json", {"Authorization": "Bearer user"}
    refused = a_guarded_client.post(url, data=params, headers=user)
    assert refused.status_code == 403
    assert "save_label: needs the role 'monailabel-annotator'" in refused.json()["detail"]
    assert a_guarded_client.get(f"/datastore/label?label={an_image}&tag=final", headers=user).status_code == 404
    assert a_guarded_client.post(url, headers=user).status_code == 200
    annotator = {"Authorization": "Bearer user,annotator"}
    assert a_guarded_client.post(url, data=params, headers=annotator).status_code == 200


def test_no_inference_replaces_a_final_label(a_client: TestClient, an_image: str, tmp_path: Path) -> None:
    drawn = np.zeros((1, 160, 128), np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(drawn), str(tmp_path / "drawn.nrrd"))
    label, saved = f"/datastore/label?label={an_image}&tag=final", (tmp_path / "drawn.nrrd").read_bytes()
    answer = a_client.put(f"/datastore/label?image={an_image}&tag=final", files={"label": ("x.nrrd", saved)})
    assert answer.status_code == 200, answer.text
    params = {"params": json.dumps({"save_label": True, "label_tag": "final"})}
    refused = a_client.post(f"/infer/mammolens?image={an_image}&output=json", data=params)
    assert refused.status_code == 400
    assert "has a final label" in refused.json()["detail"]
    assert a_client.get(label).content == saved


def test_scoring_then_next_sample_then_review_walks_through_all_images(a_client: TestClient) -> None:
    assert a_client.post("/scoring/anomaly?run_sync=true", json={}).json()["scored"] == 8
    p_values = []
    while sample := a_client.post("/activelearning/most_anomalous", json={}).json():
        p_values.append(sample["p_value"])
        info = json.dumps({"review": {"verdict": "finding"}})
        a_client.put(f"/datastore/image/info?image={sample['id']}", data={"info": info})
    assert len(p_values) == 8
    assert p_values == sorted(p_values)


def test_batch_infer_needs_no_gpu(a_client: TestClient, an_image: str) -> None:
    results = a_client.post("/batch/infer/mammolens?run_sync=true", json={"images": [an_image]}).json()
    assert results[an_image]["params"]["model"]
    assert a_client.get(f"/datastore/label?label={an_image}&tag=original").status_code == 200


BAD_REQUESTS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("POST", "/infer/mammolens?image=/etc/passwd", 400, {}),
    ("POST", "/infer/mammolens?image=../../etc/passwd", 400, {}),
    ("POST", "/infer/mammolens?image=nobody.dcm", 404, {}),
    ("POST", "/infer/mammolens", 400, {}),
    ("POST", "/infer/nobody?image=IMAGE", 400, {}),
    ("POST", "/infer/mammolens?image=IMAGE", 400, {"data": {"params": "{"}}),
    ("POST", "/infer/mammolens?image=IMAGE", 400, {"data": {"params": "[1]"}}),
    ("POST", "/infer/mammolens?image=IMAGE", 400, {"data": {"params": '{"output_map": "rainbow"}'}}),
    ("POST", "/infer/mammolens?image=IMAGE", 400, {"data": {"params": '{"label_tag": "../x"}'}}),
    ("POST", "/infer/mammolens?image=IMAGE", 400, {"data": {"params": '{"dicom": "report"}'}}),
    ("POST", "/infer/mammolens?image=IMAGE&output=hologram", 422, {}),
    ("POST", "/infer/mammolens", 422, {"files": {"file": ("x.dcm", b"hello")}}),
    ("POST", "/infer/mammolens?session_id=../../x", 400, {}),
    ("PUT", "/datastore/label?image=IMAGE&tag=../../../x", 400, {"files": {"label": ("x.nrrd", b"x")}}),
    ("PUT", "/datastore/label?image=../../x&tag=final", 400, {"files": {"label": ("x.nrrd", b"x")}}),
    ("PUT", "/datastore/label?image=IMAGE&tag=final", 400, {"files": {"label": ("x.sh", b"x")}}),
    ("PUT", "/datastore/label?image=IMAGE&tag=final", 422, {}),
    ("PUT", "/datastore/image?image=../../x", 400, {"files": {"file": ("x.dcm", b"x")}}),
    ("PUT", "/datastore/image?image=mine", 422, {"files": {"file": ("x.dcm", b"hello")}}),
    ("PUT", "/datastore/image/info?image=IMAGE", 400, {"data": {"info": '{"review"'}}),
    ("PUT", "/datastore/image/info?image=IMAGE", 400, {"data": {"info": '{"review": {"verdict": "maybe"}}'}}),
    ("PUT", "/datastore/image/info?image=IMAGE", 400, {"data": {"info": '{"p_value": 1.0}'}}),
    ("PUT", "/datastore/image/info?image=nobody.dcm", 404, {"data": {"info": "{}"}}),
    ("GET", "/datastore/image?image=/etc/passwd", 400, {}),
    ("GET", "/datastore/image/info?image=nobody.dcm", 404, {}),
    ("GET", "/datastore/label?label=IMAGE&tag=../x", 400, {}),
    ("GET", "/datastore/dataset", 400, {}),
    ("HEAD", "/datastore/image?image=IMAGE&check_sum=MD4:1", 400, {}),
    ("DELETE", "/datastore/image?id=IMAGE", 400, {}),
    ("DELETE", "/datastore/label?id=IMAGE&tag=final", 404, {}),
    ("POST", "/train/nobody", 400, {}),
    ("POST", "/train/mammolens", 400, {"json": {"epochs": "many"}}),
    ("POST", "/train/mammolens", 400, {"content": b"{", "headers": {"content-type": "application/json"}}),
    ("POST", "/batch/infer/mammolens", 404, {"json": {"images": ["nobody.dcm"]}}),
    ("POST", "/batch/infer/mammolens?images=some", 422, {}),
    ("POST", "/batch/infer/mammolens", 400, {"json": {"label_tag": "../x"}}),
    ("POST", "/scoring/dice", 400, {}),
    ("POST", "/activelearning/random", 400, {}),
    ("GET", "/session/%2e%2e/x", 400, {}),
    ("GET", "/session/6ba7b810-9dad-11d1-80b4-00c04fd430c8", 406, {}),
    ("GET", "/proxy/dicom/wado/%2e%2e/system", 400, {}),
    ("GET", "/proxy/dicom/studies", 404, {}),
    ("PUT", "/model/mammolens", 405, {"files": {"file": ("x.pt", b"x")}}),
    ("DELETE", "/model/mammolens", 405, {}),
    ("GET", "/redoc", 404, {}),
]


@pytest.mark.parametrize(("method", "url", "status", "body"), BAD_REQUESTS)
def test_a_bad_request_gets_one_clear_line(
    a_client: TestClient, an_image: str, method: str, url: str, status: int, body: dict[str, Any]
) -> None:
    answer = a_client.request(method, url.replace("IMAGE", an_image), **body)
    assert answer.status_code == status, answer.text
    if method != "HEAD":
        assert isinstance(answer.json()["detail"], str)
        assert "\n" not in answer.json()["detail"]
    assert a_client.get("/info/").status_code == 200


def test_no_page_loads_a_script_of_another_site(a_client: TestClient) -> None:
    (Path(settings.MONAI_LABEL_APP_DIR) / "logs").mkdir()
    (Path(settings.MONAI_LABEL_APP_DIR) / "logs" / "app.log").write_text("one\ntwo\nthree\n")
    assert a_client.get("/logs/?lines=2").text == "two\nthree\n"
    for page in ("/", "/logs/"):
        answer = a_client.get(page)
        scripts = re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"([^\"]*)", answer.text)
        assert all(not script.startswith(("http:", "https:", "//")) for script in scripts)


def test_idle_connections_outlive_those_of_clients(an_app: MammoLensApp) -> None:
    """Else a request that is sent as the server closes its connection is lost."""
    config = Config(monailabel.app.app)
    connection: Any = AutoHTTPProtocol(config=config, server_state=ServerState(), app_state={}, _loop=Mock())
    assert config.timeout_keep_alive == httpx.Limits().keepalive_expiry
    assert connection.timeout_keep_alive > httpx.Limits().keepalive_expiry


def test_origins_are_not_reflected(a_client: TestClient) -> None:
    answer = a_client.get("/info/", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert a_client.post("/train/mammolens", headers={"origin": "http://evil.example"}).status_code == 403


def test_a_configured_origin_is_let_in(
    an_app: MammoLensApp, monkeypatch: pytest.MonkeyPatch, a_client: TestClient
) -> None:
    monkeypatch.setattr(settings, "MONAI_LABEL_CORS_ORIGINS", ["http://viewer.example/"])
    harden(monailabel.app.app, settings)
    answer = a_client.get("/info/", headers={"origin": "http://viewer.example"})
    assert answer.headers["access-control-allow-origin"] == "http://viewer.example"
    other = a_client.get("/info/", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_clients_of_other_machines_are_told_how_to_get_in(an_app: MammoLensApp) -> None:
    stranger = TestClient(monailabel.app.app, base_url="http://10.0.0.1:8000", client=("10.0.0.7", 50000))
    answer = stranger.get("/info/")
    assert answer.status_code == 403
    assert "MONAI_LABEL_AUTH_ENABLE" in answer.json()["detail"]


def test_the_api_stays_documented_and_each_path_is_served_once(a_client: TestClient) -> None:
    paths = a_client.get("/openapi.json").json()["paths"]
    assert {"/infer/{model}", "/info/", "/train/{model}", "/datastore/image/info", "/scoring/{method}"} <= paths.keys()
    assert "multipart/form-data" in paths["/infer/{model}"]["post"]["requestBody"]["content"]
    assert not any(path.startswith("/infer/wsi") for path in paths)


def test_each_route_documents_how_it_refuses_and_what_files_it_answers(a_client: TestClient) -> None:
    document = a_client.get("/openapi.json").json()
    operations = {(path, way): one for path, ways in document["paths"].items() for way, one in ways.items()}
    refusals = {place: one["responses"].get("4XX", {}).get("content") for place, one in operations.items()}
    told = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorDetail"}}}
    assert [place for place, content in refusals.items() if content != told] == []
    assert "HTTPValidationError" not in document["components"]["schemas"]  # what no answer looks like
    for path, kind in (("/datastore/image", "*/*"), ("/logs/", "text/plain"), ("/metrics", "text/plain")):
        assert list(operations[path, "get"]["responses"]["200"]["content"]) == [kind]


def test_reloading_keeps_the_server_working(a_client: TestClient, an_image: str, tmp_path: Path) -> None:
    main = Path(settings.MONAI_LABEL_APP_DIR) / "main.py"
    main.write_text("from mammolens.labelapp.app import MammoLensApp\n")
    settings.MONAI_LABEL_APP_CONF["model_dir"] = str(tmp_path / "models")
    try:
        assert a_client.post("/reload").status_code == 200
    finally:
        del settings.MONAI_LABEL_APP_CONF["model_dir"]
    assert a_client.get("/info/").json()["datastore"]["total"] == 8
    assert a_client.post(f"/infer/mammolens?image={an_image}&output=json").status_code == 200
    assert len(monailabel.app.app.user_middleware) == 6
