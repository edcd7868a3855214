"""UIDs and series of derived objects: the same input, model and version always get the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydicom.uid import UID

from mammolens import __version__
from mammolens.dicom.derived.kinds import DerivedKind

# Behind the series of any machine, and in the order in which people want to see them.
SERIES_NUMBERS = {kind: 9001 + number for number, kind in enumerate(DerivedKind)}


def derived_uid(*words: str) -> UID:
    """A UID under 2.25 (PS3.5 B.2): a hash of the words and of this version of MammoLens.

    PS3.5 requires the 128 bits of a UUID as one decimal number below 2.25; this is a version 8 UUID (RFC 9562, 5.8),
    the version for custom values.
    """
    text = "\n".join(("MammoLens", __version__, *words))
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:16], "big")
    number &= ~(0xF << 76) & ~(0x3 << 62)
    return UID(f"2.25.{number | 0x8 << 76 | 0x2 << 62}")


def instance_uid(kind: DerivedKind, sources: Iterable[str], model: str, calibration: str) -> UID:
    """SOP Instance UID of a derived object.

    Args:
        kind: of object.
        sources: SOP Instance UIDs of the images that it was derived from, in any order.
        model: id of the model.
        calibration: id of its calibration.
    """
    return derived_uid("instance", kind, model, calibration, *sorted(sources))


def series_uid(kind: DerivedKind, instance: str) -> UID:
    """Series Instance UID of a derived object: a series holds one, as viewers show one segmentation of a series."""
    return derived_uid("series", kind, instance)
