"""Numbers of a header, however they are written."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataset import Dataset


def numbers_of(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of a numeric attribute; none where it is missing or empty.

    Raises:
        ValueError: a value is no number.
    """
    stated = dataset.get(keyword)
    if stated is None or stated == "":
        return ()
    values = stated if isinstance(stated, Iterable) and not isinstance(stated, str) else [stated]
    return tuple(float(value) for value in values)


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a numeric attribute, or ``None``; raises as :func:`numbers_of`."""
    return next(iter(numbers_of(dataset, keyword)), None)
