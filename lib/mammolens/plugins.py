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
def plugins(group: PluginGroup, taken: frozenset[str]) -> MappingProxyType[str, Any]:
    """What the installed packages declare in a group, by name; looked up once for the process.

    An entry point that cannot be loaded, or that has a name MammoLens uses itself, is left out and named in the log:
    one damaged package must not keep the others from working.

    Args:
        group: whose entry points (https://packaging.python.org/specifications/entry-points).
        taken: names that MammoLens uses itself.
    """
    found: dict[str, Any] = {}
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        loaded = _loaded(point, {*taken, *found})
        if loaded is not None:
            found[point.name] = loaded
    return MappingProxyType(found)


def _loaded(point: EntryPoint, taken: Container[str]) -> Any:
    package = point.dist.name if point.dist else point.value
    if point.name in taken:
        _LOG.warning("%s: the name '%s' is taken; rename the entry point of %s", package, point.name, point.group)
        return None
    try:
        return point.load()
    except Exception as error:  # noqa: BLE001 - another package raises whatever it likes
        _LOG.warning("%s: %s of %s cannot be loaded: %s; repair or remove it", package, point.name, point.group, error)
        return None
