"""Kind of image by Image Type (PS3.3 C.8.11.7.1.4): images that are not screening views, and synthetic images."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from pydicom.dataset import Dataset

from mammolens.dicom.header_values import texts_of
from mammolens.enums import Laterality, ViewPosition

# Before Value 4 was defined, machines wrote a word of their own, or stated it in the Series Description alone.
_SYNTHETIC = ("GENERATED_2D", "TOMO_2D")
_PRODUCTS = re.compile(r"\b(C-?View|S-?View|V-?Preview|(Insight|Intelligent|Synthetic|Synthesi[sz]ed) 2D)\b", re.I)
# Terms of Values 3 to 5, wherever they stand: LOW_ENERGY is found as Value 3 and 4, too. The first kind counts.
_KINDS = (
    ("is a stereotactic or biopsy image", r"(STEREO|PREFIRE|POSTFIRE|POSTBIOPSY|POSTMARKER)(_.*)?|TOMO_SCOUT"),
    (
        "is a contrast-enhanced image",
        "PRE_CONTRAST|POST_CONTRAST|LOW_ENERGY|HIGH_ENERGY|RECOMBINED|SUBTRACTION|ADDITION",
    ),
    ("is a tomosynthesis projection", "TOMO_PROJ"),
)
_SLICE = ("TOMOSYNTHESIS", "TOMO", "MAXIMUM", "MEAN")
_SYNTHETIC_GROUP = "synthetic 2D"


class AcquiredView(Protocol):
    """The attributes that distinguish the views of an exam."""

    @property
    def laterality(self) -> Laterality | None:
        """The breast."""

    @property
    def view(self) -> ViewPosition | None:
        """The projection."""

    @property
    def acquisition_group(self) -> str | None:
        """The machine, as :func:`acquisition_group_of`."""


_Item = TypeVar("_Item")


def unscored_kind_of(dataset: Dataset) -> str | None:
    """Why an image is not a screening view, such as ``'is a tomosynthesis projection (TOMO_PROJ)'``, or ``None``."""
    words = _words_of(dataset)
    for kind, pattern in _KINDS:
        found = next((word for word in words if re.fullmatch(pattern, word)), None)
        if found:
            return f"{kind} ({found})"
    if is_synthetic_2d(dataset):
        return None
    found = next((word for word in words if word in _SLICE), None)
    return f"is a tomosynthesis slice ({found})" if found else None


def is_synthetic_2d(dataset: Dataset) -> bool:
    """Whether a two-dimensional view was computed from tomosynthesis, not exposed."""
    words = _words_of(dataset)
    if any(word in _SYNTHETIC for word in words):
        return True
    return "DERIVED" in words and _PRODUCTS.search(str(dataset.get("SeriesDescription") or "")) is not None


def acquisition_group_of(machine: str | None, *, synthetic_2d: bool) -> str | None:
    """The machine; its synthetic views, which look otherwise, are a group of their own.

    >>> acquisition_group_of("Maker Model", synthetic_2d=True)
    'Maker Model, synthetic 2D'
    """
    if not synthetic_2d or _is_of_synthetic_2d(machine):
        return machine
    return f"{machine}, {_SYNTHETIC_GROUP}" if machine else _SYNTHETIC_GROUP


def without_synthetic_twins(items: Sequence[_Item], view_of: Callable[[_Item], AcquiredView]) -> list[_Item]:
    """One exam's images less the synthetic ones of which the breast and the view were exposed, too.

    Both show one compression of the breast, so that they are one view.

    Args:
        items: images of the same exam, or what is known of them.
        view_of: breast, view and machine of an item.
    """
    exposed = {
        (view.laterality, view.view) for view in map(view_of, items) if not _is_of_synthetic_2d(view.acquisition_group)
    }
    return [item for item in items if not _is_twin(view_of(item), exposed)]


def _is_twin(view: AcquiredView, exposed: set[tuple[Laterality | None, ViewPosition | None]]) -> bool:
    known = view.laterality is not None and view.view is not None
    return known and _is_of_synthetic_2d(view.acquisition_group) and (view.laterality, view.view) in exposed


def _is_of_synthetic_2d(group: str | None) -> bool:
    return group is not None and group.endswith(_SYNTHETIC_GROUP)


def _words_of(dataset: Dataset) -> tuple[str, ...]:
    return tuple(word.upper() for word in texts_of(dataset, "ImageType"))
