import io
import shutil
from pathlib import Path
from typing import Any

import monailabel.app
import numpy as np
import pydicom
import pytest
from monailabel.config import settings
from PIL import Image
from starlette.testclient import TestClient

from mammolens.labelapp.routes.http import harden


@pytest.fixture
def an_exam(a_client: TestClient) -> str:
    """The id of the first exam of the worklist."""
    return str(a_client.get("/mammolens/worklist").json()["exams"][0]["exam"])


def _inferred(client: TestClient, exam: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/mammolens/exams/{exam}/infer", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _decide(client: TestClient, exam: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/mammolens/exams/{exam}/decisions", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_the_worklist_names_each_exam_with_its_views(a_client: TestClient) -> None:
    answer = a_client.get("/mammolens/worklist")
    worklist = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert len(worklist["exams"]) == 2
    assert worklist["notice"].startswith("Research use only")
    for exam in worklist["exams"]:
        assert exam["views"] == ["R CC", "L CC", "R MLO", "L MLO"]
        assert exam["state"] == "new"
        assert exam["exam_p_value"] is None
        assert exam["study_date"] == "2020-01-01"
        assert exam["viewer"] == f"/ohif/mammolens/dicomjson?url=/mammolens/exams/{exam['exam']}/ohif.json"


def test_an_exam_with_results_has_p_value_views_levels_and_breasts(a_client: TestClient, an_exam: str) -> None:
    exam = _inferred(a_client, an_exam)
    assert exam["state"] == "done"
    assert exam["progress"] is None
    assert exam["exam_percentile"] == pytest.approx(100 * (1 - exam["exam_p_value"]))
    assert "normal exams" in exam["sentence"]
    assert [breast["name"] for breast in exam["breasts"]] == ["Right breast", "Left breast"]
    assert [level["segment"] for level in exam["levels"]] == [1, 2, 3]
    assert exam["levels"][2]["meaning"] == "one in twenty normal images has such a spot"
    assert all(level["colour"].startswith("#") and len(level["colour"]) == 7 for level in exam["levels"])
    view = exam["views_in_detail"][0]
    assert (view["laterality"], view["view"]) == ("R", "CC")
    assert view["findings"][0].keys() == {
        "rank", "number", "text", "level", "percentile", "peak", "peak_location", "bounding_box", "contour", "area_mm2",
        "prior",
    }  # fmt: skip
    assert a_client.get(f"/mammolens/exams/{an_exam}").json() == exam


def test_an_exam_whose_results_were_removed_is_not_analysed(
    a_client: TestClient, an_exam: str, a_studies_folder: Path
) -> None:
    """Its scores are still known, but a missing list of findings must not read as 'No findings'."""
    before = _inferred(a_client, an_exam)
    (results,) = (folder for folder in a_studies_folder.rglob("exams") if (folder / an_exam).is_dir())
    shutil.rmtree(results.parent)
    removed = a_client.get(f"/mammolens/exams/{an_exam}").json()
    assert (removed["state"], removed["views_in_detail"][0]["findings"]) == ("new", [])
    again = _inferred(a_client, an_exam)
    assert again["state"] == "done"
    assert len(again["views_in_detail"][0]["findings"]) == len(before["views_in_detail"][0]["findings"])


def test_the_manifest_puts_images_and_segmentations_into_one_study(a_client: TestClient, an_exam: str) -> None:
    before = a_client.get(f"/mammolens/exams/{an_exam}/ohif.json").json()["studies"][0]
    assert before["NumInstances"] == 4
    detail = _inferred(a_client, an_exam)
    answer = a_client.get(f"/mammolens/exams/{an_exam}/ohif.json")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    (study,) = answer.json()["studies"]
    instances = [instance for series in study["series"] for instance in series["instances"]]
    assert study["NumInstances"] == len(instances) == 8
    assert {instance["metadata"]["StudyInstanceUID"] for instance in instances} == {study["StudyInstanceUID"]}
    segmentations = [one for one in instances if one["metadata"]["Modality"] == "SEG"]
    told = [view["segmentation"]["sop_instance_uid"] for view in detail["views_in_detail"]]
    assert sorted(one["metadata"]["SOPInstanceUID"] for one in segmentations) == sorted(told)
    assert segmentations[0]["metadata"]["SegmentSequence"][0]["SegmentNumber"] == 1
    for instance in instances:
        file = a_client.get(instance["url"].removeprefix("dicomweb:"))
        assert file.status_code == 200
        assert file.headers["cross-origin-embedder-policy"] == "require-corp"
        uid = pydicom.dcmread(io.BytesIO(file.content), specific_tags=["SOPInstanceUID"]).SOPInstanceUID
        assert uid == instance["metadata"]["SOPInstanceUID"]


def test_no_shared_cache_keeps_an_image(a_client: TestClient, an_exam: str) -> None:
    image = a_client.get(f"/mammolens/exams/{an_exam}").json()["images"][0]
    answer = a_client.get(f"/mammolens/images/{image}.dcm")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] in ("no-store", "private, no-cache")


