"""The client against a server that misbehaves on purpose; against the real one: tests/integration."""

import json
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from MammoLensLib.answers import Region
from MammoLensLib.client import Client, ServerError
from MammoLensLib.jobs import Cancelled, CancelToken
from topology.ports import free_port

import mammolens

from ..patience import PATIENCE_S
from .trouble import Behaviour, a_server, answer, cancels, drips, sends, sends_a_part, silence, tells

QUICK = 0.5  # seconds
INFO = {"name": "MammoLens", "version": mammolens.__version__, "train_stats": {"mammolens": {"model": "made-1"}}}
A_PAGE = answer(b"<!doctype html><title>Router</title>", "text/html")


def error_of(
    behaviour: Behaviour, ask: Callable[[Client], object] = Client.worklist, timeout: float = PATIENCE_S
) -> ServerError:
    """What the client says of such a server."""
    with a_server(behaviour) as server, pytest.raises(ServerError) as caught:
        ask(Client(server.url, timeout=timeout))
    assert caught.value.remedy, "an error without a remedy"
    return caught.value


def test_the_server_of_this_version_is_spoken_with() -> None:
    with a_server(tells(INFO)) as server:
        info = Client(server.url).handshake()
    assert (info.version, info.model) == (mammolens.__version__, "made-1")
    assert info.notice == mammolens.RESEARCH_USE_ONLY


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({**INFO, "version": "0.0.9"}, "too old for this module"),
        ({**INFO, "version": "1.0.0"}, "too new for this module"),
        ({**INFO, "version": None}, "too old for this module"),
        ({**INFO, "name": "Radiology"}, "is not a MammoLens server"),
        ([], "is not a MammoLens server"),
    ],
)
def test_another_server_is_refused_at_the_handshake(told: object, words: str) -> None:
    assert words in error_of(tells(told), Client.handshake).reason


def test_a_server_without_such_a_page_is_no_mammolens_server() -> None:
    assert "is not a MammoLens" in error_of(tells({"detail": "Not Found"}, "404 Not Found"), Client.handshake).reason


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (silence, "does not answer within 0.5 seconds"),
        (drips(answer(b"{}")), "does not answer within 0.5 seconds"),
        (sends_a_part(b"{", 100, silence), "does not answer within 0.5 seconds"),
        (lambda connection: None, "the connection was cut"),
        (sends(answer(b'{"exams": [', Content_Length=500)), "the connection was cut after 11 of 500 bytes"),
        (sends(answer(b'{"exams": []}', Content_Length=5)), "does not answer with JSON"),
        (sends(A_PAGE), "does not answer with JSON (text/html)"),
        (sends(b"220 mail.example ESMTP\r\n"), "does not speak HTTP"),
        (sends(answer(b"", status="302 Found", Location="https://login.example/")), "https://login.example/"),
        (sends(answer(b"oops", "text/plain", "500 Internal Server Error")), "answers with error 500"),
        (tells([1, 2]), "has no 'exams'"),
        (tells({"exams": [{"patient": "1"}]}), "has no 'exam'"),
    ],
    ids=[
        "silent",
        "dripping",
        "stuck",
        "hung up",
        "cut",
        "too short",
        "page",
        "no HTTP",
        "redirect",
        "500",
        "list",
        "no id",
    ],
)
def test_trouble_becomes_a_clear_error_in_time(behaviour: Behaviour, words: str) -> None:
    assert words in str(error_of(behaviour, timeout=_timeout(words)))


def _timeout(words: str) -> float:
    """Short only where it passes: a busy computer may be slow with its answer."""
    return QUICK if "in time" in words or "within" in words else PATIENCE_S


def test_the_servers_own_words_are_told() -> None:
    detail = "e-1: is being analysed; wait a minute"
    error = error_of(tells({"detail": detail}, "409 Conflict"), lambda client: client.undo("e-1"))
    assert (error.what, error.reason, error.remedy, error.status) == (
        "e-1",
        "is being analysed",
        "wait a minute",
        409,
    )


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_who_is_not_let_in_is_sent_to_her_token(status: str) -> None:
    error = error_of(tells({"detail": "Not authenticated"}, status))
    assert "Not authenticated" in error.reason
    assert "token" in error.remedy


def test_nobody_at_the_address_is_told_as_such() -> None:
    with pytest.raises(ServerError, match="nothing listens at this address"):
        Client(f"http://127.0.0.1:{free_port()}").worklist()


@pytest.mark.parametrize("url", ["", "mammo", "ftp://server", "http://", "http://server:99999", "http://u:p@server"])
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ServerError, match="address"):
        Client(url)


def test_the_token_goes_along_and_the_path_is_kept() -> None:
    with a_server(tells({"exams": []})) as server:
        Client(f"{server.url}/site/", token="secret").worklist()
    assert server.asked[0].startswith("GET /site/mammolens/worklist ")
    assert "Authorization: Bearer secret" in server.asked[0]


def test_ids_stay_in_their_place_of_the_address() -> None:
    with a_server(tells({"exam": "e-1"})) as server:
        Client(server.url).exam("../../info/?x=1#y")
    assert server.asked[0].split(" ")[1] == "/mammolens/exams/..%2F..%2Finfo%2F%3Fx%3D1%23y"


