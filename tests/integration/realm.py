"""An OpenID Connect realm that hands out RSA-signed tokens, as far as the server asks Keycloak."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Realm(ThreadingHTTPServer):
    """What Keycloak answers at /realms/<name>: the public key."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.private = rsa.generate_private_key(65537, 2048)
        public = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.public = "".join(public.splitlines()[1:-1])
        self.url = f"http://127.0.0.1:{self.server_port}/realms/hospital"

    def login(self, *roles: str, name: str = "ada", seconds: float = 3600) -> dict[str, str]:
        """Headers of a user with these roles."""
        content = {"preferred_username": name, "exp": time.time() + seconds, "realm_access": {"roles": roles}}
        return {"Authorization": f"Bearer {jwt.encode(content, self.private, 'RS256')}"}


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
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"public_key": self.server.public}).encode())  # type: ignore[attr-defined]

    def log_message(self, *_: object) -> None:
        pass
