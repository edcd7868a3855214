"""Colours of the heat: those of the levels where these begin, running into each other in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import HeatLevel

SIZE = 256
_USUAL = ("#ffed78", "#f7862d", "#bd0026")  # pale, orange, dark red: told apart by colour-blind eyes too


@dataclass(frozen=True)
class HeatScale:
    """A scale of colours.

    Attributes:
        low, high: values of the map that the first and the last colour stand for.
        table: ``(256, 3)`` in 0..1.
    """

    low: float
    high: float
    table: NDArray[np.float64]

    def colours(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """``(..., 3)`` in 0..1 of values of the map, as a colour table shows them."""
        share = np.clip((np.asarray(values, dtype=float) - self.low) / (self.high - self.low), 0, 1)
        return self.table[np.rint(share * (SIZE - 1)).astype(int)]


def heat_scale(levels: Sequence[HeatLevel], largest: float) -> HeatScale:
    """The scale of an exam.

    Args:
        levels: as the server tells them; those without a value are left out.
        largest: value of the map, the end of the scale where levels tell none.
    """
    known = sorted(
        (level.value, level.colour) for level in levels if level.value is not None and _is_colour(level.colour)
    )
    if not known:
        known = list(zip(np.linspace(0, largest if largest > 0 else 1, len(_USUAL)), _USUAL, strict=True))
    starts, colours = [float(value) for value, _ in known], np.array([_rgb(str(colour)) for _, colour in known])
    low = starts[0]
    high = max(starts[-1], low + 1e-6 * max(1.0, abs(low)))  # one level: one colour
    places = np.linspace(low, high, SIZE)
    return HeatScale(low, high, np.column_stack([np.interp(places, starts, colours[:, one]) for one in range(3)]))


def add_colour_node(scene: Any, name: str, scale: HeatScale) -> Any:
    """A colour table of the scene with this scale.

    Returns:
        vtkMRMLColorTableNode, not shown among the person's own tables.
    """
    node = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    node.UnRegister(None)
    node.SetName(name)
    node.SetTypeToUser()
    node.SetNumberOfColors(SIZE)
    for number, (red, green, blue) in enumerate(scale.table):
        node.SetColor(number, f"{number}", red, green, blue, 1.0)
    node.GetLookupTable().SetTableRange(0, SIZE - 1)
    node.SetHideFromEditors(True)
    return scene.AddNode(node)


def _is_colour(text: str | None) -> bool:
    return (
        text is not None and len(text) == 7 and text[0] == "#" and all(c in "0123456789abcdefABCDEF" for c in text[1:])
    )


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue
