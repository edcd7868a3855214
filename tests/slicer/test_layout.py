"""The layout's nodes, made by Slicer's own layout logic."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from MammoLensLib.answers import HangingSlot, View
from MammoLensLib.geometry import array_of
from MammoLensLib.layout import (
    Hung,
    Turn,
    centre,
    fit,
    layout_id,
    layout_xml,
    panes,
    restore_layout,
    show_layout,
    slot_of,
)
from MammoLensLib.volumes import grid_of

from .conftest import Core, WritePhantom, load

VIEWS = [
    View(name, laterality=name[0], view=name[2:], name=name, slot=HangingSlot(name, number // 2, number % 2))
    for number, name in enumerate(("R CC", "L CC", "R MLO", "L MLO"))
]
SLOTS = [slot_of(view) for view in VIEWS]


def hung(core: Core, images: list[Path], size: tuple[int, int] = (300, 400)) -> list[Hung]:
    """Images in the four views, as they are stored."""
    show_layout(core.scene, SLOTS)
    shown = []
    for pane, image in zip(panes(core.scene, SLOTS), images, strict=True):
        pane.slice_node.SetDimensions(*size, 1)
        shown.append(Hung(pane, load(core, image, pane.slot.name), Turn(mirrored=False, upside_down=False)))
    return shown


@pytest.fixture
def four_views(a_core: Core, write_phantom: WritePhantom) -> list[Hung]:
    by_name = {write_phantom(n).stem: write_phantom(n) for n in range(4)}
    return hung(a_core, [by_name[name] for name in ("R_CC", "L_CC", "R_MLO", "L_MLO")])


def test_the_layout_has_four_slice_views_in_their_places() -> None:
    rows = ElementTree.fromstring(layout_xml(SLOTS)).findall("./item/layout")
    names = [[view.get("singletontag") for view in row.findall("./item/view")] for row in rows]
    assert names == [["R-CC", "L-CC"], ["R-MLO", "L-MLO"]]


def test_showing_it_makes_slicers_own_nodes_and_can_be_taken_back(a_core: Core) -> None:
    node = a_core.scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    node.SetViewArrangement(3)
    before = show_layout(a_core.scene, SLOTS)
    assert node.GetViewArrangement() == layout_id(layout_xml(SLOTS))
    made = a_core.scene.GetSingletonNode("L-MLO", "vtkMRMLSliceNode")
    assert (made.GetLayoutName(), made.GetLayoutLabel()) == ("L-MLO", "L MLO")
    found = panes(a_core.scene, SLOTS)
    assert found[3].slice_node is made
    assert [pane.composite.GetLayoutName() for pane in found] == ["R-CC", "L-CC", "R-MLO", "L-MLO"]
    assert [pane.composite.GetID() for pane in panes(a_core.scene, SLOTS)] == [p.composite.GetID() for p in found]
    restore_layout(a_core.scene, before)
    assert node.GetViewArrangement() == 3


def test_another_set_of_views_is_another_layout(a_core: Core) -> None:
    left = [slot_of(view) for view in VIEWS if view.laterality == "L"]
    assert layout_id(layout_xml(left)) != layout_id(layout_xml(SLOTS))
    show_layout(a_core.scene, SLOTS)
    show_layout(a_core.scene, left)
    node = a_core.scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    assert "R-CC" not in node.GetCurrentLayoutDescription()
    show_layout(a_core.scene, SLOTS)
    assert "R-CC" in node.GetCurrentLayoutDescription()


def test_all_views_have_one_scale_and_show_their_images_whole(four_views: list[Hung]) -> None:
    fit(four_views)
    scales = set()
    for one in four_views:
        node, extent = one.pane.slice_node, grid_of(one.volume).extent
        width, height, _ = node.GetFieldOfView()
        assert width >= extent[0] - 1e-6
        assert height >= extent[1] - 1e-6
        scales |= {round(width / node.GetDimensions()[0], 9), round(height / node.GetDimensions()[1], 9)}
    assert len(scales) == 1


def test_one_scale_holds_for_images_and_views_of_different_sizes(four_views: list[Hung]) -> None:
    four_views[0].pane.slice_node.SetDimensions(150, 700, 1)
    four_views[1].volume.SetSpacing(0.7, 0.7, 1)
    fit(four_views)
    scales = {
        round(one.pane.slice_node.GetFieldOfView()[axis] / one.pane.slice_node.GetDimensions()[axis], 9)
        for one in four_views
        for axis in (0, 1)
    }
    assert len(scales) == 1


def test_chest_walls_touch_in_the_middle_of_the_screen(four_views: list[Hung]) -> None:
    for one in four_views:
        one.pane.slice_node.SetDimensions(600, 400, 1)  # wider than the images
    fit(four_views)
    for one in four_views:
        right = one.pane.slot.chest_wall_right
        columns = edge_columns(one)
        size = grid_of(one.volume).size[0]
        assert (columns[1] if right else columns[0]) == pytest.approx(size - 0.5 if right else -0.5, abs=1e-6)
        assert (columns[0] < -1) if right else (columns[1] > size)


@pytest.mark.parametrize("mirrored", [True, False])
@pytest.mark.parametrize("upside_down", [True, False])
def test_a_turned_image_runs_the_other_way_on_the_screen(
    four_views: list[Hung], mirrored: bool, upside_down: bool
) -> None:
    turned = [Hung(one.pane, one.volume, Turn(mirrored, upside_down)) for one in four_views]
    fit(turned)
    columns, rows = edge_columns(turned[0]), edge_rows(turned[0])
    assert (columns[0] > columns[1]) == mirrored
    assert (rows[0] > rows[1]) == upside_down


def test_a_place_comes_to_the_middle_and_nearer(four_views: list[Hung]) -> None:
    fit(four_views)
    others = [array_of(one.pane.slice_node.GetSliceToRAS()) for one in four_views[1:]]
    width = four_views[0].pane.slice_node.GetFieldOfView()[0]
    centre(four_views[0], (30, 160), (20, 10))
    node = four_views[0].pane.slice_node
    assert at(four_views[0], *np.divide(node.GetDimensions()[:2], 2)) == pytest.approx((30, 160), abs=1e-6)
    assert node.GetFieldOfView()[0] < width / 2
    for one, before in zip(four_views[1:], others, strict=True):
        assert np.array_equal(array_of(one.pane.slice_node.GetSliceToRAS()), before)


def test_a_large_finding_is_shown_whole(four_views: list[Hung]) -> None:
    centre(four_views[0], (90, 110), (150, 180))
    assert four_views[0].pane.slice_node.GetFieldOfView()[0] > 150 * 0.5


def at(one: Hung, x: float, y: float) -> Any:
    """The place ``(column, row)`` that is shown at a screen position, from the lower left corner."""
    ras = one.pane.slice_node.GetXYToRAS().MultiplyPoint((x, y, 0, 1))
    return grid_of(one.volume).pixels([ras[:3]])[0]


def edge_columns(one: Hung) -> tuple[float, float]:
    """Columns at the left and the right edge of the screen."""
    width, height, _ = one.pane.slice_node.GetDimensions()
    return float(at(one, 0, height / 2)[0]), float(at(one, width, height / 2)[0])


def edge_rows(one: Hung) -> tuple[float, float]:
    """Rows at the upper and the lower edge of the screen."""
    width, height, _ = one.pane.slice_node.GetDimensions()
    return float(at(one, width / 2, height)[1]), float(at(one, width / 2, 0)[1])