def test_a_decision_carries_comment_regions_and_viewer() -> None:
    with a_server(tells({"exam": "e-1"})) as server:
        Client(server.url).decide(
            "e-1", "finding", "left, 3 o'clock", [Region("a", ((1, 2), (3, 4.5), (5, 6)), "mass")], decision_id="7"
        )
    assert json.loads(server.asked[0].partition("\r\n\r\n")[2]) == {
        "id": "7",
        "verdict": "finding",
        "comment": "left, 3 o'clock",
        "viewer": "3D Slicer",
        "regions": [{"image": "a", "points": [[1, 2], [3, 4.5], [5, 6]], "finding_type": "mass", "birads": None}],
        "second_confirmation": False,
    }


def test_an_image_is_downloaded_whole_and_its_progress_told(tmp_path: Path) -> None:
    content, told = bytes(range(256)) * 4000, []
    with a_server(sends(answer(content, "application/dicom"))) as server:
        path = Client(server.url).download_image("a/b", tmp_path, lambda done, total: told.append((done, total)))
    assert path.name == "a_b.dcm"
    assert path.read_bytes() == content
    assert told[-1] == (len(content), len(content))
    assert server.asked[0].split(" ")[1] == "/mammolens/images/a%2Fb.dcm"


def test_a_map_is_asked_for_as_the_server_takes_it(tmp_path: Path) -> None:
    with a_server(sends(answer(b"NRRD0004", "application/octet-stream"))) as server:
        path = Client(server.url).download_map("a b", tmp_path, "levels")
    assert path == tmp_path / "a_b.levels.nrrd"
    assert server.asked[0].startswith("POST /infer/mammolens?image=a+b&output=image ")
    assert "levels" in server.asked[0].partition("\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (sends_a_part(b"DICM", 4000), "the connection was cut after 4 of 4000 bytes"),
        (sends_a_part(b"DICM", 4000, silence), "does not answer within 0.5 seconds"),
        (silence, "does not answer within 0.5 seconds"),
        (sends(A_PAGE), "a page instead of an image"),
        (sends(answer(b"DICM", "application/dicom", Content_Length=None)), "does not say how long"),
        (tells({"detail": "a: is unknown; reload"}, "404 Not Found"), "a: is unknown; reload"),
    ],
    ids=["cut", "stuck", "silent", "page", "no length", "404"],
)
def test_a_download_that_fails_leaves_no_file(tmp_path: Path, behaviour: Behaviour, words: str) -> None:
    error = error_of(behaviour, lambda client: client.download_image("a", tmp_path), _timeout(words))
    assert words in str(error)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_fails_leaves_the_file_of_before(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"before")
    error_of(sends_a_part(b"DICM", 4000), lambda client: client.download_image("a", tmp_path))
    assert (tmp_path / "a.dcm").read_bytes() == b"before"


def test_a_folder_that_is_gone_is_told_as_such(tmp_path: Path) -> None:
    error = error_of(
        sends(answer(b"DICM", "application/dicom")), lambda client: client.download_image("a", tmp_path / "gone")
    )
    assert "folder is gone" in str(error)


@pytest.mark.parametrize("reading", [False, True])
def test_a_cancelled_download_ends_at_once_and_leaves_no_file(tmp_path: Path, reading: bool) -> None:
    token = CancelToken()
    behaviour = sends_a_part(b"DICM", 4000, cancels(token)) if reading else cancels(token)
    with a_server(behaviour) as server, pytest.raises(Cancelled):  # not at once: the error that it takes too long
        Client(server.url, timeout=PATIENCE_S).download_image("a", tmp_path, cancelled=token)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_sent_once_it_is_cancelled() -> None:
    token = CancelToken()
    token.cancel()
    with a_server(tells({"exams": []})) as server:
        with pytest.raises(Cancelled):
            Client(server.url).worklist(token)
        assert server.asked == []


@pytest.fixture(scope="module")
def a_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, by nobody whom anybody trusts; key and certificate in one file."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout key -out cert"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"], cwd=folder, check=True, capture_output=True
    )
    (folder / "both.pem").write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return folder / "cert"


def test_a_certificate_is_trusted_only_where_it_was_chosen(a_certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(a_certificate.with_name("both.pem"))
    with a_server(tells({"exams": []}), tls) as server:
        assert Client(server.url, ca_file=str(a_certificate)).worklist().entries == ()
        with pytest.raises(ServerError, match="certificate is not trusted") as caught:
            Client(server.url).worklist()
    assert "choose the certificate file" in caught.value.remedy


def test_https_where_the_server_speaks_http_is_told(a_certificate: Path) -> None:
    with a_server(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server, pytest.raises(ServerError) as caught:
        Client(server.url.replace("http", "https"), timeout=PATIENCE_S).worklist()
    assert caught.value.remedy


def test_a_cancelled_download_ends_at_once_over_tls_too(a_certificate: Path, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(a_certificate.with_name("both.pem"))
    token = CancelToken()
    with a_server(sends_a_part(b"DICM", 4000, cancels(token)), tls) as server:
        client = Client(server.url, ca_file=str(a_certificate), timeout=PATIENCE_S)
        with pytest.raises(Cancelled):
            client.download_image("a", tmp_path, cancelled=token)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(ServerError, match="ca.pem: is not a certificate file"):
        Client("https://127.0.0.1", ca_file=str(tmp_path / "ca.pem"))
