"""Report what cannot be used of a data set, and continue with the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Final, TypeVar

from mammolens.datasets.base import Case
from mammolens.errors import MammoLensError

_NAMED: Final = 5  # published tables have up to half a million rows, and what is wrong with one is with many
READERS: Final = 8  # threads where each case needs a file to be read: waiting for the disk, not for the processor
_log = logging.getLogger(__name__)
_Item = TypeVar("_Item")


class LeftOut:
    """A context: the first few errors are warnings of the log, one each; at its end the others are counted.

    Args:
        source: the table or folder that the count is about.
    """

    def __init__(self, source: Path) -> None:
        self._source, self._count, self._lock = source, 0, Lock()

    def __enter__(self) -> LeftOut:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._count > _NAMED:
            _log.warning("%s: %d more left out for such reasons", self._source, self._count - _NAMED)

    def add(self, error: MammoLensError) -> None:
        """Report one row or file; from any thread."""
        with self._lock:
            self._count += 1
            if self._count <= _NAMED:
                _log.warning("left out: %s", error)

    def cases(self, items: Iterable[_Item], case_of: Callable[[_Item], Case], *, threads: int = 1) -> Iterator[Case]:
        """The case of each item, such as a row, in their order; an item that cannot be used is reported.

        Args:
            items: rows, files, ...
            case_of: makes a case of an item, or raises an error that names it.
            threads: that call it.
        """

        def attempt(item: _Item) -> Case | MammoLensError:
            try:
                return case_of(item)
            except MammoLensError as error:
                return error

        with ThreadPoolExecutor(threads) as pool:
            for found in pool.map(attempt, items) if threads > 1 else map(attempt, items):
                if isinstance(found, Case):
                    yield found
                else:
                    self.add(found)
