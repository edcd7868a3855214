"""Numbers and dates of a header, however they are written."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

from mammolens.errors import PixelDataError

_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")  # also as ACR-NEMA and as people write it
OVERLAY_GROUPS: Final = range(0x6000, 0x601F, 2)  # PS3.5 7.6
# What pydicom raises about values that are not of their representation.
WRONG_FORM = (ValueError, TypeError, ArithmeticError, NotImplementedError, BytesLengthException, struct.error)


def numbers_of(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of a numeric attribute; none if it is missing, empty, or contains anything but finite numbers.

    :func:`unusable_numbers` reports the values that are ignored.
    """
    try:
        return _numbers(dataset, keyword)
    except WRONG_FORM:
        return ()


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """The first value of a numeric attribute, or ``None``, as :func:`numbers_of`."""
    return next(iter(numbers_of(dataset, keyword)), None)


def needed_number(dataset: Dataset, keyword: str, path: Path, *, default: float | None = None) -> float:
    """The first value of an attribute without which the pixels cannot be shown.

    Args:
        dataset: the header.
        keyword: of the attribute.
        path: of the image, for the error.
        default: where the attribute is missing or empty; ``None``: it must not be.

    Raises:
        PixelDataError: names the attribute that is missing or no number.
    """
    try:
        value = next(iter(_numbers(dataset, keyword)), default)
    except WRONG_FORM as error:
        reason = f"{keyword} is {text_of(dataset, keyword)!r}, which is not a number"
        raise PixelDataError(path, reason, f"correct {keyword}, or export the image again") from error
    if value is None:
        raise PixelDataError(path, f"{keyword} is missing", "export the image again")
    return value


def unusable_numbers(dataset: Dataset, keywords: Iterable[str]) -> tuple[str, ...]:
    """Which of these attributes are not numbers, with what they say instead: ``"WindowCenter 'AUTO'"``."""
    unusable = []
    for keyword in keywords:
        try:
            _numbers(dataset, keyword)
        except WRONG_FORM:
            unusable.append(stated_value(dataset, keyword))
    return tuple(unusable)


def stated_value(dataset: Dataset, keyword: str) -> str:
    """An attribute and its value in one line: ``"WindowCenter 'AUTO'"``."""
    return f"{keyword} {text_of(dataset, keyword)!r}"


def text_of(dataset: Dataset, keyword: str) -> str:
    r"""The value as stored in the file, several separated by backslashes, shortened to one line."""
    tag = tag_for_keyword(keyword)
    element: Any = None if tag is None else dataset.get_item(tag)
    value = None if element is None else element.value
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace").rstrip("\0")
    elif isinstance(value, Iterable) and not isinstance(value, str):
        value = "\\".join(map(str, value))
    return " ".join(str("" if value is None else value).split())[:60]


def texts_of(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of an attribute as texts without blanks around them; empty ones are left out."""
    stated = dataset.get(keyword)
    values = stated if isinstance(stated, Iterable) and not isinstance(stated, str) else [stated or ""]
    return tuple(text for value in values if (text := str(value).strip()))


def date_of(text: str) -> date | None:
    """A date (DA, PS3.5 6.2), or ``None`` if invalid."""
    match = _DATE.fullmatch(text.strip())
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    stated = dataset.get(keyword)
    if stated is None or stated == "":
        return ()
    values = stated if isinstance(stated, Iterable) and not isinstance(stated, str) else [stated]
    numbers = tuple(float(value) for value in values)
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{keyword} is not finite")
    return numbers
