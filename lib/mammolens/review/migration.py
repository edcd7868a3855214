"""Bring a ledger's tables up to date; never touch those that this MammoLens does not know."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from mammolens import __version__
from mammolens.errors import LedgerError


def is_current(connection: Connection) -> bool:
    """Whether no step is missing, and none is there that this MammoLens does not know."""
    return MigrationContext.configure(connection).get_current_revision() == _steps(_config()).get_current_head()


def upgrade(connection: Connection, name: str) -> None:
    """Take the steps that are missing, within the connection's transaction.

    Args:
        connection: no other process may upgrade meanwhile.
        name: of the ledger, for messages.

    Raises:
        LedgerError: another MammoLens has written it, newer as a rule.
    """
    config = _config()
    known = _steps(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {step.revision for step in known.walk_revisions()}:
        raise LedgerError(
            name,
            f"has schema {current!r}, but MammoLens {__version__} knows {known.get_base()!r} to "
            f"{known.get_current_head()!r}",
            "use the version of MammoLens that wrote it, or restore a backup of this version's",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")  # does nothing where somebody else was quicker


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "mammolens.review:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _steps(config: Config) -> ScriptDirectory:
    return ScriptDirectory.from_config(config)
