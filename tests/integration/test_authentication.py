"""The server with authentication enabled, against a realm that hands out RSA-signed tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import TASK, Server, StartServer
from .realm import Realm, running_realm

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def a_realm() -> Iterator[Realm]:
    with running_realm() as realm:
        yield realm


@pytest.fixture(scope="module")
def a_guarded_server(start_server: StartServer, a_realm: Realm, tmp_path_factory: pytest.TempPathFactory) -> Server:
    studies: Path = tmp_path_factory.mktemp("studies")
    return start_server(studies, MONAI_LABEL_AUTH_ENABLE="true", MONAI_LABEL_AUTH_REALM_URI=a_realm.url)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/info/"), ("POST", f"/infer/{TASK}?image=x"), ("POST", "/reload"), ("GET", "/logs/")]
)
def test_without_a_token_nobody_gets_in(a_guarded_server: Server, method: str, path: str) -> None:
    assert a_guarded_server.request(method, path).status_code == 401


def test_a_user_may_look_but_not_train(a_guarded_server: Server, a_realm: Realm) -> None:
    user = a_realm.login("monailabel-user")
    assert a_guarded_server.get("/info/", headers=user).status_code == 200
    assert a_guarded_server.post(f"/infer/{TASK}?image=nobody", headers=user).status_code == 404
    assert a_guarded_server.post(f"/train/{TASK}", headers=user).status_code == 403
    assert a_guarded_server.post("/reload", headers=user).status_code == 403
    assert a_guarded_server.get("/proxy/dicom/studies", headers=user).status_code == 404


def test_an_admin_may_reload(a_guarded_server: Server, a_realm: Realm) -> None:
    admin = a_realm.login("monailabel-admin", "monailabel-user")
    assert a_guarded_server.post("/reload", headers=admin).status_code == 200
    assert a_guarded_server.get("/info/", headers=admin).status_code == 200
    assert a_guarded_server.get("/logs/", headers=admin).status_code == 200


def test_with_authentication_other_names_of_the_server_are_fine(a_guarded_server: Server, a_realm: Realm) -> None:
    headers = {**a_realm.login("monailabel-user"), "Host": "mammolens.hospital.example"}
    assert a_guarded_server.get("/info/", headers=headers).status_code == 200
