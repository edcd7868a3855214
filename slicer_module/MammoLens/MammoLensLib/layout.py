"""The layout: a slice view for each image, breasts back to back, all at the same scale.

The server says where an image hangs. How it is turned follows from its header; where that has no orientation, the
chest wall is at the edge that shows tissue.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from numpy.typing import NDArray

from .answers import View
from .geometry import Matrix, slice_to_ras
from .reader import Header
from .volumes import grid_in_world

_EDGE = 0.04  # of the width: where the chest wall shows tissue


@dataclass(frozen=True)
class Slot:
    """A slot of the layout.

    Attributes:
        name: of the slice view, "R-CC".
        row: 0 on top.
        column: 0 on the left of the screen.
        chest_wall_right: on the right of the slot; ``None`` if the side is unknown.
        label: shown in the view.
    """

    name: str
    row: int
    column: int
    chest_wall_right: bool | None = None
    label: str = ""


@dataclass(frozen=True)
class Turn:
    """How an image is turned on the screen."""

    mirrored: bool
    upside_down: bool


def slot_of(view: View) -> Slot:
    """The slot that the server gave a view."""
    right = {"R": True, "L": False}.get(view.laterality or "")
    return Slot(view.slot.label.replace(" ", "-"), view.slot.row, view.slot.column, right, view.slot.label)


def prior_slot_of(view: View) -> Slot:
    """The slot of a prior view: a slice view of its own, where the current view hangs."""
    slot = slot_of(view)
    return replace(slot, name=f"{slot.name}-prior", label=view.name)


def in_rows_of_two(slot: Slot, below: bool) -> Slot:
    """Where a current view, or below it a prior one, hangs if both are shown."""
    return replace(slot, row=2 * slot.row + below)


def turn_of(slot: Slot, header: Header, pixels: NDArray[Any]) -> Turn:
    """How to turn an image for its slot.

    Args:
        slot: where it hangs.
        header: may have the orientation of rows and columns.
        pixels: ``(rows, cols)``, brighter is denser.
    """
    if slot.chest_wall_right is None:
        return Turn(mirrored=False, upside_down=False)
    along_row, along_column = header.patient_orientation or ("", "")
    if along_row[:1] in ("A", "P"):
        is_right = along_row[0] == "P"  # rows run towards the chest wall
    else:
        is_right = chest_wall_is_right(pixels)
    # Down is medial in CC, which is the patient's left for the right breast, and towards the feet in MLO.
    down = {"F": False, "H": True, "L": not slot.chest_wall_right, "R": slot.chest_wall_right}
    return Turn(is_right != slot.chest_wall_right, down.get(along_column[:1], False))


def chest_wall_is_right(pixels: NDArray[Any]) -> bool:
    """Whether the tissue is at the right edge of the image as stored; air is dark."""
    width = max(1, round(pixels.shape[1] * _EDGE))
    return bool(pixels[:, -width:].mean() > pixels[:, :width].mean())


_FIRST_ID = 8200  # Slicer's own layouts have lower numbers
_COLOURS = {True: "#c9a66b", False: "#7fa8c9", None: "#a0a0a0"}  # by the side of the chest wall


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
    has_pixel_size: bool = True


def layout_xml(slots: Iterable[Slot]) -> str:
    """Slicer's description of the layout: rows of slice views, from left to right."""
    rows: dict[int, list[Slot]] = {}
    for slot in slots:
        rows.setdefault(slot.row, []).append(slot)
    items = "".join(_row(sorted(some, key=lambda slot: slot.column)) for _, some in sorted(rows.items()))
    return f'<layout type="vertical">{items}</layout>'


def layout_id(xml: str) -> int:
    """A number for a layout, always the same for the same layout."""
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
    """Restore a layout."""
    node = scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    if node is not None and before is not None:
        node.SetViewArrangement(before)


def panes(scene: Any, slots: Iterable[Slot]) -> tuple[Pane, ...]:
    """The nodes of the layout's slice views, in the order of the slots; created if the application has not."""
    return tuple(
        Pane(slot, _singleton(scene, "vtkMRMLSliceNode", slot.name), _composite(scene, slot.name)) for slot in slots
    )


def fit(hung: Sequence[Hung]) -> None:
    """Show all images whole, in their own planes; chest walls touch in the middle of the screen.

    Images whose pixel size is known have one scale, and the others have one: nothing is known of theirs.

    Raises:
        SceneError: an image is under a non-linear transform.
    """
    grids = [grid_in_world(one.volume) for one in hung]
    sizes = [one.pane.slice_node.GetDimensions() for one in hung]
    scales = [
        max(grid.extent[0] / max(1, size[0]), grid.extent[1] / max(1, size[1]))
        for grid, size in zip(grids, sizes, strict=True)
    ]
    largest: dict[bool, float] = {}
    for one, needed in zip(hung, scales, strict=True):
        largest[one.has_pixel_size] = max(needed, largest.get(one.has_pixel_size, 0.0))
    for one, grid, size in zip(hung, grids, sizes, strict=True):
        scale = largest[one.has_pixel_size]
        node, width = one.pane.slice_node, max(1, size[0]) * scale
        middle = grid.ras([((grid.size[0] - 1) / 2, (grid.size[1] - 1) / 2)])[0]
        axes = slice_to_ras(grid.ijk_to_ras, middle, one.turn.mirrored, one.turn.upside_down)
        axes[:3, 3] += axes[:3, 0] * _aside(one.pane.slot, width - grid.extent[0])
        _set_axes(node, axes)
        node.SetXYZOrigin(0, 0, 0)
        node.SetFieldOfView(width, max(1, size[1]) * scale, node.GetFieldOfView()[2])


def centre(hung: Hung, location: Sequence[float], extent: Sequence[float] = (0.0, 0.0), part: float = 0.35) -> None:
    """Centre a view on a location and zoom in.

    Args:
        location: ``(column, row)``.
        extent: width and height of the object there, in pixels; it fills at most a third of the view.
        part: least share of the image that stays visible.

    Raises:
        SceneError: the image is under a non-linear transform.
    """
    grid, node = grid_in_world(hung.volume), hung.pane.slice_node
    axes = slice_to_ras(grid.ijk_to_ras, grid.ras([location])[0], hung.turn.mirrored, hung.turn.upside_down)
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


def _set_axes(node: Any, axes: Matrix) -> None:
    matrix = node.GetSliceToRAS()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, axes[row, column])
    node.UpdateMatrices()


def _row(slots: Sequence[Slot]) -> str:
    return f'<item><layout type="horizontal">{"".join(_view(slot) for slot in slots)}</layout></item>'


def _view(slot: Slot) -> str:
    label, colour = escape(slot.label), _COLOURS[slot.chest_wall_right]
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
