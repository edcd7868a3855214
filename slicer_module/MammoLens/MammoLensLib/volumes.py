"""Volumes of the scene: created, located, windowed, removed with what belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from .errors import SceneError
from .geometry import Grid, array_of
from .reader import Header, Picture


def add_volume(scene: Any, picture: Picture, name: str, *, as_label_map: bool = False) -> Any:
    """Add a volume of an image that was read. It keeps no path, since the file is in a temporary folder.

    Returns:
        vtkMRMLScalarVolumeNode, or vtkMRMLLabelMapVolumeNode, with its display node.
    """
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(picture.grid.ijk_to_ras.ravel())
    with removed_on_failure(scene):
        node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode" if as_label_map else "vtkMRMLScalarVolumeNode", name)
        node.SetIJKToRASMatrix(matrix)
        node.CreateDefaultDisplayNodes()
        if not as_label_map:  # it would search all pixels for a window, which set_window sets
            node.GetDisplayNode().AutoWindowLevelOff()
        node.SetAndObserveImageData(picture.data)
    return node


def grid_of(node: Any) -> Grid:
    """Size and position of a volume, without its parent transform."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    columns, rows, slices = node.GetImageData().GetDimensions()
    return Grid((columns, rows, slices), array_of(matrix))


def grid_in_world(node: Any) -> Grid:
    """Size and position of a volume as it is shown.

    Raises:
        SceneError: its parent transform is not linear.
    """
    grid, parent = grid_of(node), node.GetParentTransformNode()
    if parent is None:
        return grid
    matrix = vtk.vtkMatrix4x4()
    if not parent.IsTransformToWorldLinear() or not parent.GetMatrixTransformToWorld(matrix):
        raise SceneError(node.GetName(), "is under a non-linear transform", "remove the transform")
    return Grid(grid.size, array_of(matrix) @ grid.ijk_to_ras)


def pixels_of(node: Any) -> NDArray[Any]:
    """``(rows, cols)`` of a one-slice volume; a view, not a copy."""
    image = node.GetImageData()
    columns, rows, _ = image.GetDimensions()
    return np.asarray(vtk_to_numpy(image.GetPointData().GetScalars())).reshape(-1, rows, columns)[0]


def remove(scene: Any, node: Any) -> None:
    """Remove a node with its display and storage nodes."""
    if node is None or node.GetScene() is not scene:
        return
    own = [node.GetNthDisplayNode(number) for number in range(node.GetNumberOfDisplayNodes())]
    own += [node.GetNthStorageNode(number) for number in range(node.GetNumberOfStorageNodes())]
    scene.RemoveNode(node)
    for other in own:
        if other is not None and other.GetScene() is scene:
            scene.RemoveNode(other)


@contextmanager
def removed_on_failure(scene: Any) -> Iterator[None]:
    """Remove the nodes added inside if it fails; singletons stay, since slice views belong to the application."""
    before = {node.GetID() for node in _nodes(scene)}
    try:
        yield
    except BaseException:
        for node in reversed(_nodes(scene)):
            if node.GetID() not in before and node.GetScene() is scene and not node.GetSingletonTag():
                scene.RemoveNode(node)
        raise


def _nodes(scene: Any) -> list[Any]:
    nodes = scene.GetNodes()
    return [nodes.GetItemAsObject(number) for number in range(nodes.GetNumberOfItems())]


INVERTED = "vtkMRMLColorTableNodeInvertedGrey"
_SPARSE = 8  # a histogram of every eighth row and column is enough
_BREAST = (2.0, 99.8)  # percentiles of what is not air


def set_window(node: Any, header: Header) -> None:
    """Set a volume's window, and invert its greys if the reader left MONOCHROME1 as stored.

    Args:
        node: vtkMRMLScalarVolumeNode.
        header: of its file.
    """
    pixels, display = pixels_of(node)[::_SPARSE, ::_SPARSE], node.GetDisplayNode()
    as_stored = header.is_monochrome1 and air_is_bright(pixels)  # GDCM inverts such images, DCMTK does not
    if as_stored:
        display.SetAndObserveColorNodeID(INVERTED)
    # The window of the header is for inverted values.
    window = (
        header.window if header.window and not as_stored else _range(-pixels.astype(float) if as_stored else pixels)
    )
    low, high = (-window[1], -window[0]) if as_stored else window
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(low, high)


def copy_window(node: Any, source: Any) -> None:
    """Give a volume the window of another one, if both have the same scale of greys."""
    display, other = node.GetDisplayNode(), source.GetDisplayNode()
    if display.GetColorNodeID() == other.GetColorNodeID():
        display.SetWindowLevelMinMax(other.GetWindowLevelMin(), other.GetWindowLevelMax())


def air_is_bright(pixels: NDArray[Any]) -> bool:
    """Whether the most frequent value, which in a mammogram is air, is in the upper half of the range."""
    counts, edges = np.histogram(pixels, bins=64)
    return bool(edges[counts.argmax()] >= (edges[0] + edges[-1]) / 2)


def _range(pixels: NDArray[Any]) -> tuple[float, float]:
    """Of what is not air, which is dark."""
    counts, edges = np.histogram(pixels, bins=64)
    tissue = pixels[pixels > edges[counts[:32].argmax() + 1]]
    low, high = np.percentile(tissue if tissue.size else pixels, _BREAST)
    return float(low), float(max(high, low + 1))
