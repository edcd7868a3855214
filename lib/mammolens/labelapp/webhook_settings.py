"""What an admin says of the webhook: the ``--conf`` pairs that begin with ``webhook_``."""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from mammolens.errors import ConfigError
from mammolens.loopback import is_loopback

WEBHOOK_PAIRS: Final = frozenset(f"webhook_{name}" for name in ("url", "key", "ca", "identifiers"))
_URL: Final = "webhook_url"
_KEY_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = range(24, 65)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Settings for the receiver of messages about finished exams.

    Attributes:
        url: http or https, without credentials.
        key: of the signatures, 24 to 64 bytes (Standard Webhooks).
        ca_file: PEM file of trusted authorities; ``None``: those that this computer trusts.
        identifiers: whether Study Instance UIDs are sent; otherwise pseudonyms.
    """

    url: str
    key: bytes = field(repr=False)
    ca_file: Path | None = None
    identifiers: bool = False


def webhook_settings(values: Mapping[str, str]) -> WebhookSettings | None:
    """Read the pairs of the webhook; ``None``: no messages are sent.

    Raises:
        ConfigError: a value that cannot be used, or one without ``webhook_url``; names its pair.
    """
    if _URL not in values:
        if given := sorted(WEBHOOK_PAIRS & values.keys()):
            raise ConfigError(f"--conf {given[0]}", "has no effect without an address", f"give --conf {_URL}, too")
        return None
    url, identifiers = _checked_url(values[_URL]), values.get("webhook_identifiers", "false").lower()
    if identifiers not in ("true", "false"):
        raise ConfigError("--conf webhook_identifiers", f"{identifiers!r} is neither true nor false", "give one")
    if identifiers == "true" and url.startswith("http:") and not is_loopback(url):
        reason = "would send Study Instance UIDs through the network unencrypted"
        raise ConfigError("--conf webhook_identifiers", reason, "use an https address, or leave it out")
    if "webhook_key" not in values:
        raise ConfigError("--conf webhook_key", "is missing", _how_to_make("key.txt"))
    ca_file = Path(values["webhook_ca"]) if "webhook_ca" in values else None
    if ca_file is not None:
        _check_authorities(ca_file)
    return WebhookSettings(url, _key(Path(values["webhook_key"])), ca_file, identifiers == "true")


def _checked_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"--conf {_URL}", f"{text[:80]!a} is not a http or https address", "give one")
    if parts.username or parts.password:
        raise ConfigError(f"--conf {_URL}", "contains a user name or password", "leave them out: requests are signed")
    return text


def _key(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii").strip()
        key = base64.b64decode(text.removeprefix(_KEY_PREFIX), validate=True)
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror})", _how_to_make(path)) from error
    except (UnicodeDecodeError, binascii.Error):
        text, key = "", b""
    if not text.startswith(_KEY_PREFIX) or len(key) not in _KEY_BYTES:
        raise ConfigError(path, f"is not a key: '{_KEY_PREFIX}' and 24 to 64 bytes in base64", _how_to_make(path))
    return key


def _how_to_make(path: Path | str) -> str:
    return f"make one: (umask 077; echo {_KEY_PREFIX}$(openssl rand -base64 32) >{path}), and name it"


def _check_authorities(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError as error:
        raise ConfigError(path, f"contains no certificate ({error})", "give a PEM file") from error
