"""An anomaly map over its image: a scalar volume in the foreground, never a segmentation."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from .answers import HeatLevel
from .colours import add_colour_node, heat_scale
from .errors import OverlayError
from .geometry import TOLERANCE, distance
from .reading import Picture
from .volumes import add_volume, grid_of, pixels_of, remove, removed_on_failure

_TRANSFORM_MODIFIED = 15000  # vtkMRMLTransformableNode::TransformModifiedEvent, also when another parent is chosen


class Overlay:
    """One map over one image.

    Below the threshold it is transparent, above it has the colours of the levels. It stands under the same transform as
    the image, also when that changes.

    Args:
        image: vtkMRMLScalarVolumeNode that the map is of.
        heat: the map.
        levels: what the colours stand for.

    Raises:
        OverlayError: the map does not lie over the image, or is none. The scene is as it was.
    """

    def __init__(self, image: Any, heat: Picture, levels: Sequence[HeatLevel] = ()) -> None:
        self._scene, self._image = image.GetScene(), image
        self._views: dict[str, Any] = {}
        self._is_on, self._opacity = True, 0.5
        with removed_on_failure(self._scene):
            self.node = add_volume(self._scene, heat, f"{image.GetName()} heat")
            self._refuse_what_does_not_match()
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
        """Take away everything that was made."""
        self._image.RemoveObserver(self._observation)
        self._is_on = False
        self._show()
        self._views.clear()
        remove(self._scene, self.node)
        if self._colours.GetScene() is self._scene:
            self._scene.RemoveNode(self._colours)

    def _refuse_what_does_not_match(self) -> None:
        name = self._image.GetName()
        if not np.issubdtype(pixels_of(self.node).dtype, np.floating):
            raise OverlayError(name, "the heatmap is none (it holds no measured values)", "update the server")
        apart = distance(grid_of(self._image), grid_of(self.node))
        if apart > TOLERANCE:
            reason = f"the heatmap does not lie over the image (its corners are {apart:.4g} pixels off)"
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
            elif ours:  # another volume that somebody has put there stays
                composite.SetForegroundVolumeID(None)

    def _follow(self, *_: Any) -> None:
        if self.node.GetTransformNodeID() != self._image.GetTransformNodeID():
            self.node.SetAndObserveTransformNodeID(self._image.GetTransformNodeID())
