"""Keep the cases whose image files exist: downloads are often partial."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from mammolens.datasets.base import Case
from mammolens.errors import DatasetError

_log = logging.getLogger(__name__)


def existing(cases: Iterable[Case], source: Path) -> tuple[Case, ...]:
    """The cases whose files exist; the number of missing files is logged.

    Raises:
        DatasetError: none exists.
    """
    listed = tuple(cases)
    kept = tuple(case for case in listed if case.path.is_file())
    if not kept:
        example = listed[0].path if listed else "any image"
        raise DatasetError(source, f"none of its {len(listed)} images exists, such as {example}", "give their folder")
    if len(kept) < len(listed):
        _log.warning("%s: %d of %d images are missing and skipped", source, len(listed) - len(kept), len(listed))
    return kept
