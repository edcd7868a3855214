"""The layout: a slice view for each image, breasts back to back, all at the same scale."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np

from .geometry import slice_to_ras
from .hanging import Slot, Turn
from .volumes import grid_in_world

_FIRST_ID = 8200  # Slicer's own layouts have lower numbers
_COLOURS = {"R": "#c9a66b", "L": "#7fa8c9"}
_OTHER = "#a0a0a0"


@dataclass(frozen=True)
class Pane:
    """A slice view of the layout.

    Attributes:
        slice_node: vtkMRMLSliceNode.
        composite: vtkMRMLSliceCompositeNode of the same name.
    """

    slot: Slot
    slice_node: Any
    composite: Any


@dataclass(frozen=True)
class Hung:
    """An image in its pane."""

    pane: Pane
    volume: Any
    turn: Turn


def layout_xml(slots: Iterable[Slot]) -> str:
    """Slicer's description of the layout: rows of slice views, from left to right."""
    rows: dict[int, list[Slot]] = {}
    for slot in slots:
        rows.setdefault(slot.row, []).append(slot)
    items = "".join(_row(sorted(some, key=lambda slot: slot.column)) for _, some in sorted(rows.items()))
    return f'<layout type="vertical">{items}</layout>'


def layout_id(xml: str) -> int:
    """A number of its own for each layout, the same every time."""
    return _FIRST_ID + zlib.crc32(xml.encode()) % 100_000


def show_layout(scene: Any, slots: Sequence[Slot]) -> int | None:
    """Show slice views for these slots.

    Returns:
        the layout that was shown before, for :func:`restore_layout`.
    """
    node, xml = scene.GetFirstNodeByClass("vtkMRMLLayoutNode"), layout_xml(slots)
    if node is None:
        return None
    before, number = node.GetViewArrangement(), layout_id(xml)
    if not node.IsLayoutDescription(number):
        node.AddLayoutDescription(number, xml)
    node.SetViewArrangement(number)
    return int(before)


def restore_layout(scene: Any, before: int | None) -> None:
    """Show what was shown before."""
    node = scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    if node is not None and before is not None:
        node.SetViewArrangement(before)


def panes(scene: Any, slots: Iterable[Slot]) -> tuple[Pane, ...]:
    """The nodes of the layout's slice views, in the order of the slots; made where the application did not."""
    return tuple(
        Pane(slot, _singleton(scene, "vtkMRMLSliceNode", slot.name), _composite(scene, slot.name)) for slot in slots
    )


def fit(hung: Sequence[Hung]) -> None:
    """Show all images whole, in their own planes, at one scale; chest walls touch in the middle of the screen.

    Raises:
        SceneError: an image stands under a transform that bends.
    """
    grids = [grid_in_world(one.volume) for one in hung]
    sizes = [one.pane.slice_node.GetDimensions() for one in hung]
    scales = [
        max(grid.extent[0] / max(1, size[0]), grid.extent[1] / max(1, size[1]))
        for grid, size in zip(grids, sizes, strict=True)
    ]
    for one, grid, size in zip(hung, grids, sizes, strict=True):
        node, width = one.pane.slice_node, max(1, size[0]) * max(scales)
        middle = grid.ras([((grid.size[0] - 1) / 2, (grid.size[1] - 1) / 2)])[0]
        axes = slice_to_ras(grid.ijk_to_ras, middle, one.turn.mirrored, one.turn.upside_down)
        axes[:3, 3] += axes[:3, 0] * _aside(one.pane.slot, width - grid.extent[0])
        _set_axes(node, axes)
        node.SetXYZOrigin(0, 0, 0)
        node.SetFieldOfView(width, max(1, size[1]) * max(scales), node.GetFieldOfView()[2])


def centre(hung: Hung, place: Sequence[float], extent: Sequence[float] = (0.0, 0.0), part: float = 0.35) -> None:
    """Bring a place to the middle of its view, and nearer.

    Args:
        place: ``(column, row)``.
        extent: width and height in pixels of what stands there; a third of the view or less.
        part: of the image that is shown at least.

    Raises:
        SceneError: the image stands under a transform that bends.
    """
    grid, node = grid_in_world(hung.volume), hung.pane.slice_node
    axes = slice_to_ras(grid.ijk_to_ras, grid.ras([place])[0], hung.turn.mirrored, hung.turn.upside_down)
    _set_axes(node, axes)
    wanted = [
        max(part * whole, 3 * size * pixel)
        for whole, size, pixel in zip(grid.extent, extent, grid.spacing, strict=True)
    ]
    columns, rows = (max(1, size) for size in node.GetDimensions()[:2])
    scale = max(wanted[0] / columns, wanted[1] / rows)
    node.SetXYZOrigin(0, 0, 0)
    node.SetFieldOfView(columns * scale, rows * scale, node.GetFieldOfView()[2])


def _aside(slot: Slot, room: float) -> float:
    """How far the middle of the view is from that of the image, in mm to the right."""
    if slot.chest_wall_right is None:
        return 0.0
    return -room / 2 if slot.chest_wall_right else room / 2


def _set_axes(node: Any, axes: np.ndarray) -> None:
    matrix = node.GetSliceToRAS()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, axes[row, column])
    node.UpdateMatrices()


def _row(slots: Sequence[Slot]) -> str:
    return f'<item><layout type="horizontal">{"".join(_view(slot) for slot in slots)}</layout></item>'


def _view(slot: Slot) -> str:
    label, colour = slot.name.replace("-", " "), _COLOURS.get(slot.name[0], _OTHER)
    return (
        f'<item><view class="vtkMRMLSliceNode" singletontag={quoteattr(slot.name)}>'
        '<property name="orientation" action="default">Axial</property>'
        f'<property name="viewlabel" action="default">{label}</property>'
        f'<property name="viewcolor" action="default">{colour}</property></view></item>'
    )


def _composite(scene: Any, name: str) -> Any:
    for number in range(scene.GetNumberOfNodesByClass("vtkMRMLSliceCompositeNode")):
        node = scene.GetNthNodeByClass(number, "vtkMRMLSliceCompositeNode")
        if node.GetLayoutName() == name:
            return node
    return _singleton(scene, "vtkMRMLSliceCompositeNode", name)


def _singleton(scene: Any, kind: str, name: str) -> Any:
    node = scene.GetSingletonNode(name, kind)
    if node is None:
        node = scene.CreateNodeByClass(kind)
        node.UnRegister(None)
        node.SetSingletonTag(name)
        node.SetLayoutName(name)
        node.SetName(name)
        node = scene.AddNode(node)
    return node
