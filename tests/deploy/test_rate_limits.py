"""deploy/nginx.conf in a real nginx, in front of a small server: who asks too often is refused, others are not."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from topology.ports import free_port
from topology.process import Processes
from topology.programs import missing
from topology.services import start_proxy

from ..http_server import serving
from ..patience import PATIENCE_S, until

pytestmark = pytest.mark.integration
ASKED = 40


class Echo(BaseHTTPRequestHandler):
    """Answers with the id that the proxy has given the request."""

    def do_GET(self) -> None:
        content = self.headers["X-Request-ID"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Proxied:
    """The proxy as its clients see it."""

    def __init__(self, url: str, authority: Path) -> None:
        self._url, self._authority = url, authority

    def ask(self, method: str, path: str) -> requests.Response:
        return requests.request(method, self._url + path, verify=str(self._authority), timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def a_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    if lacking := {"nginx", "openssl"} & set(missing()):
        pytest.skip(f"missing: {', '.join(sorted(lacking))}; run scripts/install-test-servers.sh")
    home = tmp_path_factory.mktemp("proxy")
    processes = Processes(home)
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Echo)) as app:
        port = free_port()
        url = f"https://localhost:{port}"
        environment = {
            "PUBLIC_URL": url,
            "APP_ADDRESS": app.removeprefix("http://"),
            "PROXY_HTTP_LISTEN": f"127.0.0.1:{free_port()}",
            "PROXY_HTTPS_LISTEN": f"127.0.0.1:{port}",
            "PROXY_CERTIFICATES": str(home / "certificates"),
        }
        try:
            start_proxy(processes, home, f"{url}/healthz", environment)
            yield Proxied(url, home / "certificates" / "fullchain.pem")
        finally:
            processes.stop_all()


@pytest.mark.parametrize("path", ["/auth/token", "/auth/session"])
def test_many_logins_from_one_address_are_refused_with_one_line(a_proxy: Proxied, path: str) -> None:
    answers: list[requests.Response] = []

    def is_refused() -> bool:
        answers.append(a_proxy.ask("POST", path))
        return answers[-1].status_code == 429

    until(is_refused, lambda: f"none of {len(answers)} logins was refused")
    assert {answer.status_code for answer in answers[:-1]} <= {200}
    refused = answers[-1]
    assert refused.headers["Retry-After"] == "2"
    assert "too many" in refused.json()["detail"]


def test_other_requests_are_not_limited_by_logins(a_proxy: Proxied) -> None:
    assert {a_proxy.ask("GET", "/mammolens/worklist").status_code for _ in range(ASKED)} == {200}


def test_each_request_gets_an_id_of_the_proxy_s(a_proxy: Proxied) -> None:
    ids = {a_proxy.ask("GET", "/info/").text for _ in range(3)}
    assert len(ids) == 3
    assert all(len(one) == 32 for one in ids)
