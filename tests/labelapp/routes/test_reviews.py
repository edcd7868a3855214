import io
import json
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from starlette.testclient import TestClient

from mammolens.labelapp.app import MammoLensApp


@pytest.fixture
def an_image(an_app: MammoLensApp) -> str:
    return str(an_app.datastore().list_images()[0])


def _entries(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get("/mammolens/decisions").json()["decisions"])


def _put(client: TestClient, image: str, **info: Any) -> Any:
    return client.put(f"/datastore/image/info?image={image}", data={"info": json.dumps(info)})


@pytest.fixture
def a_label(tmp_path: Any) -> bytes:
    drawn = np.zeros((1, 8, 6), np.uint8)
    drawn[0, 2, 3] = 1
    sitk.WriteImage(sitk.GetImageFromArray(drawn), str(tmp_path / "label.nrrd"))
    return bytes((tmp_path / "label.nrrd").read_bytes())


def test_a_review_is_a_decision_that_is_read_back(a_client: TestClient, an_image: str) -> None:
    assert _put(a_client, an_image, review={"verdict": "normal"}, device="x").status_code == 200
    (entry,) = _entries(a_client)
    assert (entry["origin"], entry["reviewer"], entry["verdict"]) == ("monailabel", "admin", "normal")
    info = a_client.get(f"/datastore/image/info?image={an_image}").json()
    assert (info["review"]["verdict"], info["review"]["user"], info["device"]) == ("normal", "admin", "x")
    assert info["review"]["decision"] == entry["decision_id"]
    everything = a_client.get("/datastore/?output=all").json()["objects"]
    assert everything[an_image]["image"]["info"]["review"] == info["review"]
    assert sum("review" in one["image"]["info"] for one in everything.values()) == 1
    for path in ("/info/", "/datastore/"):
        told = a_client.get(path).json()
        assert told.get("datastore", told)["reviewed"] == {"normal": 1}
    assert _put(a_client, an_image, review={}).status_code == 200
    assert a_client.get(f"/datastore/image/info?image={an_image}").json()["review"] == {}
    assert a_client.get("/info/").json()["datastore"]["reviewed"] == {}
    assert len(_entries(a_client)) == 2


def test_what_the_exam_routes_decide_is_read_back_too(
    a_client: TestClient, an_app: MammoLensApp, an_image: str
) -> None:
    exam = an_app.exam_service.exams.of_image(an_image).exam_id
    a_client.post(f"/mammolens/exams/{exam}/decisions", json={"verdict": "finding"})
    review = a_client.get(f"/datastore/image/info?image={an_image}").json()["review"]
    assert review["verdict"] == "finding"


@pytest.mark.parametrize(
    ("info", "status"),
    [
        ({"review": {"verdict": "maybe"}, "device": "x"}, 400),
        ({"review": {"verdict": "normal"}, "p_value": 0.5}, 400),
        ({"review": {"verdict": "normal"}, "reviews": []}, 400),
        ({"reviews": []}, 400),
    ],
)
def test_an_info_that_cannot_be_taken_changes_nothing(
    a_client: TestClient, an_image: str, info: dict[str, Any], status: int
) -> None:
    assert _put(a_client, an_image, **info).status_code == status
    assert "device" not in a_client.get(f"/datastore/image/info?image={an_image}").json()
    assert _entries(a_client) == []


def test_images_that_are_not_there_are_not_decided_on(a_client: TestClient) -> None:
    assert _put(a_client, "nobody.dcm", review={"verdict": "normal"}).status_code == 404
    assert _put(a_client, "../x", review={"verdict": "normal"}).status_code == 400


def test_a_final_label_is_kept_and_is_a_decision(a_client: TestClient, an_image: str, a_label: bytes) -> None:
    path = f"/datastore/label?image={an_image}"
    answer = a_client.put(f"{path}&tag=draft", files={"label": ("x.nrrd", a_label)})
    assert answer.json() == {"image": an_image, "label": an_image}
    assert _entries(a_client) == []
    answer = a_client.put(path, files={"label": ("x.nrrd", a_label)}, data={"params": json.dumps({"note": 1})})
    assert answer.json() == {"image": an_image, "label": an_image}
    (entry,) = _entries(a_client)
    assert (entry["verdict"], entry["origin"], entry["comment"]) == ("finding", "monailabel", "by a final label")
    assert a_client.get(f"/datastore/label?label={an_image}&tag=final").content == a_label
    assert a_client.get(f"/datastore/label/info?label={an_image}&tag=final").json()["note"] == 1
    params = json.dumps({"review": {"verdict": "normal", "comment": "a scar"}})
    a_client.put(f"{path}&tag=final", files={"label": ("x.nrrd", io.BytesIO(a_label))}, data={"params": params})
    assert [(one["verdict"], one["comment"]) for one in _entries(a_client)][1:] == [("normal", "a scar")]


@pytest.mark.parametrize(
    ("label", "status"), [(("x.nrrd", b"NRRD0004"), 400), (("x.txt", b"hello"), 400), (("x", b""), 400)]
)
def test_a_final_label_that_cannot_be_read_is_refused_whole(
    a_client: TestClient, an_image: str, label: tuple[str, bytes], status: int
) -> None:
    assert a_client.put(f"/datastore/label?image={an_image}&tag=final", files={"label": label}).status_code == status
    assert _entries(a_client) == []
    assert a_client.get(f"/datastore/label?label={an_image}&tag=final").status_code == 404


def test_a_models_own_label_is_no_decision(a_client: TestClient, an_image: str) -> None:
    params = json.dumps({"save_label": "true", "label_tag": "final"})
    a_client.post(f"/infer/mammolens?image={an_image}&output=json", data={"params": params})
    assert a_client.get(f"/datastore/label?label={an_image}&tag=final").status_code == 200
    assert _entries(a_client) == []
