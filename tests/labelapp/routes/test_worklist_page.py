import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ORIGIN = "http://127.0.0.1:9"  # the discard port: nobody answers there, all comes from the routes below
AWAY = "http://pacs.example: the PACS does not answer; start it"


def test_the_start_page_says_what_it_is_for_and_loads_only_its_own_parts(a_client: TestClient) -> None:
    answer = a_client.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert "Research use only, not a medical device" in answer.text
    parts = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]*)"', answer.text)
    assert len(parts) == 2
    for part in parts:
        assert a_client.get(f"/{part}").status_code == 200


def test_the_page_may_run_no_script_and_ask_no_server_but_ours(a_client: TestClient) -> None:
    policy = a_client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    page = a_client.get("/").text
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", page)  # inline ones, which the policy forbids


def test_no_part_of_the_page_names_another_site(a_client: TestClient) -> None:
    for part in ("/", "/mammolens/pages/worklist.js", "/mammolens/pages/worklist.css"):
        assert not re.search(r"https?://|//[a-z]+\.", a_client.get(part).text)


def test_the_script_puts_words_of_the_server_into_the_page_as_text_only(a_client: TestClient) -> None:
    script = a_client.get("/mammolens/pages/worklist.js").text
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


@pytest.fixture
def a_page(a_browser: "Browser", a_client: TestClient) -> Iterator["Page"]:
    """An empty tab in which the page can be opened; its parts are the server's."""

    def part(route: "Route") -> None:
        answer = a_client.get(route.request.url.removeprefix(ORIGIN))
        route.fulfill(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    page = a_browser.new_page()
    page.route("**/*", part)
    yield page
    page.close()


def _judge_all(page: "Page", statuses: Mapping[str, int]) -> tuple[list[str], str]:
    """Open the page, have all exams judged, each answered with its status: the exams asked for, what is told then."""
    asked: list[str] = []

    def entry(exam: str, state: str) -> dict[str, Any]:
        return {"exam": exam, "patient": exam, "state": state, "views": [], "problems": [], "verdict": None}

    def judge(route: "Route") -> None:
        exam = route.request.url.split("/")[-2]
        asked.append(exam)
        status = statuses[exam]
        route.fulfill(status=status, json=entry(exam, "judged") if status == 200 else {"detail": AWAY})

    worklist = {
        "exams": [entry(exam, "new") for exam in statuses],
        "images_left_out": 0,
        "model": "m",
        "calibration": "c",
    }
    page.route("**/mammolens/worklist", lambda route: route.fulfill(json=worklist))
    page.route("**/judge", judge)
    page.goto(f"{ORIGIN}/")
    page.click("#judge:enabled")
    page.wait_for_selector("#error:not([hidden])")
    return asked, page.inner_text("#error")


def test_judging_all_stops_when_the_pacs_is_away_twice_in_a_row(a_page: "Page") -> None:
    asked, told = _judge_all(a_page, {"e1": 200, "e2": 503, "e3": 503, "e4": 200, "e5": 200})
    assert asked == ["e1", "e2", "e3"]
    assert told.startswith("Stopped")
    assert "2 more are left" in told
    assert AWAY in told


def test_judging_all_goes_on_after_one_exam_or_another_that_cannot_be_judged(a_page: "Page") -> None:
    asked, told = _judge_all(a_page, {"e1": 503, "e2": 200, "e3": 503, "e4": 422, "e5": 422, "e6": 503})
    assert asked == ["e1", "e2", "e3", "e4", "e5", "e6"]
    assert told.startswith("5 not judged.")
