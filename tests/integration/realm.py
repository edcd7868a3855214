"""An OpenID Connect realm that hands out RSA-signed tokens, as far as the server asks Keycloak."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PASSWORD = "correct horse"  # pragma: allowlist secret


class Realm(ThreadingHTTPServer):
    """What Keycloak answers at /realms/<name>: the public key; and there, tokens for name and password."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.private = rsa.generate_private_key(65537, 2048)
        public = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.public = "".join(public.splitlines()[1:-1])
        self.url = f"http://127.0.0.1:{self.server_port}/realms/hospital"

    def token(self, *roles: str, name: str = "ada", seconds: float = 3600) -> str:
        """An access token as Keycloak makes it for MONAI Label's client."""
        content = {
            "iss": self.url,
            "aud": "account",
            "azp": "monailabel-app",
            "typ": "Bearer",
            "exp": time.time() + seconds,
            "preferred_username": name,
            "realm_access": {"roles": roles},
        }
        return jwt.encode(content, self.private, "RS256")

    def login(self, *roles: str, name: str = "ada", seconds: float = 3600) -> dict[str, str]:
        """Headers of a user with these roles."""
        return {"Authorization": f"Bearer {self.token(*roles, name=name, seconds=seconds)}"}


@contextmanager
def running_realm() -> Iterator[Realm]:
    """A realm that answers until the end of the block."""
    with Realm() as realm:
        thread = threading.Thread(target=realm.serve_forever)
        thread.start()
        try:
            yield realm
        finally:
            realm.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Realm

    def do_GET(self) -> None:
        endpoint = f"{self.server.url}/token"
        self._answer(200, {"public_key": self.server.public, "token_endpoint": endpoint})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form["password"] == [PASSWORD]:
            token = self.server.token("monailabel-user", name=form["username"][0])
            self._answer(200, {"access_token": token, "token_type": "Bearer"})
        else:
            self._answer(401, {"error": "invalid_grant", "error_description": "Invalid user credentials"})

    def _answer(self, status: int, content: dict[str, str]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        pass
