"""What an admin says of DIMSE services (PS3.7): the ``--conf`` pairs that begin with ``dimse_``."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from mammolens.errors import ConfigError

LISTENER_PAIRS: Final = frozenset(
    f"dimse_{name}" for name in ("port", "address", "ae_title", "callers", "certificate", "key", "ca")
)
DESTINATION_PAIRS: Final = frozenset(f"dimse_destination{suffix}" for suffix in ("", "_certificate", "_key", "_ca"))
_DESTINATION: Final = "dimse_destination"
_AE_TITLE: Final = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")  # PS3.5 6.2: no backslash
_HIGHEST_PORT: Final = 65535
_DEFAULT_TITLE: Final = "MAMMOLENS"
_PLACE: Final = re.compile(r"(?P<title>.+)@(?P<host>[\w.-]+):(?P<port>\d+)", re.ASCII)
_LOOPBACK: Final = "127.0.0.1"
_ANY: Final = "0.0.0.0"  # with TLS alone, whose certificates both sides show


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of a connection on which both sides show a certificate (PS3.15 B.12).

    Attributes:
        certificate: of this server.
        key: of the certificate.
        authorities: that sign the certificates of others.
    """

    certificate: Path
    key: Path
    authorities: Path

    def context(self, purpose: ssl.Purpose) -> ssl.SSLContext:
        """TLS 1.2 or later; a peer without a certificate of these authorities is refused.

        Raises:
            ConfigError: a file that cannot be used.
        """
        try:
            context = ssl.create_default_context(purpose, cafile=str(self.authorities))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_cert_chain(self.certificate, self.key, password="")  # never asks a terminal
        except (OSError, ValueError) as error:
            files = f"{self.certificate}, {self.key}, {self.authorities}"
            reason = f"a file of TLS cannot be used ({getattr(error, 'reason', None) or error})"
            raise ConfigError(files, reason, "give PEM files: certificate, its key, authorities") from error
        return context


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Settings of the storage SCP.

    Attributes:
        port, address: that the SCP listens on.
        ae_title: of this server; associations that call another are rejected.
        callers: AE titles that may call; empty: all.
        tls: ``None``: not encrypted.
    """

    port: int
    address: str = _LOOPBACK
    ae_title: str = _DEFAULT_TITLE
    callers: tuple[str, ...] = ()
    tls: TlsFiles | None = None


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """Settings for the storage SCP that receives results.

    Attributes:
        host: name or IPv4 address; with TLS, the certificate must be issued for it.
        port: of the SCP.
        ae_title: its AE title.
        calling_ae_title: of this server.
        tls: ``None``: not encrypted.
    """

    host: str
    port: int
    ae_title: str
    calling_ae_title: str = _DEFAULT_TITLE
    tls: TlsFiles | None = None

    def __str__(self) -> str:
        return f"{self.ae_title}@{self.host}:{self.port}"


def listener_settings(values: Mapping[str, str]) -> ListenerSettings | None:
    """Read the pairs of the listener; ``None``: there is to be none.

    Raises:
        ConfigError: a value that cannot be used, or one without ``dimse_port``; names its pair.
    """
    if "dimse_port" not in values:
        of_both = {"dimse_ae_title"} if _DESTINATION in values else set()
        if given := sorted(LISTENER_PAIRS & values.keys() - of_both):
            raise ConfigError(f"--conf {given[0]}", "has no effect without a port", "give --conf dimse_port, too")
        return None
    tls = _tls(values, "dimse", ssl.Purpose.CLIENT_AUTH)
    address = values.get("dimse_address", _ANY if tls else _LOOPBACK)
    callers = tuple(
        ae_title(text.strip(), "dimse_callers") for text in values.get("dimse_callers", "").split(",") if text.strip()
    )
    if tls is None and not callers and not _is_loopback(address):
        reason = "would let everybody in the network store images"
        raise ConfigError("--conf dimse_address", reason, "give --conf dimse_callers, or better the files of TLS")
    return ListenerSettings(_port(values["dimse_port"], "dimse_port"), address, _own_title(values), callers, tls)


def destination_settings(values: Mapping[str, str]) -> DestinationSettings | None:
    """Read the pairs of the destination; ``None``: results go nowhere by C-STORE.

    Raises:
        ConfigError: a value that cannot be used, or one without ``dimse_destination``; names its pair.
    """
    if _DESTINATION not in values:
        if given := sorted(DESTINATION_PAIRS & values.keys()):
            reason, remedy = "has no effect without a destination", f"give --conf {_DESTINATION}, too"
            raise ConfigError(f"--conf {given[0]}", reason, remedy)
        return None
    text = values[_DESTINATION]
    if not (parts := _PLACE.fullmatch(text)):
        remedy = "give AE_TITLE@HOST:PORT, such as PACS@pacs.example.org:11112"
        raise ConfigError(f"--conf {_DESTINATION}", f"{text[:80]!a} is not a destination", remedy)
    return DestinationSettings(
        host=parts["host"],
        port=_port(parts["port"], _DESTINATION),
        ae_title=ae_title(parts["title"], _DESTINATION),
        calling_ae_title=_own_title(values),
        tls=_tls(values, _DESTINATION, ssl.Purpose.SERVER_AUTH),
    )


def ae_title(text: str, name: str) -> str:
    """Give back an AE title (PS3.5 6.2): 1 to 16 characters of ASCII.

    Raises:
        ConfigError: anything else.
    """
    if not _AE_TITLE.fullmatch(text):
        raise ConfigError(f"--conf {name}", f"{text[:40]!a} is not an AE title", "use 1 to 16 characters of ASCII")
    return text


def _own_title(values: Mapping[str, str]) -> str:
    return ae_title(values.get("dimse_ae_title", _DEFAULT_TITLE), "dimse_ae_title")


def _tls(values: Mapping[str, str], prefix: str, purpose: ssl.Purpose) -> TlsFiles | None:
    names = [f"{prefix}_{file}" for file in ("certificate", "key", "ca")]
    given = [Path(values[name]) for name in names if name in values]
    if not given:
        return None
    for name in names:
        if name not in values:
            raise ConfigError(f"--conf {name}", "is missing", f"TLS needs {names[0]}, {names[1]} and {names[2]}")
    files = TlsFiles(*given)
    files.context(purpose)
    return files


def _port(text: str, name: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _HIGHEST_PORT:
        raise ConfigError(f"--conf {name}", f"{text!r} is not a port", "give a number from 1 to 65535, such as 11112")
    return int(text)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
