"""One HTTP session a PACS: credentials, certificates, patience and what is tried again."""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import Any, NoReturn

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.util.retry import Retry

from mammolens.errors import ConfigError
from mammolens.labelapp.pacs.access import PacsAccess

_CONNECT_S = 5.0
_CONNECTIONS = 16


@lru_cache(maxsize=8)
def open_session(access: PacsAccess) -> requests.Session:
    """The session for one server, made once; threads share it.

    Certificates of the server are always verified.

    Raises:
        ConfigError: a certificate or key that cannot be used.
    """
    _check_certificates(access)
    session = requests.Session()
    session.auth = _credentials(access)
    if access.client_certificate:
        pair = (str(access.client_certificate), str(access.client_key or access.client_certificate))
        session.cert = pair
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(access))
    return session


def _retries() -> Retry:
    """What is worth another try: about three seconds altogether, or what the server asks for up to ten each.

    A store (PS3.18 10.5) may be repeated: the same instances are the same afterwards. After a time-out only
    once, since each costs the whole time-out. Nothing else is repeated, no 4xx and no TLS failure.
    """
    return Retry(
        total=3,
        connect=3,
        read=1,
        status=3,
        other=0,
        allowed_methods={"GET", "POST"},
        status_forcelist={429, 502, 503, 504},
        backoff_factor=0.5,
        backoff_jitter=0.2,
        retry_after_max=10,
        raise_on_status=False,
    )


class _Adapter(HTTPAdapter):
    """Fills in what requests leaves open: time-outs, and a CA file that no environment variable overrides."""

    def __init__(self, access: PacsAccess) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS, max_retries=_retries())
        self._timeout = (min(_CONNECT_S, access.seconds), access.seconds)
        self._ca_file = str(access.ca_file) if access.ca_file else None

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        if self._ca_file:
            kwargs["verify"] = self._ca_file
        return super().send(*args, **kwargs)


class _Bearer(AuthBase):
    """As an authentication and not as a header, so that no .netrc replaces it (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _credentials(access: PacsAccess) -> AuthBase | None:
    if access.token:
        return _Bearer(access.token)
    return HTTPBasicAuth(access.user, access.password) if access.user and access.password else None


def _check_certificates(access: PacsAccess) -> None:
    context = ssl.create_default_context()
    try:
        if access.ca_file:
            context.load_verify_locations(access.ca_file)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(access.ca_file or "", f"contains no certificate ({error})", "give a PEM file") from error
    try:
        if access.client_certificate:
            context.load_cert_chain(access.client_certificate, access.client_key, password=_no_passphrase)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigError(
            access.client_certificate or "", f"cannot be used ({error})", "give certificate and key as PEM files"
        ) from error


def _no_passphrase() -> NoReturn:
    raise ValueError("its key is encrypted, and a server cannot ask for a passphrase")
