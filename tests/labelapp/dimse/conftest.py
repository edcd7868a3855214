"""A listener on a free port, and senders of pynetdicom."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pynetdicom import AE
from pynetdicom.association import Association

from mammolens.access_audit.event import AuditEvent
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.dimse.listener import DimseListener
from mammolens.labelapp.dimse_settings import ListenerSettings, TlsFiles
from mammolens.labelapp.exams.received_images import ReceivedImages

CALLER = "MODALITY"


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class RunningListener:
    """A listener over a datastore, with what it recorded."""

    port: int
    images: MammogramFolder
    uploads: Path
    events: list[AuditEvent] = field(default_factory=list)

    def associate(
        self,
        *contexts: str,
        caller: str = CALLER,
        called: str = "MAMMOLENS",
        tls: tuple[ssl.SSLContext, str] | None = None,
        syntax: str | None = None,
    ) -> Association:
        """Propose presentation contexts; the association may have been rejected."""
        entity = AE(caller)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
        for context in contexts:
            entity.add_requested_context(context, syntax)
        return entity.associate("127.0.0.1", self.port, ae_title=called, tls_args=tls)

    def kept(self) -> list[str]:
        """Names of the files of uploads, hidden ones included."""
        return sorted(path.name for path in self.uploads.iterdir()) if self.uploads.exists() else []


Listen = Callable[..., RunningListener]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Start a listener over an empty folder."""
    started: list[DimseListener] = []

    def start(tls: TlsFiles | None = None) -> RunningListener:
        images = MammogramFolder(tmp_path / "received", ("*",), rescan_seconds=0)
        running = RunningListener(a_free_port(), images, tmp_path / "received" / "uploads")
        settings = ListenerSettings(running.port, callers=(CALLER,), tls=tls)
        started.append(DimseListener(settings, ReceivedImages(images, running.events.append).take))
        started[-1].start()
        return running

    yield start
    for listener in started:
        listener.stop()


@pytest.fixture(scope="session")
def a_mammogram(two_phantom_exams: Path) -> pydicom.FileDataset:
    return pydicom.dcmread(sorted(two_phantom_exams.rglob("*.dcm"))[0])


@pytest.fixture(scope="session")
def tls_files(make_tls_files: Callable[[], TlsFiles]) -> TlsFiles:
    return make_tls_files()


@pytest.fixture(scope="session")
def make_tls_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], TlsFiles]:
    """Make a certificate of this computer that signs itself, so that it is its own authority."""
    return lambda: _made_tls_files(tmp_path_factory.mktemp("tls"))


def _made_tls_files(folder: Path) -> TlsFiles:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(folder / "certificate.pem", folder / "key.pem", folder / "certificate.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return files
