"""Credentials, certificates and what is tried again, against a server that counts."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from topology.ports import free_port

from mammolens.errors import ConfigError, PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.errors import errors_of
from mammolens.labelapp.pacs.session import open_session

from ...patience import PATIENCE_S, until
from .fake_pacs import Answer, FakePacs, served


@pytest.fixture
def a_fake_pacs() -> Iterator[FakePacs]:
    with served(FakePacs()) as pacs:
        yield pacs


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds between two tries, which nobody waits for."""
    slept: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=slept.append, time=time.time))
    return slept


def get(access: PacsAccess) -> int:
    with errors_of(access.url):
        response = open_session(access).get(access.address(None, "studies"))
        response.raise_for_status()
    return int(response.status_code)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_pacs_is_asked_again(a_fake_pacs: FakePacs, status: int) -> None:
    a_fake_pacs.next_answers = [Answer(status), Answer(status)]
    assert get(PacsAccess(a_fake_pacs.url)) == 200
    assert len(a_fake_pacs.asked) == 3


def test_a_store_is_tried_again_too(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [Answer(503)]
    access = PacsAccess(a_fake_pacs.url)
    assert open_session(access).post(access.address(None, "studies"), data=b"whole").status_code == 200
    assert [asked.body for asked in a_fake_pacs.asked] == [b"whole", b"whole"]


def test_it_waits_as_long_as_the_pacs_asks_for(a_fake_pacs: FakePacs, pauses: list[float]) -> None:
    a_fake_pacs.next_answers = [Answer(503, headers={"Retry-After": "7"})]
    assert get(PacsAccess(a_fake_pacs.url)) == 200
    assert pauses == [7]


def test_it_gives_up_after_a_few_times_and_says_what_the_pacs_answered(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [Answer(503)] * 9
    with pytest.raises(PacsError, match="answers 503; it is busy"):
        get(PacsAccess(a_fake_pacs.url))
    assert len(a_fake_pacs.asked) == 4


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "log of the PACS"),
        (401, "user and password"),
        (403, "token"),
        (404, "dicom-web"),
        (500, "log of the PACS"),
    ],
)
def test_any_other_error_is_told_and_not_tried_again(a_fake_pacs: FakePacs, status: int, remedy: str) -> None:
    a_fake_pacs.next_answers = [Answer(status)] * 9
    with pytest.raises(PacsError, match=f"answers {status}; .*{remedy}"):
        get(PacsAccess(a_fake_pacs.url))
    assert len(a_fake_pacs.asked) == 1


def test_a_slow_pacs_is_asked_twice_and_then_named_slow(a_fake_pacs: FakePacs) -> None:
    sent = threading.Event()
    a_fake_pacs.next_answers = [Answer(held=sent)] * 9
    with pytest.raises(PacsError, match="does not answer in time; .*raise MONAI_LABEL_DICOMWEB_PROXY_TIMEOUT"):
        get(PacsAccess(a_fake_pacs.url, seconds=0.3))
    until(lambda: len(a_fake_pacs.asked) >= 2)  # the second may have waited in a queue until now
    sent.set()
    assert len(a_fake_pacs.asked) == 2


def test_a_pacs_that_is_down_is_called_so_after_a_few_seconds(pauses: list[float]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(PacsError, match=r"127\.0\.0\.1:\d+: the PACS does not answer \(ConnectionError\); start it"):
        get(PacsAccess(url))
    assert 1 < sum(pauses) < 10


def test_a_pacs_that_is_up_again_meanwhile_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    port, status = free_port(), []
    tried, up = threading.Event(), threading.Event()

    def pause(_: float) -> None:
        tried.set()
        assert up.wait(PATIENCE_S)

    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=pause, time=time.time))
    client = threading.Thread(target=lambda: status.append(get(PacsAccess(f"http://127.0.0.1:{port}"))))
    client.start()
    assert tried.wait(PATIENCE_S)
    with served(FakePacs(), port=port):
        up.set()
        client.join()
    assert status == [200]


def test_user_and_password_are_sent(a_fake_pacs: FakePacs) -> None:
    get(PacsAccess(a_fake_pacs.url, user="me", password="secret"))
    assert a_fake_pacs.asked[0].headers["Authorization"] == "Basic bWU6c2VjcmV0"


def test_a_token_is_sent_whatever_netrc_says(
    a_fake_pacs: FakePacs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    get(PacsAccess(a_fake_pacs.url, token="abc"))
    assert a_fake_pacs.asked[0].headers["Authorization"] == "Bearer abc"


class Authority:
    """A certificate authority of the test's own, in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        self.file = folder / "ca.pem"
        self.file.write_bytes(self._signed(self._name, self._key, is_authority=True))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of a computer at 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, key_file = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate.write_bytes(self._signed(subject, key, is_authority=False))
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key_file.write_bytes(key.private_bytes(*pem))
        return certificate, key_file

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def an_authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def a_tls_pacs(an_authority: Authority) -> Iterator[FakePacs]:
    """It asks for a client certificate, and goes on without one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*an_authority.issue("pacs"))
    with served(FakePacs(), context) as pacs:
        yield pacs


def test_a_certificate_of_an_unknown_authority_is_refused_and_the_setting_named(
    a_tls_pacs: FakePacs, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with pytest.raises(PacsError, match="TLS connection is refused .*certificate.*MAMMOLENS_DICOMWEB_CA_FILE"):
        get(PacsAccess(a_tls_pacs.url))
    assert pauses == []  # not tried again
    assert a_tls_pacs.asked == []


def test_an_authority_of_ones_own_is_trusted_whatever_the_environment_says(
    a_tls_pacs: FakePacs, an_authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(Authority(tmp_path / "other").file))
    assert get(PacsAccess(a_tls_pacs.url, ca_file=an_authority.file)) == 200


def test_a_client_certificate_is_shown(an_authority: Authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*an_authority.issue("pacs"))
    context.load_verify_locations(an_authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    certificate, key = an_authority.issue("reader")
    with served(FakePacs(), context) as pacs:
        with pytest.raises(PacsError):
            get(PacsAccess(pacs.url, ca_file=an_authority.file))
        assert pacs.asked == []
        access = PacsAccess(pacs.url, ca_file=an_authority.file, client_certificate=certificate, client_key=key)
        assert get(access) == 200


def test_files_that_hold_no_certificate_are_refused(an_authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("hello")
    with pytest.raises(ConfigError, match=r"x\.pem: contains no certificate"):
        open_session(PacsAccess("https://pacs.example", ca_file=tmp_path / "x.pem"))
    certificate, _ = an_authority.issue("reader")
    with pytest.raises(ConfigError, match="cannot be used"):
        open_session(PacsAccess("https://pacs.example", client_certificate=certificate))
