"""The site of compose.yaml, started without containers from the same files: through TLS, as clients come."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.models.store import ModelStore

from ..fork_server import ForkServer, Program
from ..patience import PATIENCE_S, end, until
from .conftest import REPOSITORY, TASK
from .realm import Realm, running_realm

pytestmark = pytest.mark.integration
MULTIPART = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}


class Site:
    """A running site; ``address`` is what scripts/run_topology.py printed."""

    def __init__(self, process: Program, address: dict[str, Any]) -> None:
        self.process, self.address = process, address
        self.url, self.authority = address["url"], address["certificate_authority"]

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request through the proxy; the certificate is checked."""
        address = self.url + path
        return requests.request(
            method, address, verify=self.authority, allow_redirects=False, timeout=PATIENCE_S, **options
        )

    def ask_orthanc(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request behind the proxy."""
        account = ("mammolens", self.address["orthanc_password"])
        return requests.request(method, self.address["orthanc"] + path, auth=account, timeout=PATIENCE_S, **options)

    def ask_exactly(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """As written: no library tidies the path, and no body is sent whatever the headers promise."""
        context = ssl.create_default_context(cafile=self.authority)
        connection = http.client.HTTPSConnection(urlsplit(self.url).netloc, timeout=PATIENCE_S, context=context)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content


@pytest.fixture(scope="module")
def a_realm() -> Iterator[Realm]:
    with running_realm() as realm:
        yield realm


@pytest.fixture(scope="module")
def a_site(
    a_realm: Realm, a_small_model: Path, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The whole site with a small model; what is missing is installed where that is possible without asking."""
    subprocess.run([REPOSITORY / "scripts" / "install-test-servers.sh"], check=True, capture_output=True)
    home = tmp_path_factory.mktemp("site")
    ModelStore(home / "mammolens" / "models").publish(a_small_model)
    script = REPOSITORY / "scripts" / "run_topology.py"
    process = fork_server.start(script, "--realm", a_realm.url, "--home", home, python=fork_server.python)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        if not line:
            process.wait(PATIENCE_S)
            reason = process.stderr.read()
            if reason.startswith("missing:") and not os.environ.get("CI"):
                pytest.skip(reason)
            pytest.fail(reason)
        yield Site(process, json.loads(line))
    finally:
        end(process)


@pytest.fixture(scope="module")
def four_views(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    exam = make_phantom_exam(4, rows=256, columns=208, spacing=(1.0, 1.0))
    return write_phantom_exam(exam, tmp_path_factory.mktemp("exam"))


@pytest.fixture(scope="module")
def known_images(a_site: Site, a_realm: Realm, four_views: list[Path]) -> list[str]:
    """Ids of an exam that was sent to Orthanc, as the app tells them through the proxy."""
    for file in four_views:
        a_site.ask_orthanc("POST", "/instances", data=file.read_bytes()).raise_for_status()

    def images() -> list[str]:
        answer = a_site.ask("GET", "/datastore/?output=all", headers=a_realm.login("monailabel-user"))
        assert answer.status_code == 200, answer.text
        return list(answer.json()["objects"])

    until(lambda: len(images()) == len(four_views), lambda: f"the app sees {images()}")
    return images()


def test_plain_http_is_sent_to_tls(a_site: Site) -> None:
    answer = requests.get(f"{a_site.address['http']}/ohif/viewer?x=1", allow_redirects=False, timeout=PATIENCE_S)
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"{a_site.url}/ohif/viewer?x=1"


def test_a_client_that_does_not_know_the_authority_refuses_the_certificate(a_site: Site) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(a_site.url, timeout=PATIENCE_S)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/info/"),
        ("GET", "/datastore/?output=all"),
        ("GET", "/proxy/dicom/studies"),
        ("GET", "/ohif/"),
        ("POST", f"/infer/{TASK}?image=x"),
        ("POST", f"/train/{TASK}"),
        ("POST", "/proxy/dicom/studies"),
    ],
)
def test_without_a_token_nobody_gets_in(a_site: Site, method: str, path: str) -> None:
    assert a_site.ask(method, path).status_code == 401
    forged = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost", "Authorization": "Bearer x"}
    assert a_site.ask(method, path, headers=forged).status_code == 401


def test_no_route_of_the_app_answers_a_stranger(a_site: Site) -> None:
    """Whatever is added later, too: the routes are those that the app tells of itself."""
    routes = a_site.ask("GET", "/openapi.json").json()["paths"]
    assert len(routes) > 15
    open_doors = {
        (method, path)
        for path, methods in routes.items()
        for method in methods
        if a_site.ask(method.upper(), path.replace("{", "").replace("}", "")).status_code != 401
    }
    assert open_doors == {
        ("get", "/auth/"), ("post", "/auth/token"), ("post", "/auth/session"), ("get", "/healthz"), ("get", "/readyz"),
        ("get", "/auth/openid"), ("get", "/auth/openid/callback"),
    }  # fmt: skip


def test_an_exam_of_orthanc_is_scored(a_site: Site, a_realm: Realm, known_images: list[str]) -> None:
    user = a_realm.login("monailabel-user")
    answer = a_site.ask("POST", f"/infer/{TASK}?image={known_images[0]}&output=json", headers=user)
    assert answer.status_code == 200, answer.text
    record = answer.json()
    assert record["sop_instance_uid"] == known_images[0]
    assert 0 < record["p_value"] <= 1


