"""Access to the PACS: address, credentials, certificates; from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from monailabel.config import Settings
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mammolens.errors import ConfigError

_PREFIX = "MAMMOLENS_DICOMWEB_"
_GIGABYTE = 1_000_000_000


class DicomWebSettings(BaseSettings):
    """What MONAI Label has no setting for; environment variables or lines of .env, ``MAMMOLENS_DICOMWEB_...``."""

    TOKEN: SecretStr = SecretStr("")
    CA_FILE: str = ""
    CLIENT_CERTIFICATE: str = ""
    CLIENT_KEY: str = ""
    CACHE_GB: float = Field(default=20.0, gt=0)

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_file=".env", case_sensitive=True, extra="ignore")

    @property
    def cache_bytes(self) -> int:
        """How much the cache of originals may hold."""
        return int(self.CACHE_GB * _GIGABYTE)


@dataclass(frozen=True, slots=True)
class PacsAccess:
    """Everything that a connection to one DICOMweb server needs.

    Args:
        token: sent as ``Authorization: Bearer``; instead of user and password.
        ca_file: certificates (PEM) of the trusted authorities, instead of the system's.
        client_certificate: shown to the server (PEM); with its key, or that in ``client_key``.
        seconds: how long each part of an answer may take.
        qido_prefix: path of the search service below ``url``; the others are those of retrieval and storage.

    Raises:
        ConfigError: values that contradict each other, a file that is not there, or a password in the address.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    seconds: float = 30.0
    qido_prefix: str | None = None
    wado_prefix: str | None = None
    stow_prefix: str | None = None

    def __post_init__(self) -> None:
        if "@" in self.url.partition("://")[2].partition("/")[0]:  # the address is shown in messages and to clients
            reason = "the address of the PACS contains a user name or password"
            raise ConfigError("--studies", reason, "give them as MONAI_LABEL_DICOMWEB_USERNAME and ..._PASSWORD")
        if self.token and self.user:
            raise ConfigError(_PREFIX + "TOKEN", "is set together with a user name", "give only one of them")
        if self.client_key and not self.client_certificate:
            raise ConfigError(_PREFIX + "CLIENT_KEY", "is set without its certificate", "give CLIENT_CERTIFICATE too")
        for name in ("ca_file", "client_certificate", "client_key"):
            path = getattr(self, name)
            if path and not path.is_file():
                raise ConfigError(_PREFIX + name.upper(), f"there is no file {path}", "give the path of a PEM file")

    def address(self, prefix: str | None, *parts: str) -> str:
        """URL of a resource, with one of the three prefixes."""
        return "/".join(part.strip("/") for part in (self.url, prefix or "", *parts) if part)


def own_settings() -> DicomWebSettings:
    """Our own settings, as the environment has them.

    Raises:
        ConfigError: a value that cannot be used.
    """
    try:
        return DicomWebSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = _PREFIX + ".".join(str(part) for part in first["loc"]).removeprefix(_PREFIX)
        raise ConfigError(name, f"cannot be used: {first['msg']}", "see docs/server.md") from error


def access_to(url: str, settings: Settings) -> PacsAccess:
    """How to reach the server at ``url``, by MONAI Label's settings and ours.

    Raises:
        ConfigError: a value that cannot be used.
    """
    own = own_settings()
    return PacsAccess(
        url.strip().rstrip("/"),
        user=settings.MONAI_LABEL_DICOMWEB_USERNAME,
        password=settings.MONAI_LABEL_DICOMWEB_PASSWORD,
        token=own.TOKEN.get_secret_value(),
        ca_file=_path(own.CA_FILE),
        client_certificate=_path(own.CLIENT_CERTIFICATE),
        client_key=_path(own.CLIENT_KEY),
        seconds=settings.MONAI_LABEL_DICOMWEB_PROXY_TIMEOUT,
        qido_prefix=settings.MONAI_LABEL_QIDO_PREFIX or None,
        wado_prefix=settings.MONAI_LABEL_WADO_PREFIX or None,
        stow_prefix=settings.MONAI_LABEL_STOW_PREFIX or None,
    )


def _path(value: str) -> Path | None:
    return Path(value).expanduser() if value else None
