"""Pages and viewer in Chromium under the server's policies: all works, nothing else is loaded or framed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import patient
from .conftest import Server, StartServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def a_server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    studies = tmp_path_factory.mktemp("studies")
    write_phantom_dataset(studies, normals=1, rows=160, columns=128, spacing=(1.6, 1.6))
    return start_server(studies)


@pytest.fixture(scope="module")
def a_viewer(a_server: Server) -> str:
    """The path of an analysed exam in OHIF."""
    (exam,) = a_server.get("/mammolens/worklist").json()["exams"]
    assert a_server.post(f"/mammolens/exams/{exam['exam']}/infer").status_code == 200
    return str(exam["viewer"])


@pytest.fixture
def a_page(a_browser: Browser) -> Iterator[Page]:
    page = patient(a_browser.new_page())
    yield page
    page.close()


class Watch:
    """What a page asked for elsewhere, and what its policy kept it from."""

    def __init__(self, page: Page, server: Server) -> None:
        self.foreign: list[str] = []
        self.violations: list[str] = []
        own = (server.url, "data:", f"blob:{server.url}")
        page.on("request", lambda request: None if request.url.startswith(own) else self.foreign.append(request.url))
        page.on("console", lambda message: self._note(message.text))

    def _note(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.violations.append(text)


@pytest.fixture(scope="module")
def an_open_exam(a_browser: Browser, a_server: Server, a_viewer: str) -> Iterator[tuple[Page, list[str]]]:
    """The viewer with the exam on the screen, and whatever was wrong with what it asked for until then."""
    page = patient(a_browser.new_page())
    watch = Watch(page, a_server)
    page.goto(a_server.url + a_viewer)
    page.locator(".mammolens[aria-busy=false]").wait_for()
    yield page, [*watch.foreign, *watch.violations]
    page.close()


def test_an_exam_opens_in_the_viewer_and_nothing_is_asked_of_another_server(
    an_open_exam: tuple[Page, list[str]],
) -> None:
    assert an_open_exam[1] == []


@pytest.mark.parametrize(("path", "ready"), [("/", "#infer"), ("/models", "#status:not(:empty)")])
def test_the_pages_work(a_page: Page, a_server: Server, path: str, ready: str) -> None:
    watch = Watch(a_page, a_server)
    a_page.goto(a_server.url + path)
    a_page.wait_for_selector(ready)
    assert (watch.foreign, watch.violations) == ([], [])


def test_a_script_that_gets_into_the_viewer_reaches_no_other_server(an_open_exam: tuple[Page, list[str]]) -> None:
    page, _ = an_open_exam
    sent = "fetch('http://127.0.0.1:9/').then(() => 'sent', error => error.message)"
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        assert "Failed to fetch" in page.evaluate(sent)


@pytest.mark.parametrize("path", ["/", "viewer"])
def test_no_page_of_another_site_frames_ours(a_page: Page, a_server: Server, a_viewer: str, path: str) -> None:
    elsewhere = a_server.url.replace("127.0.0.1", "localhost") + "/elsewhere"
    control = f"{a_server.url}/control"  # a page that allows it, so that nothing else keeps frames away
    frames = [a_server.url + (a_viewer if path == "viewer" else path), control]
    page = "".join(f"<iframe src='{address}'></iframe>" for address in frames)
    a_page.route(elsewhere, lambda route: route.fulfill(body=page, content_type="text/html"))
    a_page.route(control, lambda route: route.fulfill(body="control", content_type="text/html"))
    a_page.goto(elsewhere)
    shown = {frame.url for frame in a_page.frames[1:]}
    assert shown == {"chrome-error://chromewebdata/", control}
