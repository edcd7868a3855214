"""Login with a browser: cookies, the proof that a page of ours asks for a change, the way to the login page."""

from __future__ import annotations

from pathlib import Path

import monailabel.app
import pytest
from monailabel.config import settings
from starlette.testclient import TestClient

from mammolens.accounts import AccountsFile
from mammolens.enums import Role
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.routes.browser_session import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE
from mammolens.labelapp.routes.http import harden
from mammolens.labelapp.routes.local_accounts import LocalAccounts

PASSWORD = "correct horse battery"  # pragma: allowlist secret


@pytest.fixture
def a_browser_of_anna(
    an_app: MammoLensApp, a_client: TestClient, tmp_path: Path, quick_passwords: None, monkeypatch: pytest.MonkeyPatch
) -> TestClient:
    """A client that keeps cookies; the server has the annotator anna."""
    file = AccountsFile(tmp_path / "users.json")
    file.add("anna", Role.ANNOTATOR, PASSWORD)
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_ENABLE", True)
    an_app.accounts = LocalAccounts(file, settings)
    harden(monailabel.app.app, settings, an_app.accounts)
    return a_client


@pytest.fixture
def logged_in(a_browser_of_anna: TestClient) -> TestClient:
    answer = a_browser_of_anna.post("/auth/session", json={"username": "anna", "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    assert answer.json()["username"] == "anna"
    return a_browser_of_anna


def _decide(browser: TestClient, **headers: str) -> int:
    exam = browser.get("/mammolens/worklist").json()["exams"][0]["exam"]
    url = f"/mammolens/exams/{exam}/decisions"
    return browser.post(url, json={"verdict": "normal"}, headers=headers).status_code


def test_a_login_sets_a_cookie_that_no_script_reads_and_opens_the_worklist(a_browser_of_anna: TestClient) -> None:
    assert a_browser_of_anna.get("/mammolens/worklist").status_code == 401
    answer = a_browser_of_anna.post("/auth/session", json={"username": "anna", "password": PASSWORD})
    session, csrf = answer.headers.get_list("set-cookie")
    assert session.startswith(f"{SESSION_COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(session.split("; "))
    assert "HttpOnly" not in csrf
    assert a_browser_of_anna.get("/mammolens/worklist").status_code == 200
    assert PASSWORD not in answer.text


def test_over_tls_the_cookies_are_for_tls_alone(a_browser_of_anna: TestClient) -> None:
    answer = a_browser_of_anna.post("https://127.0.0.1/auth/session", json={"username": "anna", "password": PASSWORD})
    assert all("Secure" in cookie.split("; ") for cookie in answer.headers.get_list("set-cookie"))


def test_a_change_needs_the_proof_that_a_page_of_ours_asks_for_it(logged_in: TestClient) -> None:
    proof = logged_in.cookies[CSRF_COOKIE]
    assert _decide(logged_in) == 403
    assert _decide(logged_in, **{CSRF_HEADER: "0" * len(proof)}) == 403
    assert _decide(logged_in, **{CSRF_HEADER: logged_in.cookies[SESSION_COOKIE]}) == 403
    assert _decide(logged_in, **{CSRF_HEADER: proof, "Origin": "http://evil.example"}) == 403
    assert _decide(logged_in, **{CSRF_HEADER: proof}) == 200


def test_who_logs_out_is_out_whatever_cookie_is_kept(logged_in: TestClient) -> None:
    kept = {name: logged_in.cookies[name] for name in (SESSION_COOKIE, CSRF_COOKIE)}
    assert logged_in.delete("/auth/session").status_code == 403
    assert logged_in.delete("/auth/session", headers={CSRF_HEADER: kept[CSRF_COOKIE]}).status_code == 200
    assert SESSION_COOKIE not in logged_in.cookies
    logged_in.cookies.update(kept)
    assert logged_in.get("/info/").status_code == 401


def test_a_wrong_password_sets_no_cookie(a_browser_of_anna: TestClient) -> None:
    answer = a_browser_of_anna.post("/auth/session", json={"username": "anna", "password": "wrong"})
    assert answer.status_code == 401
    assert not answer.headers.get_list("set-cookie")


def test_a_person_is_led_to_the_login_page_and_a_program_is_not(a_browser_of_anna: TestClient) -> None:
    viewer = "/ohif/mammolens/dicomjson?url=/mammolens/exams/e-0/ohif.json"
    answer = a_browser_of_anna.get(viewer, headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 303
    wanted = "/ohif/mammolens/dicomjson%3Furl%3D/mammolens/exams/e-0/ohif.json"
    assert answer.headers["location"] == f"/login?next={wanted}"
    program = a_browser_of_anna.get("/info/", headers={"Accept": "application/json"})
    assert (program.status_code, program.headers["x-login-page"]) == (401, "/login")


def test_with_a_realm_cookies_count_for_nothing(a_guarded_client: TestClient) -> None:
    a_guarded_client.cookies.set(SESSION_COOKIE, "user")
    assert a_guarded_client.get("/info/", headers={"Accept": "text/html"}).status_code == 401
    assert a_guarded_client.post("/auth/session", json={"username": "a", "password": "b"}).status_code == 404
