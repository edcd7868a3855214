"""What other packages add, by their entry points."""

from __future__ import annotations

import logging
from collections.abc import Container
from enum import StrEnum
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

_LOG = logging.getLogger(__name__)


class PluginGroup(StrEnum):
    """The groups of entry points that are looked for."""

    DATASETS = "mammolens.datasets"
    DECODERS = "mammolens.decoders"
    NETWORKS = "mammolens.networks"
    SCORERS = "mammolens.scorers"


@cache
def plugins(group: PluginGroup, kind: type[Any], taken: frozenset[str] = frozenset()) -> MappingProxyType[str, Any]:
    """What the installed packages declare in a group, by name; looked up once for the process.

    An entry point that cannot be loaded, is of another type, or has a name that is taken is left out, and a warning
    names its package, the reason and the remedy: one damaged package must not keep the others from working.

    Args:
        group: whose entry points (https://packaging.python.org/specifications/entry-points).
        kind: the type of the objects that the entry points name.
        taken: names that MammoLens uses itself.
    """
    found: dict[str, Any] = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        try:
            found[point.name] = _loaded(point, kind, {*taken, *found})
        except _LeftOutError as error:
            package = point.dist.name if point.dist else point.value
            _LOG.warning("%s: entry point '%s' of %s is left out: %s", package, point.name, point.group, error)
    return MappingProxyType(found)


class _LeftOutError(Exception):
    """Reason and remedy."""


def _loaded(point: EntryPoint, kind: type[Any], taken: Container[str]) -> Any:
    if point.name in taken:
        raise _LeftOutError("the name is taken; rename it")
    try:
        loaded = point.load()
    except Exception as error:  # another package may raise anything
        raise _LeftOutError(f"it cannot be loaded: {error}; repair or remove the package") from error
    if not isinstance(loaded, kind):
        found = f"class {loaded.__name__}" if isinstance(loaded, type) else type(loaded).__name__
        raise _LeftOutError(f"{point.value} is a {found}, not a {kind.__name__}; correct it (docs/plugins.md)")
    return loaded
