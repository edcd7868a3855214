"""Logins with a browser at an OpenID Connect provider."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

import jwt
import requests
from fastapi import HTTPException
from monailabel.endpoints.user.auth import User

from mammolens.labelapp.openid_provider import OpenIdProvider
from mammolens.labelapp.routes.authentication import TokenRules
from mammolens.labelapp.routes.login_sessions import LoginSessions

_log = logging.getLogger(__name__)
_LONGEST_LOGIN_S: Final = 600.0
_MOST_BEGUN: Final = 10_000  # then the oldest are forgotten
_LONGEST_PATH: Final = 2000


@dataclass(frozen=True, slots=True)
class _Begun:
    nonce: str
    verifier: str
    wanted: str
    redirect: str
    at: float


@dataclass(frozen=True, slots=True)
class _LoggedIn:
    user: User
    id_token: str


class LoginFailed(HTTPException):
    """Why a person is not logged in; a browser shows it as a page."""


class Arrival(NamedTuple):
    """A person who has logged in.

    Attributes:
        token: of the session.
        user: whose it is.
        wanted: path of the page that the person asked for.
    """

    token: str
    user: User
    wanted: str


class OpenIdLogins:
    """Gives the user of a browser's session, which ends when the server stops; other tokens go on. Thread-safe.

    Args:
        provider: where people log in.
        rules: which claims name user and roles.
        others: the user of a token that is not a session's.
        clock: seconds.
    """

    def __init__(
        self,
        provider: OpenIdProvider,
        rules: TokenRules,
        others: Callable[[str], Awaitable[User]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = provider.name
        self._provider = provider
        self._rules = rules
        self._others = others
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: dict[str, _Begun] = {}
        self._sessions: LoginSessions[_LoggedIn] = LoginSessions(clock)

    async def __call__(self, token: str) -> User:
        """The user whom a token names.

        Raises:
            HTTPException: 401 for a token that is not valid, 503 while the provider does not answer.
        """
        found = self._sessions.get(token)
        return found.user if found is not None else await self._others(token)

    def begin(self, redirect: str, wanted: str) -> tuple[str, str]:
        """Address of the provider's login, and the state that the browser must come back with. Blocks.

        Args:
            redirect: where the provider sends the browser back to.
            wanted: page to go to afterwards; anything but a path of this server becomes ``/``.

        Raises:
            LoginFailed: 503, the provider does not answer.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._trouble_told():
            address = self._provider.login_address(redirect, state, nonce, verifier)
        now = self._clock()
        with self._lock:
            self._begun = {key: one for key, one in self._begun.items() if now - one.at <= _LONGEST_LOGIN_S}
            while len(self._begun) >= _MOST_BEGUN:
                self._begun.pop(next(iter(self._begun)))
            self._begun[state] = _Begun(nonce, verifier, own_path(wanted), redirect, now)
        return address, state

    def finish(self, state: str, code: str) -> Arrival:
        """Redeem the code that a browser brings back; a state is good for one login within ten minutes. Blocks.

        Raises:
            LoginFailed: 401 for an unknown state, a code that the provider refuses, or an ID token that is not
                valid; 403 for a person without a role here; 503, the provider does not answer.
        """
        with self._lock:
            begun = self._begun.pop(state, None)
        if begun is None or self._clock() - begun.at > _LONGEST_LOGIN_S:
            raise refused("this login was not started here, has ended, or took too long")
        with self._trouble_told():
            id_token = self._provider.id_token_of(code, begun.redirect, begun.verifier)
            if id_token is None:
                raise refused(f"{self.name} does not accept the code")
            try:
                claims = self._provider.claims_of(id_token, begun.nonce)
            except jwt.InvalidTokenError as error:
                _log.warning("an ID token of %s is refused: %s", self.name, error)
                raise refused(f"the ID token of {self.name} is not valid") from error
        user = self._rules.user_from(claims)
        if not self._rules.known_roles.intersection(user.roles or ()):
            roles = ", ".join(sorted(self._rules.known_roles))
            reason = f"{self.name} gives {user.username!a} none of the roles {roles}; ask the administrator for one"
            raise LoginFailed(403, f"login: {reason}")
        return Arrival(self._sessions.begin(_LoggedIn(user, id_token)), user, begun.wanted)

    def log_out(self, token: str, back: str) -> str | None:
        """End a session, and tell where the browser ends that of the provider; ``None``: nowhere. Blocks."""
        ended = self._sessions.end(token)
        if ended is None:
            return None
        try:
            return self._provider.logout_address(ended.id_token, back)
        except (requests.RequestException, ValueError) as error:
            _log.warning("the session at %s goes on: %s", self.name, error)
            return None

    @contextmanager
    def _trouble_told(self) -> Iterator[None]:
        try:
            yield
        except (requests.RequestException, KeyError, TypeError, ValueError) as error:
            _log.error("no login at %s: %s", self.name, error)
            reason = f"{self.name}: the login does not answer as it should; try again, or ask the administrator"
            raise LoginFailed(503, reason) from error


def own_path(wanted: str) -> str:
    """A path of this server, to redirect to; ``/`` for anything that could lead elsewhere."""
    is_path = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and len(wanted) <= _LONGEST_PATH
    return wanted if is_path and wanted.isascii() and wanted.isprintable() and "\\" not in wanted else "/"


def refused(reason: str) -> LoginFailed:
    """Why a person is not logged in."""
    return LoginFailed(401, f"login: {reason}; open /login to try again")
