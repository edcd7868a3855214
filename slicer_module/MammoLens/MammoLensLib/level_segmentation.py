"""The heat levels as a segmentation, to be edited or exported by Slicer's own tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .answers import HeatLevel
from .errors import OverlayError
from .geometry import TOLERANCE, distance
from .reading import read_picture
from .volumes import add_volume, grid_of, remove, removed_on_failure


def add_level_segmentation(
    segmentations: Any, image: Any, slice_node: Any, path: Path | str, levels: Sequence[HeatLevel]
) -> Any:
    """Make a segmentation of a map of levels.

    Args:
        segmentations: vtkSlicerSegmentationsModuleLogic.
        image: vtkMRMLScalarVolumeNode that the map is of; the segmentation's reference.
        slice_node: where it is to be seen.
        path: uint8 ``.nrrd``; 0 none, 1 and up the levels.
        levels: their names and colours.

    Returns:
        vtkMRMLSegmentationNode.

    Raises:
        OverlayError: it does not lie over the image. The scene is as it was.
        SceneError: it cannot be read. The scene is as it was.
    """
    scene, name = image.GetScene(), image.GetName()
    with removed_on_failure(scene):
        labels = add_volume(scene, read_picture(path, name), f"{name} levels", as_label_map=True)
        apart = distance(grid_of(image), grid_of(labels))
        if apart > TOLERANCE:
            reason = f"the levels do not lie over the image (their corners are {apart:.4g} pixels off)"
            raise OverlayError(name, reason, "report this, with the image's machine")
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{name} levels")
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(image)
        if not segmentations.ImportLabelmapToSegmentationNode(labels, node):
            raise OverlayError(name, "the levels cannot be made a segmentation", "the application log says more")
        node.SetAndObserveTransformNodeID(image.GetTransformNodeID())
        node.GetDisplayNode().AddViewNodeID(slice_node.GetID())
        _name_segments(node.GetSegmentation(), levels)
        remove(scene, labels)
    return node


def _name_segments(segmentation: Any, levels: Sequence[HeatLevel]) -> None:
    known = {level.segment: level for level in levels}
    for number in range(segmentation.GetNumberOfSegments()):
        segment = segmentation.GetNthSegment(number)
        level = known.get(segment.GetLabelValue())
        if level is None:
            continue
        segment.SetName(level.name)
        if level.colour:
            segment.SetColor(*(int(level.colour[start : start + 2], 16) / 255 for start in (1, 3, 5)))
