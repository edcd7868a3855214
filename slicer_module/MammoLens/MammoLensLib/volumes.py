"""Volumes of the scene: loaded from a single file, asked where they lie, taken away with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from .errors import SceneError
from .geometry import Grid, Matrix


def load(scene: Any, path: Path | str, name: str, *, as_label_map: bool = False) -> Any:
    """Load one file, never its neighbours: heat_1 and heat_2 in a folder would become one volume of two slices.

    The file is read by the storage node that fits, which vtkSlicerVolumesLogic would try as the last of several: each
    decodes the whole image. The node keeps no path, as files are fetched into a folder that does not last.

    Args:
        scene: takes the volume.
        path: ``.nrrd``, or else DICOM.

    Returns:
        vtkMRMLScalarVolumeNode, or vtkMRMLLabelMapVolumeNode, with its display node.

    Raises:
        SceneError: it cannot be read.
    """
    if str(path).endswith(".nrrd"):
        storage = slicer.vtkMRMLNRRDStorageNode()
    else:
        storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
        storage.SetSingleFile(True)
    storage.SetFileName(str(path))
    with removed_on_failure(scene):
        kind = "vtkMRMLLabelMapVolumeNode" if as_label_map else "vtkMRMLScalarVolumeNode"
        node = scene.AddNewNodeByClass(kind, name)
        image = node.GetImageData() if storage.ReadData(node) else None
        if image is None or image.GetNumberOfPoints() == 0 or image.GetNumberOfScalarComponents() != 1:
            raise SceneError(name, "the image cannot be read", "open the exam again; the application log says more")
        node.CreateDefaultDisplayNodes()
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


def array_of(matrix: Any) -> Matrix:
    """A vtkMatrix4x4 as (4, 4)."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


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
