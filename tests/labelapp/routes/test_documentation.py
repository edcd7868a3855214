import base64
import hashlib
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from mammolens.labelapp.routes import documentation

SCRIPT = "document.body.dataset.theme = 'auto';"


@pytest.fixture
def a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A website in place of the one that `make docs` builds."""
    site = tmp_path / "site"
    (site / "_static").mkdir(parents=True)
    (site / "index.html").write_text(f"<script>{SCRIPT}</script><h1>MammoLens</h1>")
    (site / "_static" / "a.js").write_text("1")
    (tmp_path / "secret.html").write_text("secret")
    (site / "link.html").symlink_to(tmp_path / "secret.html")
    monkeypatch.setattr(documentation, "SITE", site)
    return site


@pytest.mark.usefixtures("a_site")
def test_the_website_is_served_and_runs_its_own_scripts_alone(a_client: TestClient) -> None:
    assert 'href="docs/"' in a_client.get("/").text
    assert a_client.get("/docs").headers["location"] == "/docs/"
    answer = a_client.get("/docs/")
    assert (answer.status_code, "MammoLens" in answer.text) == (200, True)
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in answer.headers["content-security-policy"]
    assert a_client.get("/docs/_static/a.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.usefixtures("a_site")
@pytest.mark.parametrize("path", ["none.html", "_static", "%2e%2e/secret.html", "link.html"])
def test_nothing_else_is_served(a_client: TestClient, path: str) -> None:
    answer = a_client.get(f"/docs/{path}")
    assert answer.status_code == (400 if "%" in path else 404)
    assert answer.json()["detail"]
    assert "<" not in answer.text


def test_a_website_that_was_not_built_is_reported(
    a_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documentation, "SITE", tmp_path / "none")
    assert "docs/" not in a_client.get("/").text
    answer = a_client.get("/docs/")
    assert (answer.status_code, "make docs" in answer.json()["detail"]) == (404, True)


def test_a_server_with_login_asks_for_it(a_guarded_app: FastAPI) -> None:
    assert TestClient(a_guarded_app, follow_redirects=False).get("/docs/").status_code in {303, 307, 401}