def test_a_map_comes_back_whole(a_site: Site, a_realm: Realm, known_images: list[str]) -> None:
    params = {"params": json.dumps({"output_map": "float"})}
    user = a_realm.login("monailabel-user")
    path = f"/infer/{TASK}?image={known_images[0]}&output=image"
    assert a_site.ask("POST", path, headers=user, data=params).content.startswith(b"NRRD")


def test_viewers_search_and_store_through_the_app(a_site: Site, a_realm: Realm, tmp_path: Path) -> None:
    files = write_phantom_exam(make_phantom_exam(5), tmp_path)
    parts = [b"--x\r\nContent-Type: application/dicom\r\n\r\n" + file.read_bytes() + b"\r\n" for file in files]
    body = b"".join(parts) + b"--x--"
    assert len(body) > 5_000_000  # nginx takes 1 MB unless told otherwise
    annotator = a_realm.login("monailabel-user", "monailabel-annotator")
    answer = a_site.ask("POST", "/proxy/dicom/studies", data=body, headers={**annotator, **MULTIPART})
    assert answer.status_code == 200, answer.text
    studies = a_site.ask("GET", "/proxy/dicom/studies", headers=annotator)
    assert studies.status_code == 200
    assert a_site.ask_orthanc("GET", "/statistics").json()["CountInstances"] >= len(files)
    assert studies.json()


@pytest.mark.parametrize("path", ["/system", "/dicom-web/studies", "/app/explorer.html", "/instances", "/tools/reset"])
def test_nothing_else_of_orthanc_is_reached(a_site: Site, a_realm: Realm, path: str) -> None:
    assert a_site.ask_orthanc("GET", "/system").status_code == 200
    admin = a_realm.login("monailabel-admin", "monailabel-user", "monailabel-annotator")
    assert a_site.ask("GET", path, headers=admin).status_code == 404
    for climbing in (f"/proxy/dicom/..{path}", f"/proxy/dicom/wado/%2e%2e{path}", f"/proxy/dicom/%252e%252e{path}"):
        status, content = a_site.ask_exactly("GET", climbing, admin)
        assert status in (400, 404), climbing
        assert b"Orthanc" not in content


def test_orthanc_wants_its_password_and_keeps_its_index_in_postgresql(a_site: Site) -> None:
    assert requests.get(f"{a_site.address['orthanc']}/system", timeout=PATIENCE_S).status_code == 401
    system = a_site.ask_orthanc("GET", "/system").json()
    assert "PostgreSQLIndex" in system["DatabaseBackendPlugin"]
    assert not list(Path(a_site.address["home"]).rglob("index*"))  # what SQLite would leave


def test_redirects_stay_on_tls_whatever_a_client_says_of_itself(a_site: Site, a_realm: Realm) -> None:
    forged = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "Forwarded": "proto=http"}
    answer = a_site.ask("GET", "/info", headers={**a_realm.login("monailabel-user"), **forged})
    assert answer.headers["Location"] == f"{a_site.url}/info/"


def test_pages_of_this_site_may_change_something_and_others_may_not(
    a_site: Site, a_realm: Realm, known_images: list[str]
) -> None:
    annotator = a_realm.login("monailabel-user", "monailabel-annotator")
    path, mark = f"/datastore/image/info?image={known_images[0]}", {"info": '{"review": {"verdict": "normal"}}'}
    for origin, status in ((a_site.url, 200), ("https://evil.example", 403)):
        assert a_site.ask("PUT", path, headers={**annotator, "Origin": origin}, data=mark).status_code == status


def test_what_the_app_says_of_a_page_reaches_the_browser(a_site: Site, a_realm: Realm) -> None:
    plain = {**a_realm.login("monailabel-user"), "Accept-Encoding": "identity"}  # compressed, some headers change
    behind = requests.get(f"{a_site.address['app']}/ohif/", headers=plain, timeout=PATIENCE_S)
    in_front = a_site.ask("GET", "/ohif/", headers=plain)
    changing = {"server", "date", "content-length", "connection", "x-request-id"}
    assert in_front.content == behind.content
    assert {name.lower() for name in behind.headers} - changing
    for name in behind.headers:
        if name.lower() not in changing:
            assert in_front.headers[name] == behind.headers[name], name
    assert "max-age" in in_front.headers["Strict-Transport-Security"]


def test_a_request_that_is_too_large_is_told_so_in_one_line(a_site: Site, a_realm: Realm) -> None:
    headers = {**a_realm.login("monailabel-user"), "Content-Length": str(600 * 2**20)}
    status, content = a_site.ask_exactly("POST", f"/infer/{TASK}", headers)
    assert status == 413
    assert "512 MB" in json.loads(content)["detail"]


def test_the_containers_are_healthy_when_their_services_answer(a_site: Site) -> None:
    assert a_site.ask("HEAD", "/healthz").status_code == 200
    assert a_site.ask("GET", "/readyz").text == "ready"
    check = [sys.executable, str(REPOSITORY / "deploy" / "healthcheck.py")]
    assert subprocess.run([*check, f"{a_site.address['app']}/healthz"], check=False).returncode == 0
    assert subprocess.run([*check, "http://127.0.0.1:9/healthz"], check=False).returncode == 1


def test_it_stops_without_a_rest(a_site: Site) -> None:  # the last one: it ends the site
    cluster = Path(f"/proc/{a_site.address['processes']['postgres']}/cwd").resolve()
    a_site.process.terminate()
    assert a_site.process.wait(PATIENCE_S) == 0
    for name, number in a_site.address["processes"].items():
        assert not Path(f"/proc/{number}").exists(), name
    assert not cluster.exists()
