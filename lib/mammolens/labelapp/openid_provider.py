"""The OpenID Connect provider where people log in with a browser: code flow with PKCE (OpenID Connect Core 3.1)."""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import jwt
import requests
from monailabel.config import Settings

from mammolens.errors import ConfigError
from mammolens.loopback import is_loopback

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
"""Signatures with RSA keys, as providers make them by default; never HS256, never 'none'."""

SigningKeys = str | jwt.PyJWKSet
"""A public key in PEM, or the key set of a provider (RFC 7517)."""

_CLIENT: Final = "MAMMOLENS_AUTH_BROWSER_CLIENT"
_SECRET: Final = "MAMMOLENS_AUTH_BROWSER_SECRET"  # pragma: allowlist secret
_NAME: Final = "MAMMOLENS_AUTH_BROWSER_NAME"
_ISSUER: Final = "MAMMOLENS_AUTH_ISSUER"
_REALM: Final = "MONAI_LABEL_AUTH_REALM_URI"
_ENABLE: Final = "MONAI_LABEL_AUTH_ENABLE"


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """A provider, and this server's client there. All methods but :meth:`of` ask the provider and block.

    Attributes:
        address: of the provider; ``/.well-known/openid-configuration`` is below it.
        issuer: as tokens name it.
        client_id: of this server.
        name: for people, on the login page.
        secret: of the client; ``None``: a public client.
        timeout: for each answer, in seconds.
    """

    address: str
    issuer: str
    client_id: str
    name: str
    secret: str | None = field(default=None, repr=False)
    timeout: float = 5.0

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> OpenIdProvider | None:
        """As MONAI Label's settings and ``MAMMOLENS_AUTH_BROWSER_CLIENT``, ``_SECRET`` and ``_NAME`` say.

        Returns:
            ``None``: no browser logs in there.

        Raises:
            ConfigError: a value that cannot be used, or one that is missing; names the variable.
        """
        client_id, secret = environment.get(_CLIENT, "").strip(), environment.get(_SECRET) or None
        if not client_id:
            if secret:
                raise ConfigError(_SECRET, f"is given without {_CLIENT}", f"set {_CLIENT} to the client's id")
            return None
        if not settings.MONAI_LABEL_AUTH_ENABLE:
            raise ConfigError(_ENABLE, f"is false, but {_CLIENT} is {client_id!a}", f"set {_ENABLE}=true")
        address = (settings.MONAI_LABEL_AUTH_REALM_URI or "").rstrip("/")
        _check_address(address)
        return cls(
            address=address,
            issuer=environment.get(_ISSUER) or address,
            client_id=client_id,
            name=environment.get(_NAME, "").strip()[:64] or urlsplit(address).hostname or address,
            secret=secret,
            timeout=settings.MONAI_LABEL_AUTH_TIMEOUT,
        )

    def check(self) -> None:
        """Ask the provider whether a login would work.

        Raises:
            ConfigError: it does not answer, names itself otherwise, or lacks something; names the variable.
        """
        try:
            document = discovered(self.address, self.timeout)
        except (requests.RequestException, ValueError) as error:
            remedy = "check the address, and whether this computer reaches it"
            raise ConfigError(_REALM, f"{self.address}: no OpenID Connect provider answers", remedy) from error
        if document.get("issuer") != self.issuer:
            reason = f"is {self.issuer!a}, but the provider names itself {str(document.get('issuer'))[:200]!a}"
            raise ConfigError(_ISSUER, reason, "set it to the provider's name, if you trust that provider")
        missing = [name for name in ("authorization_endpoint", "token_endpoint", "jwks_uri") if name not in document]
        if missing:
            raise ConfigError(_REALM, f"{self.address}: offers no {missing[0]}", "use a provider with the code flow")

    def login_address(self, redirect: str, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent to log in.

        Args:
            redirect: address of this server that the provider sends the browser back to.
            state: comes back with the browser.
            nonce: comes back in the ID token.
            verifier: of PKCE (RFC 7636), of which the provider gets the digest alone.
        """
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return _with_query(self._document()["authorization_endpoint"], query)

    def id_token_of(self, code: str, redirect: str, verifier: str) -> str | None:
        """The ID token for a code, unchecked; ``None``: the provider refuses the code.

        Raises:
            requests.RequestException, ValueError: it does not answer, or not as the standard says.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self.client_id,
            "code_verifier": verifier,
        }
        login = (quote(self.client_id, ""), quote(self.secret, "")) if self.secret else None  # RFC 6749 2.3.1
        place = self._document()["token_endpoint"]
        answer = requests.post(place, data=form, auth=login, timeout=self.timeout, allow_redirects=False)
        content = answer.json()
        if answer.status_code == 400 and isinstance(content, dict) and content.get("error") == "invalid_grant":
            return None
        answer.raise_for_status()
        if not isinstance(content, dict) or not isinstance(content.get("id_token"), str):
            raise ValueError("no ID token")
        token: str = content["id_token"]
        return token

    def claims_of(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token, checked as OpenID Connect Core 3.1.3.7 asks for.

        Raises:
            jwt.InvalidTokenError: signature, issuer, audience, expiry or nonce are wrong.
            requests.RequestException, ValueError: the provider gives no keys.
        """
        key = key_of(id_token, signing_keys(self.address, self.timeout))
        claims = jwt.decode(
            id_token,
            key,
            algorithms=list(ALGORITHMS),
            audience=self.client_id,
            issuer=self.issuer,
            leeway=30,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
        )
        if claims["nonce"] != nonce:
            raise jwt.InvalidTokenError("of another login")
        if claims.get("azp", self.client_id) != self.client_id:
            raise jwt.InvalidTokenError("of another client")
        return claims

    def logout_address(self, id_token: str, back: str) -> str | None:
        """Where a browser ends its session at the provider (OpenID Connect RP-Initiated Logout); ``None``: nowhere.

        Args:
            id_token: of the login.
            back: page of this server to return to.
        """
        place = self._document().get("end_session_endpoint")
        query = {"id_token_hint": id_token, "client_id": self.client_id, "post_logout_redirect_uri": back}
        return _with_query(place, query) if isinstance(place, str) else None

    def _document(self) -> dict[str, Any]:
        document = discovered(self.address, self.timeout)
        if document.get("issuer") != self.issuer:  # OpenID Connect Discovery 4.3
            raise ValueError(f"the provider names itself {str(document.get('issuer'))[:200]!a}")
        if not isinstance(document.get("authorization_endpoint"), str):
            raise ValueError("no authorization endpoint")
        if not isinstance(document.get("token_endpoint"), str):
            raise ValueError("no token endpoint")
        return document


def discovered(address: str, timeout: float) -> dict[str, Any]:
    """What a provider says of itself (OpenID Connect Discovery 4).

    Raises:
        requests.RequestException: it does not answer.
        ValueError: it answers something else.
    """
    answer = requests.get(f"{address}/.well-known/openid-configuration", timeout=timeout)
    answer.raise_for_status()
    document = answer.json()
    if not isinstance(document, dict):
        raise ValueError("no description of a provider")
    return document


def signing_keys(address: str, timeout: float) -> SigningKeys:
    """The public keys of a provider: its key set, or for one that lists none the ``public_key`` of Keycloak.

    Raises:
        requests.RequestException: it does not answer.
        KeyError, TypeError, ValueError: it answers something else.
    """
    document = discovered(address, timeout)
    place = document.get("jwks_uri", address)
    answer = requests.get(place, timeout=timeout)
    answer.raise_for_status()
    if place == address:
        return f"-----BEGIN PUBLIC KEY-----\n{answer.json()['public_key']}\n-----END PUBLIC KEY-----"
    try:
        return jwt.PyJWKSet.from_dict(answer.json())
    except (jwt.PyJWTError, AttributeError) as error:
        raise ValueError("no key set") from error


def key_of(token: str, keys: SigningKeys) -> str | jwt.PyJWK:
    """The key that a token names.

    Raises:
        jwt.InvalidTokenError: no token, or one of a key that is not among them.
    """
    if isinstance(keys, str):
        return keys
    named = jwt.get_unverified_header(token).get("kid")
    for key in keys.keys:
        if key.key_id == named or (named is None and len(keys.keys) == 1):
            return key
    raise jwt.InvalidSignatureError("of an unknown key")


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ConfigError(
            _REALM, f"{address!a} is not an address of a provider", "give one such as https://login.example"
        )
    if parts.scheme == "http" and not is_loopback(address):
        raise ConfigError(_REALM, f"{address!a} is not encrypted", "use its https address")


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
