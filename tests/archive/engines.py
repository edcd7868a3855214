"""An engine without processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class OneByOne:
    """Works in this process, one item after the other."""

    def map(
        self, work: Callable[[Item], Result], items: Iterable[Item], crashed: Callable[[Item], Result]
    ) -> Iterator[Result]:
        for item in items:
            yield work(item)
