"""Numbers and dates of a header, however they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from pydicom.dataset import Dataset

_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")  # also as ACR-NEMA and as people write it


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


def texts_of(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of an attribute as texts without blanks around them; empty ones are left out."""
    stated = dataset.get(keyword)
    values = stated if isinstance(stated, Iterable) and not isinstance(stated, str) else [stated or ""]
    return tuple(text for value in values if (text := str(value).strip()))


def date_of(text: str) -> date | None:
    """A date (DA, PS3.5 6.2), or ``None`` where it is none."""
    match = _DATE.fullmatch(text.strip())
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None
