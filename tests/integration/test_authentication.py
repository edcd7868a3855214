"""The server with authentication enabled, against a realm that hands out RSA-signed tokens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .conftest import TASK, Server, StartServer

pytestmark = pytest.mark.integration


class Realm(ThreadingHTTPServer):
    """What Keycloak answers at /realms/<name>: the public key."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.private = rsa.generate_private_key(65537, 2048)
        public = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.public = "".join(public.splitlines()[1:-1])
        self.url = f"http://127.0.0.1:{self.server_port}/realms/hospital"

    def login(self, *roles: str) -> dict[str, str]:
        """Headers of a user with these roles."""
        content = {"preferred_username": "ada", "exp": time.time() + 300, "realm_access": {"roles": roles}}
        return {"Authorization": f"Bearer {jwt.encode(content, self.private, 'RS256')}"}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"public_key": self.server.public}).encode())  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def a_realm() -> Iterator[Realm]:
    with Realm() as realm:
        thread = threading.Thread(target=realm.serve_forever)
        thread.start()
        yield realm
        realm.shutdown()
        thread.join()


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
