from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from mammolens import RESEARCH_USE_ONLY
from mammolens.labelapp.routes.ohif import VIEWER


def test_ohif_is_configured_by_our_mode_and_over_a_folder_asks_no_pacs(a_client: TestClient) -> None:
    answer = a_client.get("/ohif/app-config.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "import('/mammolens/browser/ohif/mode.js')" in answer.text
    assert '"pacs": false' in answer.text
    assert f'"notice": "{RESEARCH_USE_ONLY}"' in answer.text


def test_over_a_pacs_its_study_list_is_kept(a_client: TestClient, studies_at: Callable[[str], None]) -> None:
    studies_at("http://127.0.0.1:8042/dicom-web")
    assert '"pacs": true' in a_client.get("/ohif/app-config.js").text
    assert "<title>OHIF Viewer</title>" in a_client.get("/ohif/").text


def test_over_a_folder_the_study_list_is_our_worklist(a_client: TestClient) -> None:
    for address in ("/ohif", "/ohif/"):
        answer = a_client.get(address)
        assert (answer.status_code, answer.headers["location"]) == (307, "/")


def test_an_address_of_the_viewer_gives_its_page_which_is_asked_for_anew_each_time(a_client: TestClient) -> None:
    answer = a_client.get("/ohif/mammolens/dicomjson?url=/mammolens/exams/e-0/ohif.json")
    assert "<title>OHIF Viewer</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_files_of_the_viewer_are_served_from_folders_too_and_bundles_are_kept_by_browsers(a_client: TestClient) -> None:
    bundle = next(VIEWER.glob("app.bundle.*.js")).name
    assert "immutable" in a_client.get(f"/ohif/{bundle}").headers["cache-control"]
    nested = next(file for file in VIEWER.glob("assets/**/*") if file.is_file())
    answer = a_client.get(f"/ohif/{nested.relative_to(VIEWER)}")
    assert answer.content == nested.read_bytes()


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/mammolens/exams/e-0/ohif.json",
        "//evil.example/mammolens/exams/e-0/ohif.json",
        "http:/mammolens/exams/e-0/ohif.json",
        "/datastore/image?image=/mammolens/exams/e-0/ohif.json",
        "/mammolens/exams/e-0/ohif.json?x",
        "/mammolens/exams/e-0/ohif.json%0a",
        "/mammolens/exams/../ohif.json",
        "",
    ],
)
@pytest.mark.parametrize("name", ["url", "URL"])
def test_the_viewer_opens_manifests_of_this_server_alone(a_client: TestClient, name: str, url: str) -> None:
    answer = a_client.get(f"/ohif/mammolens/dicomjson?{name}={url}")
    assert answer.status_code == 400
    assert "is not an exam manifest" in answer.json()["detail"]
    both = f"url=/mammolens/exams/e-0/ohif.json&{name}={url}"
    assert a_client.get(f"/ohif/mammolens/dicomjson?{both}").status_code == 400


@pytest.mark.parametrize("file", ["index.html", "app.bundle.css"])
def test_the_viewer_names_no_font_of_another_site(a_client: TestClient, file: str) -> None:
    assert "fonts.googleapis" in (VIEWER / file).read_text()
    assert "fonts.g" not in a_client.get(f"/ohif/{file}").text
