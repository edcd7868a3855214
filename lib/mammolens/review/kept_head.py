"""The head of a SQLite ledger, stored in a file next to it: it reveals that a ledger was emptied or truncated."""

from __future__ import annotations

import logging
from pathlib import Path

from mammolens.errors import LedgerError, RequestError, StorageError
from mammolens.files import write_text
from mammolens.review.chain import Head

_log = logging.getLogger(__name__)


class KeptHead:
    """``LEDGER.head``: number and hash of the last entry, or after a crash of one before it.

    Args:
        ledger: path of the ledger's file.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self.path = ledger.parent / f"{ledger.name}.head"

    def read(self) -> Head | None:
        """The head; ``None`` if none was stored yet.

        Raises:
            LedgerError: the file contains none.
        """
        try:
            return Head.parse(self.path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return None
        except RequestError as error:
            remedy = "delete it once an audit with a head stored elsewhere shows that the ledger is complete"
            raise LedgerError(self.path, "does not hold NUMBER:HASH", remedy) from error

    def write(self, head: Head) -> None:
        """Store a head; if that fails, the previous one remains valid."""
        try:
            write_text(self.path, f"{head}\n")
        except (OSError, StorageError) as error:
            _log.warning("%s: the head of the ledger cannot be stored (%s)", self.path, error)

    def refuse_emptied(self) -> None:
        """Refuse an emptied ledger, before a new one is started in its place.

        Raises:
            LedgerError: entries were kept, and the file is missing or empty.
        """
        kept = self.read()
        if kept is not None and kept.sequence and not (self._ledger.exists() and self._ledger.stat().st_size):
            state = "is empty" if self._ledger.exists() else "is missing"
            raise self.lost(f"{state}, but it had {kept.sequence} entries", kept)

    def lost(self, reason: str, kept: Head) -> LedgerError:
        """What to raise where the ledger does not hold the entry of the head."""
        remedy = f"restore it from a backup; to continue without the lost ones, delete {self.path.name} (head {kept})"
        return LedgerError(self._ledger, reason, remedy)
