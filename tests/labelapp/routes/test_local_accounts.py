from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import monailabel.app
import pytest
from fastapi import HTTPException
from monailabel.config import settings
from starlette.testclient import TestClient

from mammolens.accounts import AccountsFile
from mammolens.enums import Role
from mammolens.errors import ConfigError
from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.routes.http import harden
from mammolens.labelapp.routes.local_accounts import LocalAccounts

PASSWORD, ANOTHER = "correct horse battery", "another horse battery"  # pragma: allowlist secret


@pytest.fixture
def accounts(tmp_path: Path, quick_passwords: None) -> AccountsFile:
    """A viewer, an annotator and an admin."""
    file = AccountsFile(tmp_path / "users.json")
    for role in Role:
        file.add(f"the-{role}", role, PASSWORD)
    return file


@pytest.fixture
def a_server(
    an_app: MammoLensApp, a_client: TestClient, accounts: AccountsFile, monkeypatch: pytest.MonkeyPatch
) -> TestClient:
    """A client of a server with these accounts; it sends no token by itself."""
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_ENABLE", True)
    an_app.accounts = LocalAccounts(accounts, settings)
    harden(monailabel.app.app, settings, an_app.accounts)
    return a_client


def _login(server: TestClient, name: str, password: str = PASSWORD) -> dict[str, str]:
    answer = server.post("/auth/token", data={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_each_account_may_do_what_its_role_says(a_server: TestClient) -> None:
    image = "x.dcm"
    asked = {
        "info": ("GET", "/info/"),
        "info-of-image": ("PUT", f"/datastore/image/info?image={image}"),
        "log": ("GET", "/logs/"),
    }
    answered = {
        role: [
            a_server.request(*request, headers=_login(a_server, f"the-{role}")).status_code
            for request in asked.values()
        ]
        for role in Role
    }
    assert answered == {Role.VIEWER: [200, 403, 403], Role.ANNOTATOR: [200, 404, 403], Role.ADMIN: [200, 404, 404]}


def test_a_wrong_password_is_refused_and_counted(a_server: TestClient) -> None:
    for _ in range(10):
        wrong = a_server.post("/auth/token", data={"username": "the-viewer", "password": "wrong"})
        assert wrong.status_code == 401
    right = a_server.post("/auth/token", data={"username": "the-viewer", "password": PASSWORD})
    assert right.status_code == 429


def test_a_program_uses_its_token(a_server: TestClient, accounts: AccountsFile) -> None:
    token = accounts.add_token("the-viewer", "metrics", timedelta(days=1))
    headers = {"Authorization": f"Bearer {token}"}
    assert a_server.get("/metrics", headers=headers).status_code == 200
    accounts.set_disabled("the-viewer", disabled=True)
    assert a_server.get("/metrics", headers=headers).status_code == 401


def test_a_login_ends_with_another_password_or_a_disabled_account(a_server: TestClient, accounts: AccountsFile) -> None:
    viewer, admin = _login(a_server, "the-viewer"), _login(a_server, "the-admin")
    accounts.set_password("the-viewer", ANOTHER)
    accounts.set_disabled("the-admin", disabled=True)
    assert a_server.get("/info/", headers=viewer).status_code == 401
    assert a_server.get("/info/", headers=admin).status_code == 401
    assert a_server.get("/info/", headers=_login(a_server, "the-viewer", ANOTHER)).status_code == 200


def test_a_damaged_file_lets_nobody_in_and_is_told_in_one_line(a_server: TestClient, accounts: AccountsFile) -> None:
    viewer = _login(a_server, "the-viewer")
    accounts.path.write_text("{")
    answer = a_server.get("/info/", headers=viewer)
    assert (answer.status_code, answer.json()["detail"]) == (503, "the accounts cannot be read; see the server's log")
    login = a_server.post("/auth/token", data={"username": "the-viewer", "password": PASSWORD})
    assert (login.status_code, login.json()) == (503, answer.json())


def test_clients_are_told_that_there_is_no_realm(a_server: TestClient) -> None:
    assert a_server.get("/auth/").json() == {
        "enabled": True,
        "client_id": "",
        "realm": "",
        "accounts": True,
        "browser_login": "",
    }


@pytest.mark.parametrize(("rest_s", "lasts"), [(3601, 1), (3599, 13)])
def test_a_login_lasts_twelve_hours_or_an_hour_of_rest(accounts: AccountsFile, rest_s: int, lasts: int) -> None:
    now = [0.0]
    local = LocalAccounts(accounts, settings, clock=lambda: now[0])
    token = local.log_in("the-viewer", PASSWORD)
    assert token is not None
    for _ in range(lasts):
        assert asyncio.run(local(token.access_token)).username == "the-viewer"
        now[0] += rest_s
    with pytest.raises(HTTPException) as refused:
        asyncio.run(local(token.access_token))
    assert refused.value.status_code == 401


def test_who_logs_out_is_out(accounts: AccountsFile) -> None:
    local = LocalAccounts(accounts, settings)
    token = local.log_in("the-viewer", PASSWORD)
    assert token is not None
    local.log_out(token.access_token)
    with pytest.raises(HTTPException):
        asyncio.run(local(token.access_token))


def test_accounts_without_authentication_stop_the_start(a_studies_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="MONAI_LABEL_AUTH_ENABLE=true"):
        MammoLensApp(str(tmp_path), str(a_studies_folder), {"users": str(tmp_path / "users.json")})
