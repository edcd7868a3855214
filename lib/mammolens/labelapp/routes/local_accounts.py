"""Logins to the accounts of a file, instead of a realm."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException
from monailabel.config import Settings
from monailabel.endpoints.user.auth import Token, User

from mammolens.accounts import Account, AccountsFile, digest_of
from mammolens.enums import Role
from mammolens.errors import ConfigError

_log = logging.getLogger(__name__)
_LONGEST_S: Final = 12 * 3600.0
_LONGEST_IDLE_S: Final = 3600.0
_MOST_SESSIONS: Final = 10_000


@dataclass(slots=True)
class _Session:
    name: str
    password: str | None  # its hash as it was then: another password ends all logins
    began: float
    used: float


class LocalAccounts:
    """Gives the user of a token: of a login, which this server forgets when it stops, or of a program. Thread-safe.

    Args:
        file: of the accounts.
        settings: MONAI Label's, for the names of its roles.
        clock: seconds.
    """

    def __init__(self, file: AccountsFile, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self._roles = {
            Role.VIEWER: settings.MONAI_LABEL_AUTH_ROLE_USER,
            Role.ANNOTATOR: settings.MONAI_LABEL_AUTH_ROLE_ANNOTATOR,
            Role.ADMIN: settings.MONAI_LABEL_AUTH_ROLE_ADMIN,
        }

    async def __call__(self, token: str) -> User:
        """The user whom a token names, with the roles that the account has now.

        Raises:
            HTTPException: 401 for a token that is not known, has ended, or whose account is disabled; 503 while the
                file cannot be read.
        """
        with _damage_told():
            account = self._of_session(token) or self._file.with_token(token)
        if account is None:
            headers = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(401, "the token is not valid; log in again", headers=headers)
        return User(username=account.name, roles=[self._roles[role] for role in account.role.included])

    def log_in(self, username: str, password: str) -> Token | None:
        """A token that is valid for twelve hours, or until it was not used for one; ``None`` for a wrong password.

        Blocks for about 0.2 s.

        Raises:
            HTTPException: 503 while the file cannot be read.
        """
        with _damage_told():
            account = self._file.with_password(username, password)
        if account is None:
            return None
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._forget_ended(now)
            self._sessions[digest_of(token)] = _Session(account.name, account.password, now, now)
        return Token(access_token=token, token_type="Bearer")

    def log_out(self, token: str) -> None:
        """End a login."""
        with self._lock:
            self._sessions.pop(digest_of(token), None)

    def _of_session(self, token: str) -> Account | None:
        now = self._clock()
        with self._lock:
            session = self._sessions.get(digest_of(token))
            if session is None or _has_ended(session, now):
                return None
            session.used = now
        account = self._file.get(session.name)
        return account if account is not None and account.password == session.password else None

    def _forget_ended(self, now: float) -> None:
        self._sessions = {digest: one for digest, one in self._sessions.items() if not _has_ended(one, now)}
        while len(self._sessions) >= _MOST_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        _log.error("logins are not possible: %s", error)
        raise HTTPException(503, "the accounts cannot be read; see the server's log") from error


def _has_ended(session: _Session, now: float) -> bool:
    return now - session.began > _LONGEST_S or now - session.used > _LONGEST_IDLE_S
