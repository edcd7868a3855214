"""Volumes of the scene: made of an image that was read, asked where they lie, taken away with what belongs to them."""

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
from .reading import Picture


def add_volume(scene: Any, picture: Picture, name: str, *, as_label_map: bool = False) -> Any:
    """Make a volume of an image that was read. It keeps no path: files are fetched into a folder that does not last.

    Returns:
        vtkMRMLScalarVolumeNode, or vtkMRMLLabelMapVolumeNode, with its display node.
    """
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(picture.grid.ijk_to_ras.ravel())
    with removed_on_failure(scene):
        node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode" if as_label_map else "vtkMRMLScalarVolumeNode", name)
        node.SetIJKToRASMatrix(matrix)
        node.CreateDefaultDisplayNodes()
        if not as_label_map:  # it would look through all pixels for a window, which we set ourselves
            node.GetDisplayNode().AutoWindowLevelOff()
        node.SetAndObserveImageData(picture.data)
    return node


def grid_of(node: Any) -> Grid:
    """Size and place of a volume, without the transform that it stands under."""
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    columns, rows, slices = node.GetImageData().GetDimensions()
    return Grid((columns, rows, slices), array_of(matrix))


def grid_in_world(node: Any) -> Grid:
    """Size and place of a volume as it is shown.

    Raises:
        SceneError: it stands under a transform that bends.
    """
    grid, parent = grid_of(node), node.GetParentTransformNode()
    if parent is None:
        return grid
    matrix = vtk.vtkMatrix4x4()
    if not parent.IsTransformToWorldLinear() or not parent.GetMatrixTransformToWorld(matrix):
        raise SceneError(node.GetName(), "stands under a transform that bends it", "take it out of the transform")
    return Grid(grid.size, array_of(matrix) @ grid.ijk_to_ras)


def pixels_of(node: Any) -> NDArray[Any]:
    """``(rows, cols)`` of a one-slice volume; a view, not a copy."""
    image = node.GetImageData()
    columns, rows, _ = image.GetDimensions()
    return np.asarray(vtk_to_numpy(image.GetPointData().GetScalars())).reshape(-1, rows, columns)[0]


def remove(scene: Any, node: Any) -> None:
    """Take a node away, with display and storage nodes that only it uses."""
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
    """Whatever nodes are added inside go again if it fails; singletons stay: slice views are the application's."""
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
