import re

import pytest
from monailabel.config import settings
from starlette.testclient import TestClient

from mammolens.labelapp.routes.ohif.route import MODULES, VIEWER


def test_ohif_is_configured_by_our_mode_and_over_a_folder_asks_no_pacs(a_client: TestClient) -> None:
    answer = a_client.get("/ohif/app-config.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "import('/mammolens/ohif/mode.js')" in answer.text
    assert '{"pacs": false}' in answer.text


def test_over_a_pacs_its_study_list_is_kept(a_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MONAI_LABEL_STUDIES", "http://127.0.0.1:8042/dicom-web")
    assert '{"pacs": true}' in a_client.get("/ohif/app-config.js").text
    assert a_client.get("/ohif/").text == (VIEWER / "index.html").read_text()


def test_over_a_folder_the_study_list_is_our_worklist(a_client: TestClient) -> None:
    for address in ("/ohif", "/ohif/"):
        answer = a_client.get(address)
        assert (answer.status_code, answer.headers["location"]) == (307, "/")


def test_an_address_of_the_viewer_gives_its_page_which_is_asked_for_anew_each_time(a_client: TestClient) -> None:
    answer = a_client.get("/ohif/mammolens/dicomjson?url=/mammolens/exams/e-0/ohif.json")
    assert answer.text == (VIEWER / "index.html").read_text()
    assert answer.headers["cache-control"] == "no-cache"


def test_files_of_the_viewer_are_served_from_folders_too_and_bundles_are_kept_by_browsers(a_client: TestClient) -> None:
    bundle = next(VIEWER.glob("app.bundle.*.js")).name
    assert "immutable" in a_client.get(f"/ohif/{bundle}").headers["cache-control"]
    nested = next(file for file in VIEWER.glob("assets/**/*") if file.is_file())
    answer = a_client.get(f"/ohif/{nested.relative_to(VIEWER)}")
    assert answer.content == nested.read_bytes()


@pytest.mark.parametrize("name", ["route.py", "..%2froute.py", "nothing.js", ""])
def test_nothing_but_the_modes_modules_is_served_beside_them(a_client: TestClient, name: str) -> None:
    answer = a_client.get(f"/mammolens/ohif/{name}")
    assert answer.status_code in (400, 404)


def test_every_module_that_is_imported_is_there_and_none_is_left_over(a_client: TestClient) -> None:
    wanted, reached = ["mode.js"], {"panel.css"}
    while wanted:
        name = wanted.pop()
        answer = a_client.get(f"/mammolens/ohif/{name}")
        assert answer.status_code == 200, name
        assert "javascript" in answer.headers["content-type"]
        reached.add(name)
        wanted += [found for found in re.findall(r'from "\./([\w-]+\.js)"', answer.text) if found not in reached]
    assert reached == {file.name for file in MODULES.iterdir()}


def test_nothing_is_asked_of_other_sites() -> None:
    for file in MODULES.iterdir():
        assert not re.search(r"https?://", file.read_text()), file.name
