from collections.abc import Iterator

import pytest
from monailabel.config import settings
from starlette.testclient import TestClient

from ...integration.realm import PASSWORD, Realm, running_realm


@pytest.fixture
def a_realm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
    with running_realm() as realm:
        monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_REALM_URI", realm.url)
        yield realm


def _login(client: TestClient, password: str, name: str = "ada") -> tuple[int, dict[str, str]]:
    answer = client.post("/auth/token", data={"username": name, "password": password})
    return answer.status_code, answer.json()


def test_name_and_password_give_a_token(a_guarded_client: TestClient, a_realm: Realm) -> None:
    status, content = _login(a_guarded_client, PASSWORD)
    assert status == 200
    assert content["token_type"] == "Bearer"
    assert content["access_token"].count(".") == 2


def test_a_wrong_password_is_the_users_error(a_guarded_client: TestClient, a_realm: Realm) -> None:
    status, content = _login(a_guarded_client, "wrong")
    assert (status, content["detail"]) == (401, "user name or password is wrong")


def test_a_realm_that_is_down_is_named(a_guarded_client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MONAI_LABEL_AUTH_REALM_URI", "http://127.0.0.1:9/realms/x")
    status, content = _login(a_guarded_client, PASSWORD)
    assert status == 503
    assert content["detail"].startswith("http://127.0.0.1:9/realms/x: gives no token")


def test_guesses_are_limited(a_guarded_client: TestClient, a_realm: Realm) -> None:
    assert [_login(a_guarded_client, "wrong")[0] for _ in range(10)] == [401] * 10
    answer = a_guarded_client.post("/auth/token", data={"username": "ada", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 800
    assert _login(a_guarded_client, PASSWORD, name="eve")[0] == 200
