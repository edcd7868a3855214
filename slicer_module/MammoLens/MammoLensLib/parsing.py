"""The server's JSON as dataclasses, by the names and types of their fields."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from .errors import ServerError

T = TypeVar("T")
_UNKNOWN: Final = object()
_KEY, _REQUIRED = "key", "required"


def json_field(key: str | None, *, required: bool = False) -> dict[str, Any]:
    """Metadata of a dataclass field that has another name in the server's JSON.

    Args:
        key: the name; ``None`` if the value's own fields are beside those of the dataclass.
        required: an answer without it is an error, even if the field has a default.
    """
    return {_KEY: key, _REQUIRED: required}


def parsed(kind: type[T], answer: Any) -> T:
    """Read a dataclass from the server's JSON.

    Unknown names are ignored; a value of the wrong type counts as missing, and the field keeps its default.

    Raises:
        ServerError: a required field is missing, here or in an object of a list.
    """
    if not isinstance(answer, Mapping):
        answer = {}
    known = _fields(cast(Any, kind))
    values = {one.name: _value_of(one, hint, answer) for one, hint in known}
    for one, _ in known:
        if values[one.name] is _UNKNOWN and (one.default is MISSING or one.metadata.get(_REQUIRED)):
            name = one.metadata.get(_KEY, one.name) or one.name
            raise ServerError("the server", f"its answer has no {name!r}", "check that it is a MammoLens server")
    return kind(**{name: value for name, value in values.items() if value is not _UNKNOWN})


@cache
def _fields(kind: type[Any]) -> tuple[tuple[Field[Any], Any], ...]:
    hints = get_type_hints(kind)
    return tuple((one, hints[one.name]) for one in fields(cast(Any, kind)))


def _value_of(one: Field[Any], hint: Any, answer: Mapping[str, Any]) -> Any:
    key = one.metadata.get(_KEY, one.name)
    return parsed(hint, answer) if key is None else _read(hint, answer.get(key))


def _read(hint: Any, value: Any) -> Any:
    """The value as the hint says, or ``_UNKNOWN``."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _read(next(one for one in arguments if one is not type(None)), value)
    if origin is tuple:
        return _read_tuple(arguments, value) if isinstance(value, list) else _UNKNOWN
    if is_dataclass(hint):
        return _read_object(cast(Any, hint), value)
    if hint is bool or isinstance(value, bool):  # to Python, yes and no are numbers
        return value if hint is bool and isinstance(value, bool) else _UNKNOWN
    if hint is str:
        return value if isinstance(value, str) and value else _UNKNOWN  # empty means unknown
    return hint(value) if isinstance(value, int | float) else _UNKNOWN


def _read_tuple(arguments: tuple[Any, ...], value: list[Any]) -> Any:
    """Of objects, each that is one; of anything else, all or none."""
    if arguments[-1] is not Ellipsis:
        read = [_read(hint, one) for hint, one in zip(arguments, value, strict=False)]
        return tuple(read) if len(value) == len(arguments) and _UNKNOWN not in read else _UNKNOWN
    if is_dataclass(arguments[0]):
        return tuple(parsed(cast(Any, arguments[0]), one) for one in value if isinstance(one, Mapping))
    read = [_read(arguments[0], one) for one in value]
    return tuple(read) if _UNKNOWN not in read else _UNKNOWN


def _read_object(kind: type[Any], value: Any) -> Any:
    try:
        return parsed(kind, value) if isinstance(value, Mapping) else _UNKNOWN
    except ServerError:
        return _UNKNOWN
