import re

from starlette.testclient import TestClient


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