def test_the_report_of_an_exam_can_be_fetched(a_client: TestClient, an_exam: str) -> None:
    assert a_client.get(f"/mammolens/exams/{an_exam}/derived/report.dcm").status_code == 404
    _inferred(a_client, an_exam)
    answer = a_client.get(f"/mammolens/exams/{an_exam}/derived/report.dcm")
    assert pydicom.dcmread(io.BytesIO(answer.content)).Modality == "SR"


def test_an_exam_with_results_has_a_small_picture_of_each_view(a_client: TestClient, an_exam: str) -> None:
    def thumbnails() -> list[dict[str, str]]:
        exams = {one["exam"]: one for one in a_client.get("/mammolens/worklist").json()["exams"]}
        return list(exams[an_exam]["thumbnails"])

    assert thumbnails() == []
    image = a_client.get(f"/mammolens/exams/{an_exam}").json()["images"][0]
    assert a_client.get(f"/mammolens/images/{image}/thumbnail.jpg").status_code == 404
    _inferred(a_client, an_exam)
    assert [one["name"] for one in thumbnails()] == ["R CC", "L CC", "R MLO", "L MLO"]
    for one in thumbnails():
        answer = a_client.get(one["address"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert max(Image.open(io.BytesIO(answer.content)).size) == 160


def test_the_worklist_is_also_a_table(a_client: TestClient) -> None:
    answer = a_client.get("/mammolens/worklist.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="worklist.csv"'
    assert len(answer.text.splitlines()) == 3


def test_read_next_passes_over_exams_that_others_read(a_client: TestClient) -> None:
    first, second = a_client.get("/mammolens/worklist").json()["exams"]
    a_client.get(f"/mammolens/exams/{first['exam']}")
    assert a_client.get("/mammolens/worklist").json()["read_next"] == first["viewer"]  # it is the reader's own
    service = monailabel.app.app_instance().exam_service
    service.open_exams.opened(first["exam"], "berta")
    worklist = a_client.get("/mammolens/worklist").json()
    assert [one["in_progress_by"] for one in worklist["exams"]] == [["berta"], []]
    assert worklist["read_next"] == second["viewer"]
    service.open_exams.opened(second["exam"], "clara")
    assert a_client.get("/mammolens/worklist").json()["read_next"] is None
    _decide(a_client, first["exam"], verdict="finding")
    assert a_client.get("/mammolens/worklist").json()["exams"][1]["in_progress_by"] == ["berta"]


def test_a_study_leads_to_its_exam(a_client: TestClient, an_exam: str) -> None:
    study = a_client.get(f"/mammolens/exams/{an_exam}").json()["views_in_detail"][0]["study_instance_uid"]
    answer = a_client.get(f"/mammolens/studies/{study}")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/mammolens/exams/{an_exam}"


def test_a_decision_is_taken_told_and_taken_back(a_client: TestClient, an_exam: str) -> None:
    image = _inferred(a_client, an_exam)["images"][0]
    outline = {"image": image, "points": [[1, 2], [30.5, 40], [1, 40]]}
    region = {**outline, "finding_type": "mass", "birads": "4A"}
    exam = _decide(
        a_client, an_exam, verdict="finding", comment="upper outer", viewer="OHIF", regions=[region, outline]
    )
    assert exam["verdict"] == "finding"
    assert exam["reviewer"] == "admin"
    (decision,) = exam["decisions"]
    assert decision["comment"] == "upper outer"
    assert decision["exam_p_value"] == exam["exam_p_value"]
    assert decision["model"] == exam["model"]
    assert decision["regions"] == [
        {**region, "label": "Mass, BI-RADS 4A"},
        {**outline, "finding_type": None, "birads": None, "label": ""},
    ]
    assert not decision["undone"]
    undone = a_client.post(f"/mammolens/exams/{an_exam}/decisions/undo").json()
    assert undone["verdict"] is None
    assert [one["undone"] for one in undone["decisions"]] == [True]
    assert a_client.post(f"/mammolens/exams/{an_exam}/decisions/undo").status_code == 409


def test_only_closed_outlines_are_regions(a_client: TestClient, an_exam: str) -> None:
    region = {"image": a_client.get(f"/mammolens/exams/{an_exam}").json()["images"][0], "points": [[1, 2], [3, 4]]}
    answer = a_client.post(f"/mammolens/exams/{an_exam}/decisions", json={"verdict": "finding", "regions": [region]})
    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "regions: a region has 2 different points; draw a closed outline of at least 3, or leave it out"
    )
    assert a_client.get("/mammolens/decisions").json()["decisions"] == []


def test_the_next_exam_is_an_unreviewed_one(a_client: TestClient) -> None:
    one, other = [exam["exam"] for exam in a_client.get("/mammolens/worklist").json()["exams"]]
    assert a_client.get(f"/mammolens/exams/{one}").json()["next"] == other
    _decide(a_client, other, verdict="normal")
    assert a_client.get(f"/mammolens/exams/{one}").json()["next"] is None


def test_a_client_cannot_decide_in_another_users_name(a_client: TestClient, an_exam: str) -> None:
    exam = _decide(a_client, an_exam, verdict="normal", reviewer="grace", user="grace")
    assert exam["decisions"][0]["reviewer"] == "admin"


def test_where_nobody_logs_in_decisions_have_the_name_that_the_server_was_given(
    a_client: TestClient, an_exam: str
) -> None:
    harden(monailabel.app.app, settings, reviewer="Ada")
    exam = _decide(a_client, an_exam, verdict="normal", reviewer="grace")
    assert exam["decisions"][0]["reviewer"] == "Ada"


BAD_REQUESTS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("GET", "/mammolens/exams/..%2f..%2fetc", 400, {}),
    ("GET", "/mammolens/exams/nobody", 400, {}),
    ("GET", "/mammolens/exams/e-0123456789abcdef", 404, {}),
    ("GET", "/mammolens/exams/e-0123456789abcdef/ohif.json", 404, {}),
    ("GET", "/mammolens/studies/1.2.x", 400, {}),
    ("GET", "/mammolens/studies/1.2.3", 404, {}),
    ("GET", "/mammolens/images/..%2fx.dcm", 400, {}),
    ("GET", "/mammolens/images/nobody.dcm", 404, {}),
    ("GET", "/mammolens/derived/..x/segmentation.dcm", 400, {}),
    ("GET", "/mammolens/derived/nobody/segmentation.dcm", 404, {}),
    ("GET", "/mammolens/derived/nobody/report.dcm", 400, {}),
    ("GET", "/mammolens/derived/nobody/hologram.dcm", 422, {}),
    ("GET", "/mammolens/exams/EXAM/derived/segmentation.dcm", 400, {}),
    ("GET", "/mammolens/browser/pages/..%2f..%2f__init__.py", 400, {}),
    ("GET", "/mammolens/browser/pages/worklist.html", 404, {}),
    ("POST", "/mammolens/exams/EXAM/infer", 400, {"json": {"store": True}}),
    ("POST", "/mammolens/exams/EXAM/infer", 422, {"json": {"again": "perhaps"}}),
    ("POST", "/mammolens/exams/EXAM/decisions", 422, {"json": {"verdict": "cancer"}}),
    ("POST", "/mammolens/exams/EXAM/decisions", 422, {"json": {"verdict": "normal", "comment": "x" * 2001}}),
    (
        "POST",
        "/mammolens/exams/EXAM/decisions",
        400,
        {"json": {"verdict": "finding", "regions": [{"image": "other", "points": [[1, 2]]}]}},
    ),
    (
        "POST",
        "/mammolens/exams/EXAM/decisions",
        422,
        {"json": {"verdict": "finding", "regions": [{"image": "other", "points": [], "finding_type": "lump"}]}},
    ),
    ("POST", "/mammolens/exams/EXAM/decisions/undo", 409, {}),
    ("POST", "/mammolens/exams/EXAM/decisions", 403, {"json": {}, "headers": {"origin": "http://evil.example"}}),
]


@pytest.mark.parametrize(("method", "url", "status", "body"), BAD_REQUESTS)
def test_a_bad_request_gets_one_clear_line(
    a_client: TestClient, an_exam: str, method: str, url: str, status: int, body: dict[str, Any]
) -> None:
    answer = a_client.request(method, url.replace("EXAM", an_exam), **body)
    assert answer.status_code == status, answer.text
    assert "\n" not in answer.json()["detail"]


def test_a_picture_is_served_as_dicom(a_studies_folder: Path, request: pytest.FixtureRequest) -> None:
    greys = np.tile(np.arange(160, dtype=np.uint8), (200, 1))
    Image.fromarray(greys).save(a_studies_folder / "film.png")
    a_client: TestClient = request.getfixturevalue("a_client")
    answer = a_client.get("/mammolens/images/film.png.dcm")
    assert answer.headers["content-type"] == "application/dicom"
    assert answer.headers["cache-control"] == "no-store"
    assert pydicom.dcmread(io.BytesIO(answer.content)).pixel_array.shape == greys.shape


def test_a_damaged_picture_is_named_with_the_remedy(a_studies_folder: Path, request: pytest.FixtureRequest) -> None:
    (a_studies_folder / "film.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 200)
    a_client: TestClient = request.getfixturevalue("a_client")
    answer = a_client.get("/mammolens/images/film.png.dcm")
    assert 400 <= answer.status_code < 500
    assert "film.png" in answer.json()["detail"]


def test_derived_files_are_no_images_of_the_folder(a_client: TestClient, an_exam: str) -> None:
    _inferred(a_client, an_exam)
    assert a_client.get("/datastore/?output=stats").json()["total"] == 8
    assert list(Path(settings.MONAI_LABEL_STUDIES).rglob("segmentation.*.dcm"))
