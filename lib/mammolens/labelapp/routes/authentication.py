"""Who is asking: the token of an OpenID Connect realm, checked.

MONAI Label's own check names no signature algorithm, which PyJWT refuses since version 2, so that it turns
everybody away, and takes tokens of any issuer, audience and type; this one replaces it where authentication is enabled.
"""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import jwt
import requests
from fastapi import HTTPException
from jwt import InvalidSignatureError, InvalidTokenError
from monailabel.config import Settings
from monailabel.endpoints.user.auth import User

from mammolens.labelapp.openid_provider import ALGORITHMS, SigningKeys, key_of, signing_keys

_ACCESS_TOKEN_HEADERS = {None, "JWT", "at+jwt"}  # RFC 9068 2.1
_ID_TOKEN = "ID"
_ACCESS_TOKEN = "Bearer"
_SECONDS_AFTER_FAILURE: Final = 5.0
_SECONDS_BETWEEN_RENEWALS: Final = 60.0


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Which tokens of the realm are meant for this server.

    Attributes:
        issuer: ``iss`` of every token.
        audiences: one of them is in ``aud``, or is the client that asked for the token (``azp``).
        login_client: the client of a login proxy, of which ID tokens are taken, too; ``None``: there is none.
        names: keys of user name, address and name.
        roles: keys that lead to the list of roles.
        known_roles: those that permit something here.
    """

    issuer: str
    audiences: frozenset[str]
    login_client: str | None
    names: tuple[str, str, str]
    roles: tuple[str, ...]
    known_roles: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> TokenRules:
        """As MONAI Label's settings say, and ``MAMMOLENS_AUTH_ISSUER``, ``_AUDIENCE`` and ``_LOGIN_CLIENT``."""
        login_client = environment.get("MAMMOLENS_AUTH_LOGIN_CLIENT") or None
        further = environment.get("MAMMOLENS_AUTH_AUDIENCE", "").split(",")
        audiences = {settings.MONAI_LABEL_AUTH_CLIENT_ID, login_client, *(one.strip() for one in further)}
        return cls(
            issuer=environment.get("MAMMOLENS_AUTH_ISSUER") or settings.MONAI_LABEL_AUTH_REALM_URI.rstrip("/"),
            audiences=frozenset(one for one in audiences if one),
            login_client=login_client,
            names=(
                settings.MONAI_LABEL_AUTH_TOKEN_USERNAME,
                settings.MONAI_LABEL_AUTH_TOKEN_EMAIL,
                settings.MONAI_LABEL_AUTH_TOKEN_NAME,
            ),
            roles=tuple(settings.MONAI_LABEL_AUTH_TOKEN_ROLES.split("#")),
            known_roles=frozenset(
                {
                    settings.MONAI_LABEL_AUTH_ROLE_USER,
                    settings.MONAI_LABEL_AUTH_ROLE_ANNOTATOR,
                    settings.MONAI_LABEL_AUTH_ROLE_ADMIN,
                }
            ),
        )

    def user_of(self, token: str, keys: SigningKeys) -> User:
        """The user whom a token names.

        Args:
            token: a JSON Web Token (RFC 7519).
            keys: the realm's.

        Raises:
            InvalidTokenError: a token of another realm, client or type, or an expired one.
        """
        if jwt.get_unverified_header(token).get("typ") not in _ACCESS_TOKEN_HEADERS:
            raise InvalidTokenError("its header is not that of an access token")
        # The audience is checked below: PyJWT knows no `azp`, by which Keycloak names the client.
        options: Any = {"verify_aud": False, "require": ["exp", "iss"]}
        key = key_of(token, keys)
        payload = jwt.decode(token, key, algorithms=list(ALGORITHMS), issuer=self.issuer, options=options)
        self._check_purpose(payload)
        return self.user_from(payload)

    def user_from(self, payload: Mapping[str, Any]) -> User:
        """The user whom checked claims name."""
        username, email, name = (payload.get(key) for key in self.names)
        return User(username=str(username or "unknown"), email=email, name=name, roles=self._roles(payload))

    def _check_purpose(self, payload: Mapping[str, Any]) -> None:
        audience = payload.get("aud") or []
        named = {audience} if isinstance(audience, str) else set(map(str, audience))
        if payload.get("typ") == _ID_TOKEN and self.login_client in named:
            return
        if payload.get("typ", _ACCESS_TOKEN) != _ACCESS_TOKEN:
            raise InvalidTokenError("no access token")
        if self.audiences.isdisjoint(named | {str(payload.get("azp"))}):
            raise InvalidTokenError("of another client")

    def _roles(self, payload: object) -> list[str]:
        for key in self.roles:
            payload = payload.get(key) if isinstance(payload, dict) else None
        return [str(role) for role in payload] if isinstance(payload, list) else []


