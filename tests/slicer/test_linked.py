"""A current view and its prior pan and zoom together."""

from __future__ import annotations

from typing import Any

import pytest
from MammoLensLib.linked import LinkedViews

from .conftest import Core


@pytest.fixture
def a_pair(a_core: Core) -> tuple[Any, Any]:
    """The second shows a scale half as large."""
    import slicer

    pair = []
    for name, width in (("one", 200.0), ("other", 100.0)):
        node = slicer.vtkMRMLSliceNode()
        node.SetLayoutName(name)
        node.SetSingletonTag(name)
        node = a_core.scene.AddNode(node)
        node.SetDimensions(100, 50, 1)
        node.SetFieldOfView(width, width / 2, 1)
        pair.append(node)
    return pair[0], pair[1]


def test_a_view_repeats_the_shift_and_the_zoom_of_the_other(a_pair: tuple[Any, Any]) -> None:
    one, other = a_pair
    linked = LinkedViews()
    linked.link([a_pair])
    one.SetXYZOrigin(10, -5, 0)
    assert other.GetXYZOrigin() == (10, -5, 0)
    one.SetFieldOfView(100, 50, 1)
    assert other.GetFieldOfView()[:2] == (50, 25)
    other.SetXYZOrigin(0, 0, 0)
    assert one.GetXYZOrigin() == (0, 0, 0)


def test_views_move_one_by_one_while_they_are_apart_and_once_they_are_not_linked(a_pair: tuple[Any, Any]) -> None:
    one, other = a_pair
    linked = LinkedViews()
    linked.link([a_pair])
    with linked.apart():
        one.SetXYZOrigin(10, 0, 0)
    assert other.GetXYZOrigin() == (0, 0, 0)
    one.SetXYZOrigin(11, 0, 0)
    assert other.GetXYZOrigin() == (1, 0, 0)
    linked.link([])
    one.SetXYZOrigin(0, 0, 0)
    assert other.GetXYZOrigin() == (1, 0, 0)
