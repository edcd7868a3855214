"""Against a proxy that answers everything itself, named by the environment as people do."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests

from mammolens.loopback import is_loopback, opener_for, proxies_for

from .http_server import serving
from .patience import PATIENCE_S


def _saying(said: bytes) -> HTTPServer:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return HTTPServer(("127.0.0.1", 0), Answers)


@pytest.fixture
def a_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """On this computer, in an environment that names a proxy."""
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    with serving(_saying(b"server")) as server, serving(_saying(b"proxy")) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        yield f"{server}/"


def test_this_computer_is_asked_without_the_proxy_and_others_by_it(a_server: str) -> None:
    for url, expected in (
        (a_server, b"server"),
        (a_server.replace("127.0.0.1", "localhost"), b"server"),
        ("http://server.example/", b"proxy"),
    ):
        assert opener_for(url).open(url, timeout=PATIENCE_S).read() == expected
        assert requests.get(url, proxies=proxies_for(url), timeout=PATIENCE_S).content == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/info/", True),
        ("https://127.8.0.1", True),
        ("http://[::1]:8000", True),
        ("http://LOCALHOST:8000", True),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://192.168.0.7", False),
        ("nonsense", False),
    ],
)
def test_what_names_this_computer(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected
