"""The heat over an image: as a scalar volume in the foreground, and on request its levels as a segmentation."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import HeatLevel
from .errors import OverlayError
from .geometry import TOLERANCE, distance
from .reader import Picture, read_picture
from .volumes import add_volume, grid_of, pixels_of, remove, removed_on_failure

SIZE = 256
_COLOURS = ("#ffed78", "#f7862d", "#bd0026")  # pale, orange, dark red: distinct for colour-blind readers, too


@dataclass(frozen=True)
class HeatScale:
    """A scale of colours.

    Attributes:
        low, high: values of the map for the first and the last colour.
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
        levels: of the server; those without a value are left out.
        largest: largest value of the map, the end of the scale if no level has a value.
    """
    known = sorted(
        (level.value, level.colour) for level in levels if level.value is not None and _is_colour(level.colour)
    )
    if not known:
        known = list(zip(np.linspace(0, largest if largest > 0 else 1, len(_COLOURS)), _COLOURS, strict=True))
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


_TRANSFORM_MODIFIED = 15000  # vtkMRMLTransformableNode::TransformModifiedEvent, also when another parent is chosen


class Overlay:
    """One map over one image.

    Below the threshold it is transparent, above it has the colours of the levels. It follows the transform of
    the image.

    Args:
        image: vtkMRMLScalarVolumeNode that the map is of.
        heat: the map.
        levels: of the colours.

    Raises:
        OverlayError: the map does not fit the image, or is not one. The scene stays as it was.
    """

    def __init__(self, image: Any, heat: Picture, levels: Sequence[HeatLevel] = ()) -> None:
        self._scene, self._image = image.GetScene(), image
        self._views: dict[str, Any] = {}
        self._is_on, self._opacity = True, 0.5
        with removed_on_failure(self._scene):
            self.node = add_volume(self._scene, heat, f"{image.GetName()} heat")
            self._check_fit()
            self._colour(levels)
        self._observation = image.AddObserver(_TRANSFORM_MODIFIED, self._follow)
        self._follow()

    @property
    def threshold(self) -> float:
        """The least value of the map that is shown."""
        return float(self.node.GetDisplayNode().GetLowerThreshold())

    def set_threshold(self, value: float | None) -> None:
        """Show the map from this value on; ``None``: from the lowest level on."""
        display = self.node.GetDisplayNode()
        display.SetThreshold(self._scale.low if value is None else value, sys.float_info.max)

    def set_opacity(self, opacity: float) -> None:
        """0, nothing to be seen, to 1, the image hidden behind it."""
        self._opacity = min(1.0, max(0.0, opacity))
        self._show()

    def set_on(self, is_on: bool) -> None:
        """Show it or not."""
        self._is_on = is_on
        self._show()

    def show_in(self, composite: Any) -> None:
        """Show it in a slice view.

        Args:
            composite: vtkMRMLSliceCompositeNode with the image in the background.
        """
        self._views[composite.GetID()] = composite
        self._show()

    def remove(self) -> None:
        """Remove everything that was added."""
        self._image.RemoveObserver(self._observation)
        self._is_on = False
        self._show()
        self._views.clear()
        remove(self._scene, self.node)
        if self._colours.GetScene() is self._scene:
            self._scene.RemoveNode(self._colours)

    def _check_fit(self) -> None:
        name = self._image.GetName()
        if not np.issubdtype(pixels_of(self.node).dtype, np.floating):
            raise OverlayError(name, "the heatmap is not a floating-point image", "update the server")
        apart = distance(grid_of(self._image), grid_of(self.node))
        if apart > TOLERANCE:
            reason = f"the heatmap does not fit the image (its corners are {apart:.4g} pixels off)"
            raise OverlayError(name, reason, "the image is shown without it; report this, with the image's machine")

    def _colour(self, levels: Sequence[HeatLevel]) -> None:
        self._scale = heat_scale(levels, float(pixels_of(self.node).max()))
        self._colours = add_colour_node(self._scene, f"{self.node.GetName()} colours", self._scale)
        display = self.node.GetDisplayNode()
        display.SetAndObserveColorNodeID(self._colours.GetID())
        display.AutoWindowLevelOff()
        display.SetWindowLevelMinMax(self._scale.low, self._scale.high)
        display.AutoThresholdOff()
        display.ApplyThresholdOn()
        self.set_threshold(None)

    def _show(self) -> None:
        for composite in self._views.values():
            ours = composite.GetForegroundVolumeID() == self.node.GetID()
            if self._is_on:
                composite.SetForegroundVolumeID(self.node.GetID())
                composite.SetForegroundOpacity(self._opacity)
            elif ours:  # a volume that a person has put there stays
                composite.SetForegroundVolumeID(None)

    def _follow(self, *_: Any) -> None:
        if self.node.GetTransformNodeID() != self._image.GetTransformNodeID():
            self.node.SetAndObserveTransformNodeID(self._image.GetTransformNodeID())


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
        OverlayError: it does not fit the image. The scene stays as it was.
        SceneError: it cannot be read. The scene stays as it was.
    """
    scene, name = image.GetScene(), image.GetName()
    with removed_on_failure(scene):
        labels = add_volume(scene, read_picture(path, name), f"{name} levels", as_label_map=True)
        apart = distance(grid_of(image), grid_of(labels))
        if apart > TOLERANCE:
            reason = f"the levels do not fit the image (their corners are {apart:.4g} pixels off)"
            raise OverlayError(name, reason, "report this, with the image's machine")
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{name} levels")
        node.CreateDefaultDisplayNodes()
        node.SetReferenceImageGeometryParameterFromVolumeNode(image)
        if not segmentations.ImportLabelmapToSegmentationNode(labels, node):
            raise OverlayError(name, "the levels cannot be made into a segmentation", "the application log says more")
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
