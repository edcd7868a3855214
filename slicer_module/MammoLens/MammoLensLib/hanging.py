"""How mammograms hang: breasts back to back, right one on the left, lateral or cranial up.

What is told by the header counts; where it tells nothing, the chest wall is where there is tissue at the edge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from .header import Header

_PROJECTIONS = ("CC", "MLO")  # first these, others behind
_EDGE = 0.04  # of the width: where the chest wall shows tissue
_SIDES = ("R", "L")


class Side(Protocol):
    """What is asked of a view; :class:`.answers.View` is one."""

    laterality: str | None
    view: str | None


@dataclass(frozen=True)
class Slot:
    """A place in the layout.

    Attributes:
        name: of the slice view, "R-CC".
        row: 0 on top.
        column: 0 on the left of the screen.
        chest_wall_right: of this place on the screen; ``None`` where the side is unknown.
    """

    name: str
    row: int
    column: int
    chest_wall_right: bool | None = None


@dataclass(frozen=True)
class Turn:
    """How an image is turned on the screen."""

    mirrored: bool
    upside_down: bool


def slots_of(views: Iterable[Side]) -> tuple[Slot, ...]:
    """A slot for each view, in the same order.

    Right views hang on the left, left ones on the right, a row for each projection and repetition; views of unknown
    side hang below. Of one side alone there is one column.
    """
    keys, seen = [], Counter[tuple[str, str]]()
    for view in views:
        side = view.laterality if view.laterality in _SIDES else "X"
        key = (side or "X", view.view or "view")
        seen[key] += 1
        keys.append((*key, seen[key]))
    sided = sorted({(_rank(word), word, count) for side, word, count in keys if side != "X"})
    others = sorted((word, count) for side, word, count in keys if side == "X")
    rows = {(word, count): number for number, (_, word, count) in enumerate(sided)}
    columns = {
        side: number for number, side in enumerate(side for side in _SIDES if any(key[0] == side for key in keys))
    }
    slots = []
    for side, word, count in keys:
        name = f"{side}-{word}" + (f"-{count}" if count > 1 else "")
        if side == "X":
            number = others.index((word, count))
            slots.append(Slot(name, len(rows) + number // 2, number % 2))
        else:
            slots.append(Slot(name, rows[word, count], columns[side], side == "R"))
    return tuple(slots)


def turn_of(slot: Slot, header: Header, pixels: NDArray[Any]) -> Turn:
    """How to turn an image for its slot.

    Args:
        slot: where it hangs.
        header: may tell where rows and columns point to.
        pixels: ``(rows, cols)``, brighter is denser.
    """
    if slot.chest_wall_right is None:
        return Turn(mirrored=False, upside_down=False)
    along_row, along_column = header.patient_orientation or ("", "")
    if along_row[:1] in ("A", "P"):
        is_right = along_row[0] == "P"  # rows run towards the chest wall
    else:
        is_right = chest_wall_is_right(pixels)
    # Down is medial in CC, which is the patient's left for her right breast, and towards the feet in MLO.
    down = {"F": False, "H": True, "L": not slot.chest_wall_right, "R": slot.chest_wall_right}
    return Turn(is_right != slot.chest_wall_right, down.get(along_column[:1], False))


def chest_wall_is_right(pixels: NDArray[Any]) -> bool:
    """Whether the tissue stands at the right edge of the image as stored; air is dark."""
    width = max(1, round(pixels.shape[1] * _EDGE))
    return bool(pixels[:, -width:].mean() > pixels[:, :width].mean())


def _rank(projection: str) -> int:
    return _PROJECTIONS.index(projection) if projection in _PROJECTIONS else len(_PROJECTIONS)
