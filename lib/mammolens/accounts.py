"""Accounts of a server without a login realm: a JSON file with names, roles, password hashes and tokens of programs.

Passwords are kept as scrypt hashes (RFC 7914), tokens as SHA-256 digests: neither can be read from the file.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mammolens.enums import Role
from mammolens.errors import ConfigError
from mammolens.files import atomic_file

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_SHORTEST_PASSWORD: Final = 12  # NIST SP 800-63B-4 3.1.1.2 asks for 15 where it is the only factor, 8 at least
_LONGEST_PASSWORD: Final = 1024
# OWASP's Password Storage Cheat Sheet: 32 MB, about 0.2 s
_COST, _BLOCK, _PARALLEL, _MOST_MEMORY = 2**15, 8, 3, 2**26
_TOKEN_PREFIX: Final = "mammolens_"  # so that scanners find one that was published by mistake
_PATIENCE_S: Final = 30.0


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProgramToken(_Stored):
    """A token of a program, which acts for an account.

    Attributes:
        label: what it is for.
        digest: SHA-256 of the token, hexadecimal.
        expires: when it ends.
    """

    label: str
    digest: str
    expires: datetime


class Account(_Stored):
    """An account.

    Attributes:
        name: with which a person logs in, and which the ledger shows.
        role: what it may do.
        password: scrypt hash, as ``scrypt$cost$block$parallel$salt$hash``; ``None``: for programs alone.
        disabled: whether neither password nor tokens are taken.
        tokens: of programs.
    """

    name: str = Field(pattern=_NAME.pattern, max_length=64)
    role: Role
    password: str | None = None
    disabled: bool = False
    tokens: tuple[ProgramToken, ...] = ()


class _Document(_Stored):
    accounts: tuple[Account, ...] = ()


class AccountsFile:
    """The accounts of a file; read again when another process has changed it. Thread-safe.

    Args:
        path: of the file; made with the first account, readable by its user alone.
        now: the time.
    """

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._accounts: Mapping[str, Account] = {}

    def accounts(self) -> list[Account]:
        """All of them, by name.

        Raises:
            ConfigError: the file is damaged or cannot be read.
        """
        return sorted(self._current().values(), key=lambda account: account.name)

    def get(self, name: str) -> Account | None:
        """The account of that name that may log in; ``None``: there is none, or it is disabled."""
        account = self._current().get(name)
        return None if account is None or account.disabled else account

    def with_password(self, name: str, password: str) -> Account | None:
        """The account that logs in; ``None`` for a wrong name or password. Takes as long for either."""
        account = self.get(name)
        known = account.password if account is not None and account.password else _NOBODY
        is_right = len(password) <= _LONGEST_PASSWORD and _matches(password, known)
        return account if is_right and known is not _NOBODY else None

    def with_token(self, token: str) -> Account | None:
        """The account that a program's token acts for; ``None`` for an unknown or expired one."""
        digest = digest_of(token)
        for account in self._current().values():
            for known in account.tokens:
                if hmac.compare_digest(known.digest, digest):
                    return None if account.disabled or known.expires <= self._now() else account
        return None

    def add(self, name: str, role: Role, password: str | None) -> Account:
        """Add an account.

        Args:
            name: letters, digits and ``._@-``.
            role: what it may do.
            password: ``None``: it can be used by programs alone.

        Raises:
            ConfigError: a name that is taken or cannot be one, or a password that is too short.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(ascii(name[:80]), "is not a valid account name", "use letters, digits and . _ @ -")
        account = Account(name=name, role=role, password=None if password is None else _hashed(password))
        with self._changing() as accounts:
            if name in accounts:
                raise ConfigError(name, "already exists", "choose another name")
            accounts[name] = account
        return account

    def set_password(self, name: str, password: str) -> None:
        """Change a password.

        Raises:
            ConfigError: no such account, or a password that is too short.
        """
        self._change(name, password=_hashed(password))

    def set_disabled(self, name: str, *, disabled: bool) -> None:
        """Disable or enable an account; its name stays taken, as the ledger has it.

        Raises:
            ConfigError: no such account.
        """
        self._change(name, disabled=disabled)

    def add_token(self, name: str, label: str, lifetime: timedelta) -> str:
        """Make a token for a program, which replaces one of the same label; it can be seen now and never again.

        Raises:
            ConfigError: no such account.
        """
        token = _TOKEN_PREFIX + secrets.token_urlsafe(32)
        made = ProgramToken(label=label, digest=digest_of(token), expires=self._now() + lifetime)
        others = tuple(known for known in self._account(name).tokens if known.label != label)
        self._change(name, tokens=(*others, made))
        return token

    def _account(self, name: str) -> Account:
        account = self._current().get(name)
        if account is None:
            raise ConfigError(name, f"is not an account of {self.path}", "see mammolens users list")
        return account

    def _change(self, name: str, **changes: object) -> None:
        self._account(name)
        with self._changing() as accounts:
            accounts[name] = accounts[name].model_copy(update=changes)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Account]]:
        """The accounts, to be changed; written whole or not at all, by one process at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_name(self.path.name + ".lock"), timeout=_PATIENCE_S):
                accounts = dict(self._current())
                yield accounts
                document = _Document(accounts=tuple(accounts.values()))
                with atomic_file(self.path) as temporary:
                    temporary.chmod(0o600)
                    temporary.write_text(document.model_dump_json(indent=2), encoding="utf-8")
        except Timeout as error:
            raise ConfigError(self.path, "is being changed by another process", "try again") from error

    def _current(self) -> Mapping[str, Account]:
        with self._lock:
            try:
                status = self.path.stat()
            except FileNotFoundError:
                return {}
            except OSError as error:
                raise ConfigError(self.path, f"cannot be read ({error.strerror})", "correct its permissions") from error
            seen = (status.st_mtime_ns, status.st_ino, status.st_size)
            if seen != self._seen:
                self._accounts = self._read()
                self._seen = seen
            return self._accounts

    def _read(self) -> Mapping[str, Account]:
        try:
            document = _Document.model_validate_json(self.path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ConfigError(self.path, "contains no accounts", "restore it from a backup") from error
        return {account.name: account for account in document.accounts}


def digest_of(token: str) -> str:
    """What is kept of a token; one that was drawn at random needs neither salt nor cost."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _hashed(password: str) -> str:
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        remedy = f"use at least {_SHORTEST_PASSWORD} characters, such as four words"
        raise ConfigError("the password", "is too short or too long", remedy)
    salt = secrets.token_bytes(16)
    derived = _derived(password, salt, _COST, _BLOCK, _PARALLEL)
    return "$".join(("scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), salt.hex(), derived.hex()))


def _matches(password: str, stored: str) -> bool:
    try:
        kind, cost, block, parallel, salt, expected = stored.split("$")
        derived = _derived(password, bytes.fromhex(salt), int(cost), int(block), int(parallel))
        return kind == "scrypt" and hmac.compare_digest(derived.hex(), expected)
    except ValueError:  # a hash that was edited by hand
        return False


def _derived(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    encoded = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(encoded, salt=salt, n=cost, r=block, p=parallel, maxmem=_MOST_MEMORY, dklen=32)


_NOBODY: Final = "$".join(("scrypt", str(_COST), str(_BLOCK), str(_PARALLEL), "00" * 16, "00" * 32))
