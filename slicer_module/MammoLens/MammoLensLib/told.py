"""Readers of the server's JSON: what is of another kind than expected is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

from .errors import ServerError

T = TypeVar("T")


def all_of(told: Mapping[str, Any], name: str, make: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
    """Those members of a list that are objects, made into values."""
    some = told.get(name)
    return tuple(make(one) for one in some if isinstance(one, Mapping)) if isinstance(some, list) else ()


def made(kind: type[T], told: Any, name: str, **known: Any) -> T:
    """A dataclass of what was told: texts by their field's name, ``known`` as it is; it must tell ``name``."""
    if not isinstance(told, Mapping) or text(told.get(name)) is None:
        raise ServerError("the server", f"its answer tells no {name!r}", "check that it is a MammoLens server")
    texts = {field.name: text(told.get(field.name)) for field in fields(cast(Any, kind)) if field.name not in known}
    return kind(**texts, **known)


def text(value: Any) -> str | None:
    """A text; an empty one tells nothing."""
    return value if isinstance(value, str) and value else None


def texts(value: Any) -> tuple[str, ...]:
    """A list as texts."""
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def number(value: Any) -> float | None:
    """A number; yes and no are none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def numbers(value: Any, count: int) -> Any:
    """So many numbers, all of them known, or ``None``."""
    some = tuple(number(one) for one in value) if isinstance(value, list) else ()
    return some if len(some) == count and None not in some else None


def flag(value: Any) -> bool | None:
    """Yes or no."""
    return value if isinstance(value, bool) else None
