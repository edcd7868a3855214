"""Where a ledger lies: a file of SQLite, or PostgreSQL by its URL."""

from __future__ import annotations

import errno
import importlib.util
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from mammolens.errors import ConfigError, LedgerError, MammoLensError, StorageError
from mammolens.review.kept_head import KeptHead
from mammolens.review.migration import is_current, upgrade

_BUSY_S = 60  # how long one waits for the others, be it for a connection or to write
_CONNECT_S = 10  # a host that does not answer at all must not hold up a server for the minutes that TCP takes
_UPGRADE_KEY = 0x6D616D6D6F  # of PostgreSQL's advisory lock; any number that others do not take
_WRITES = "ledger_writes"


class Database:
    """Transactions on one database; errors name it, without its password.

    Attributes:
        kept_head: of a file; ``None``: PostgreSQL has no file of which all could vanish at once.

    Args:
        where: a path, or a URL: ``sqlite:///...``, ``postgresql://user:password@host/name``.
        create: make the file if it is missing.

    Raises:
        ConfigError: of a kind that is not supported, or whose driver is missing.
        LedgerError: it cannot be opened, or a newer MammoLens has written it.
        StorageError: the disk is full.
    """

    def __init__(self, where: str | Path, *, create: bool = True) -> None:
        url = _url_of(where)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.name = (url.database or "") if self.is_sqlite else url.render_as_string(hide_password=True)
        self.kept_head = KeptHead(Path(self.name)) if self.is_sqlite else None
        if self.kept_head is not None:
            self.kept_head.refuse_emptied()
            _check_file(Path(self.name), create=create)
        self._engine = _engine(url)
        with self._told():
            if not self._is_set_up():  # who may only read can, too
                self._set_up()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state; writers go on."""
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of the only writer; all of it is kept, safely on the disk, or nothing."""
        with self._told(), self._only_writer() as connection:
            if not self.is_sqlite:
                connection.execute(text("LOCK TABLE decisions IN EXCLUSIVE MODE"))  # readers go on
            yield connection
        if self.is_sqlite:
            self._checkpoint()

    def _checkpoint(self, how: str = "PASSIVE") -> None:
        """Bring the write-ahead log into the file, so that a copy of the file alone has every entry."""
        with suppress(DBAPIError, PoolTimeoutError, sqlite3.Error), self._engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            driver.execute(f"PRAGMA wal_checkpoint({how})").fetchall()  # as far as readers let it

    def discard_erased(self) -> None:
        """Remove what was erased from the write-ahead log, too; PostgreSQL's own VACUUM does that in its time."""
        if self.is_sqlite:
            self._checkpoint("TRUNCATE")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _is_set_up(self) -> bool:
        if self.is_sqlite and not (Path(self.name).exists() and Path(self.name).stat().st_size):
            return False
        with self._engine.begin() as connection:
            return is_current(connection)

    def _set_up(self) -> None:
        if not self.is_sqlite:
            with self._only_writer() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_KEY})
                upgrade(connection, self.name)
            return
        with FileLock(f"{self.name}.lock"):  # a change to WAL waits for nobody by itself
            with self._engine.connect() as connection:
                driver: Any = connection.connection.dbapi_connection
                driver.execute("PRAGMA journal_mode = WAL")
            with self._only_writer() as connection:
                upgrade(connection, self.name)

    @contextmanager
    def _only_writer(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeoutError, sqlite3.Error) as error:  # the last, where SQLAlchemy did not ask
            raise _in_words(self.name, error) from error


def _url_of(where: str | Path) -> URL:
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("ledger", "its URL cannot be read", "write postgresql://USER:PASSWORD@HOST/NAME") from error
    backend = url.get_backend_name()
    if backend == "postgresql":
        if importlib.util.find_spec("psycopg") is None:
            raise ConfigError("psycopg", "is not installed", "run pip install 'mammolens[postgresql]'")
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or url.database in (None, "", ":memory:"):
        raise ConfigError("ledger", f"{backend} cannot keep it", "give a path, sqlite:///PATH or postgresql://...")
    return url.set(drivername="sqlite")


def _check_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise LedgerError(path, "is a folder", "give the path of a file")
    if not create and not path.exists():
        raise LedgerError(path, "there is no decision ledger", "give the path of one, or the URL of its database")
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError, PermissionError):  # the latter is named once the database is opened
        path.touch(mode=0o600, exist_ok=False)  # the log beside it gets the same mode from SQLite


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        patience = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_S}
        # Checked before use: a restarted database is reconnected.
        return create_engine(url, pool_pre_ping=True, pool_timeout=_BUSY_S, connect_args=patience)
    engine = create_engine(url, pool_timeout=_BUSY_S, connect_args={"timeout": _BUSY_S})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _: object) -> None:
    connection.isolation_level = None  # Python's driver would begin transactions by itself, and too late
    connection.execute("PRAGMA synchronous = FULL")  # a decision that was confirmed survives a power cut
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only unlinked


def _on_begin(connection: Connection) -> None:
    # A writer takes its lock at once: one that read first could not wait for the others any more.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _in_words(name: str, error: DBAPIError | PoolTimeoutError | sqlite3.Error) -> MammoLensError:
    message = " ".join(str(getattr(error, "orig", error)).split())
    if "disk is full" in message or "No space left" in message:
        full = StorageError(name, "the disk is full", "free some space")
        full.errno = errno.ENOSPC
        return full
    for sign, reason, remedy in _TROUBLE:
        if sign in message:
            return LedgerError(name, reason, remedy)
    return LedgerError(name, f"the database reports: {message}", "check that it runs and that the account may use it")


_TROUBLE = (
    ("QueuePool limit", "all connections have been in use for too long", "try again soon"),
    ("is locked", "another process has been writing for too long", "try again when it is done"),
    ("readonly", "cannot be written to", "correct the permissions of the file and its folder"),
    ("unable to open", "cannot be opened", "correct the permissions of the file and its folder"),
    ("not a database", "is not a decision ledger", "give another path, or restore the file from a backup"),
    ("malformed", "is damaged", "restore it from a backup, or import its last export into a new one"),
    ("append-only", "entries are never changed", "append another decision"),
)
