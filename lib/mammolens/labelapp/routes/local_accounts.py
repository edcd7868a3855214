"""Logins to the accounts of a file, instead of a realm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import HTTPException
from monailabel.config import Settings
from monailabel.endpoints.user.auth import Token, User

from mammolens.accounts import Account, AccountsFile
from mammolens.enums import Role
from mammolens.errors import ConfigError
from mammolens.labelapp.routes.login_sessions import LoginSessions

_log = logging.getLogger(__name__)


class LocalAccounts:
    """Gives the user of a token: of a login, which this server forgets when it stops, or of a program. Thread-safe.

    Args:
        file: of the accounts.
        settings: MONAI Label's, for the names of its roles.
        clock: seconds.
    """

    def __init__(self, file: AccountsFile, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        # With the password's hash as it was then: another password ends all logins.
        self._sessions: LoginSessions[tuple[str, str | None]] = LoginSessions(clock)
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
        token = self._sessions.begin((account.name, account.password))
        return Token(access_token=token, token_type="Bearer")

    def log_out(self, token: str) -> None:
        """End a login."""
        self._sessions.end(token)

    def _of_session(self, token: str) -> Account | None:
        found = self._sessions.get(token)
        if found is None:
            return None
        name, password = found
        account = self._file.get(name)
        return account if account is not None and account.password == password else None


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        _log.error("logins are not possible: %s", error)
        raise HTTPException(503, "the accounts cannot be read; see the server's log") from error
