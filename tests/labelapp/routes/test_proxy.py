from collections.abc import Callable, Iterator

import pytest
from monailabel.config import settings
from starlette.testclient import TestClient

from ..pacs.fake_pacs import Answer, FakePacs, served


@pytest.fixture
def a_fake_pacs(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePacs]:
    """The PACS behind the server, which has a token for it."""
    monkeypatch.setenv("MAMMOLENS_DICOMWEB_TOKEN", "abc")
    with served(FakePacs()) as pacs:
        pacs.add_study("1.2")
        yield pacs


@pytest.fixture
def a_proxy(a_client: TestClient, a_fake_pacs: FakePacs, studies_at: Callable[[str], None]) -> TestClient:
    studies_at(a_fake_pacs.url)
    return a_client


def test_a_search_is_passed_on_with_the_servers_own_credentials(a_proxy: TestClient, a_fake_pacs: FakePacs) -> None:
    answer = a_proxy.get("/proxy/dicom/qido/studies?limit=1", headers={"authorization": "Bearer of-the-browser"})
    assert answer.json()[0]["0020000D"]["Value"] == ["1.2"]
    [asked] = a_fake_pacs.asked
    assert asked.query == {"limit": ["1"]}
    assert asked.headers["Authorization"] == "Bearer abc"


def test_each_service_has_its_prefix(
    a_proxy: TestClient, a_fake_pacs: FakePacs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in ("QIDO", "WADO", "STOW"):
        monkeypatch.setattr(settings, f"MONAI_LABEL_{service}_PREFIX", service.lower())
    a_fake_pacs.next_answers = [Answer(), Answer(), Answer(), Answer()]
    a_proxy.get("/proxy/dicom/qido/studies")
    a_proxy.get("/proxy/dicom/qido/studies/1.2/metadata")
    a_proxy.get("/proxy/dicom/wado/studies/1.2")
    a_proxy.post("/proxy/dicom/stow/studies", content=b"x", headers={"Content-Type": "application/dicom"})
    assert a_fake_pacs.paths() == ["/qido/studies", "/wado/studies/1.2/metadata", "/wado/studies/1.2", "/stow/studies"]


def test_an_error_of_the_pacs_is_passed_on_as_it_is(a_proxy: TestClient, a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [Answer(404, b"no such study", "text/plain")]
    answer = a_proxy.get("/proxy/dicom/studies/1.9")
    assert (answer.status_code, answer.text) == (404, "no such study")


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/related; type="application/octet-stream"; boundary=cut',
        "application/dicom",
        "application/dicom+json",
        "application/json; charset=utf-8",
        "application/octet-stream",
        "image/jpeg",
        "video/mp4",
        "text/plain",
    ],
)
def test_what_dicomweb_answers_with_passes_for_this_client_alone(
    a_proxy: TestClient, a_fake_pacs: FakePacs, kind: str
) -> None:
    a_fake_pacs.next_answers = [Answer(body=b"x", kind=kind)]
    answer = a_proxy.get("/proxy/dicom/studies/1.2")
    assert (answer.status_code, answer.content) == (200, b"x")
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["cache-control"] in ("no-store", "private, no-cache")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", "image/svg+xml", "text/javascript", "application/xhtml+xml"]
)
@pytest.mark.parametrize(("status", "told"), [(200, 503), (302, 503), (404, 404), (500, 500)])
def test_a_page_or_script_of_the_pacs_never_reaches_the_browser(
    a_proxy: TestClient, a_fake_pacs: FakePacs, kind: str, status: int, told: int
) -> None:
    a_fake_pacs.next_answers = [Answer(status, b"<script>alert(1)</script>", kind)]
    answer = a_proxy.get("/proxy/dicom/studies/1.2")
    assert answer.status_code == told
    assert answer.headers["content-type"] == "application/json"
    assert "script>" not in answer.text
    assert a_fake_pacs.url in answer.json()["detail"]


def test_a_pacs_that_breaks_off_is_named(a_proxy: TestClient, a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [Answer(body=b"[", announced=100)]
    answer = a_proxy.get("/proxy/dicom/studies")
    assert answer.status_code == 503
    assert "broke off" in answer.json()["detail"]
