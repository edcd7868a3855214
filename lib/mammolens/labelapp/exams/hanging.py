"""How the images of an exam hang: breasts back to back, the right one on the left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mammolens.enums import ViewPosition
from mammolens.inference.exam_text import view_name
from mammolens.labelapp.responses.exams import HangingSlot

SideAndView = tuple[str | None, str | None]
"""Laterality and view position; ``None`` where unknown."""

_SIDES = ("R", "L")
_VIEWS = [view.value for view in ViewPosition]  # CC before MLO
_SCREENING = (ViewPosition.CC, ViewPosition.MLO)


def missing_views(views: Sequence[SideAndView]) -> list[str]:
    """The views of a screening exam that an exam lacks; empty where an image has no known view or side.

    Args:
        views: of each image.

    Example:
        >>> missing_views([("R", "CC"), ("L", "CC"), ("R", "MLO"), ("R", "ML")])
        ['L MLO']
    """
    if any(laterality not in _SIDES or view not in _VIEWS for laterality, view in views):
        return []
    return [view_name(side, view) for view in _SCREENING for side in _SIDES if (side, view) not in views]


def hanging_slots(views: Sequence[SideAndView]) -> list[HangingSlot]:
    """The slot of each image, in the order given.

    A row holds the right and the left image of a view; the standard views come first, repetitions after them, images
    of unknown side last. An exam of one breast has one column, any other has two.

    Args:
        views: of each image.

    Example:
        >>> [(slot.label, slot.row, slot.column) for slot in hanging_slots([("L", "MLO"), ("R", "CC"), ("L", "CC")])]
        [('L MLO', 1, 1), ('R CC', 0, 0), ('L CC', 0, 1)]
    """
    counts: Counter[str] = Counter()
    images = []
    for laterality, view in views:
        name = view_name(laterality, view)
        counts[name] += 1
        images.append((laterality, (counts[name], _VIEWS.index(view) if view in _VIEWS else len(_VIEWS)), name))
    rows = sorted({row for laterality, row, _ in images if laterality in _SIDES})
    columns = 1 if len({laterality for laterality, _ in views if laterality in _SIDES}) == 1 else 2
    slots, unsided = [], 0
    for laterality, row, name in images:
        label = name if row[0] == 1 else f"{name} {row[0]}"
        if laterality in _SIDES:
            slots.append(
                HangingSlot(label=label, row=rows.index(row), column=min(_SIDES.index(laterality), columns - 1))
            )
        else:
            slots.append(HangingSlot(label=label, row=len(rows) + unsided // columns, column=unsided % columns))
            unsided += 1
    return slots
