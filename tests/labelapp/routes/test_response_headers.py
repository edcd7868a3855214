import pytest
from starlette.testclient import TestClient

from mammolens.labelapp.routes.ohif import VIEWER

WORKLIST, MISSING, CLIMBING, FOREIGN = "/mammolens/worklist", "/nowhere", "/x/%2e%2e/y", "/info/"
BUNDLE = f"/ohif/{next(VIEWER.glob('app.bundle.*.js')).name}"


@pytest.mark.parametrize("path", ["/", "/models", "/info/", BUNDLE, WORKLIST, MISSING, CLIMBING, "/favicon.ico"])
def test_every_answer_tells_the_browser_what_it_may_do(a_client: TestClient, path: str) -> None:
    headers = a_client.get(path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "DENY"


def test_nothing_that_shows_a_patient_is_kept(a_client: TestClient) -> None:
    exam = a_client.get(WORKLIST).json()["exams"][0]["exam"]
    image = next(iter(a_client.get("/datastore/?output=all").json()["objects"]))
    paths = [
        WORKLIST,
        f"/mammolens/exams/{exam}",
        f"/mammolens/exams/{exam}/ohif.json",
        f"/mammolens/images/{image}.dcm",
    ]
    paths += ["/info/", "/datastore/", f"/datastore/image?image={image}", f"/datastore/image/info?image={image}"]
    paths += ["/mammolens/decisions", "/mammolens/decisions/export", "/mammolens/suspect-normals", "/metrics"]
    for path in paths:
        answer = a_client.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), path


def test_a_refusal_has_the_headers_as_well(a_guarded_client: TestClient) -> None:
    refused = a_guarded_client.get("/info/")
    assert refused.status_code == 401
    assert refused.headers["cache-control"] == "no-store"