class RealmKey:
    """The realm's public keys, fetched by one request at a time; those that wait for it take no thread.

    Args:
        fetch: gives them; blocks.
        clock: seconds.
    """

    def __init__(self, fetch: Callable[[], SigningKeys], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="realm")
        self._known: SigningKeys | None = None
        self._asked: Future[SigningKeys] | None = None
        self._asked_at = -math.inf

    async def get(self, *, renewed: bool = False) -> SigningKeys:
        """The keys.

        Args:
            renewed: whether the realm may have changed them; it is asked again, but not more often than once a minute.

        Raises:
            requests.RequestException: the realm does not answer; asked again after five seconds.
            KeyError, ValueError: it answers something else.
        """
        with self._lock:
            if self._asked is None or (self._asked.done() and self._is_due(self._asked, renewed=renewed)):
                self._asked_at = self._clock()
                self._asked = self._executor.submit(self._fetched)
            asked = self._asked
        return await asyncio.shield(asyncio.wrap_future(asked))

    def _is_due(self, asked: Future[SigningKeys], *, renewed: bool) -> bool:
        waited = self._clock() - self._asked_at
        if asked.exception() is not None:
            return waited > _SECONDS_AFTER_FAILURE
        return renewed and waited > _SECONDS_BETWEEN_RENEWALS

    def _fetched(self) -> SigningKeys:
        try:
            self._known = self._fetch()
        except Exception:
            if self._known is None:
                raise
        return self._known


class RealmTokens:
    """Gives the user of a token of the realm.

    Args:
        realm: address, for messages.
        rules: which tokens are taken.
        key: with which they are signed.
    """

    def __init__(self, realm: str, rules: TokenRules, key: RealmKey) -> None:
        self._realm = realm
        self._rules = rules
        self._key = key

    @classmethod
    def of(cls, settings: Settings) -> RealmTokens:
        """Of the realm that MONAI Label's settings name."""
        realm, timeout = settings.MONAI_LABEL_AUTH_REALM_URI, settings.MONAI_LABEL_AUTH_TIMEOUT
        return cls(realm, TokenRules.of(settings), RealmKey(lambda: signing_keys(realm.rstrip("/"), timeout)))

    async def __call__(self, token: str) -> User:
        """The user.

        Raises:
            HTTPException: 401 for a token that is not valid here, 503 while the realm does not answer.
        """
        key = await self._get_key()
        try:
            try:
                return self._rules.user_of(token, key)
            except InvalidSignatureError:
                return self._rules.user_of(token, await self._get_key(renewed=True))
        except InvalidTokenError as error:
            headers = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(401, "the token is not valid; log in again", headers=headers) from error

    async def _get_key(self, *, renewed: bool = False) -> SigningKeys:
        try:
            return await self._key.get(renewed=renewed)
        except (requests.RequestException, KeyError, TypeError, ValueError) as error:
            raise HTTPException(503, f"{self._realm}: gives no key; check MONAI_LABEL_AUTH_REALM_URI") from error
