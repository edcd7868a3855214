"""Markups over the images: outlines of findings, and regions that the person draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray

from .answers import Finding, Region, View
from .errors import MammoLensError
from .volumes import grid_in_world, grid_of, remove

_FINDING_COLOUR = (0.25, 0.9, 1.0)  # neither grey nor one of the heat's


def add_mark(scene: Any, volume: Any, slice_node: Any, view: View, finding: Finding) -> Any:
    """Outline a finding.

    Args:
        volume: of the view's image; the mark follows its transform.
        slice_node: the only view that shows it, since all images lie in the same plane.

    Returns:
        a closed curve, or a point where the finding has no outline; ``None`` if it has no location.
    """
    points = finding.contour or ((finding.peak_location,) if finding.peak_location else ())
    if not points:
        return None
    kind = "vtkMRMLMarkupsClosedCurveNode" if finding.contour else "vtkMRMLMarkupsFiducialNode"
    node = scene.AddNewNodeByClass(kind, mark_name(view, finding))
    node.SetDescription(finding.text or "")
    for ras in grid_of(volume).ras(points):
        node.AddControlPoint(vtk.vtkVector3d(*ras), "")
    if finding.contour:
        node.SetCurveTypeToLinear()
    else:
        node.SetNthControlPointLabel(0, mark_name(view, finding))
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    node.SetLocked(True)
    for number in range(node.GetNumberOfMeasurements()):  # area and rank are the server's, measured in the map
        node.GetNthMeasurement(number).SetEnabled(False)
    _dress(node, slice_node, outlined=bool(finding.contour))
    return node


def mark_name(view: View, finding: Finding) -> str:
    """ "R CC 1, 35 mm²": view, number and area."""
    area = "" if finding.area_mm2 is None else f", {finding.area_mm2:.0f} mm\N{SUPERSCRIPT TWO}"
    return f"{view.name} {finding.number}{area}"


def _dress(node: Any, slice_node: Any, outlined: bool) -> None:
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.AddViewNodeID(slice_node.GetID())
    display.SetColor(*_FINDING_COLOUR)
    display.SetSelectedColor(*_FINDING_COLOUR)
    display.SetTextScale(2.5)
    display.SetGlyphScale(0.6 if outlined else 2.0)
    display.SetPropertiesLabelVisibility(outlined)
    display.SetPointLabelsVisibility(not outlined)


MOST_POINTS = 200
"""Of an outline; more adds no detail that a person drew."""


def thinned(outline: Sequence[Sequence[float]] | NDArray[np.float64], most: int = MOST_POINTS) -> NDArray[np.float64]:
    """At most ``most`` points of a closed outline ``(n, 2)``, evenly chosen along it."""
    points = np.asarray(outline, dtype=float).reshape(-1, 2)
    if len(points) <= most:
        return points
    steps = np.linalg.norm(np.diff(points, axis=0, append=points[:1]), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
    wanted = np.linspace(0, steps.sum(), most, endpoint=False)
    return points[np.unique(np.searchsorted(along, wanted).clip(max=len(points) - 1))]


_REGION_COLOUR = (0.45, 1.0, 0.35)  # neither grey, nor one of the heat's, nor that of the findings' outlines
_FINDING_TYPE, _BIRADS = "MammoLens.FindingType", "MammoLens.BIRADS"  # attributes of a curve, saved with the scene
_HANDLES = 24  # points of a finding's outline that can be dragged


class RegionError(MammoLensError):
    """A region that cannot be used."""


@dataclass(frozen=True)
class DrawnRegion:
    """A region in the scene.

    Attributes:
        key: of this region among the others.
        image: id of the image that it is on; ``None`` until its first point is set.
        finding_type, birads: as of :class:`.answers.Region`.
    """

    key: str
    image: str | None
    finding_type: str | None = None
    birads: str | None = None


class Shown(Protocol):
    """The images on the screen."""

    def volume_of(self, image: str) -> Any:
        """Its volume, or ``None``."""

    def slice_node_of(self, image: str) -> Any:
        """The view that it is in, or ``None``."""

    def image_in(self, slice_node: Any) -> str | None:
        """The image's id that a view shows."""


class Regions:
    """Curves in the scene.

    Args:
        scene: the MRML scene.
        shown: what is on the screen.
    """

    def __init__(self, scene: Any, shown: Shown) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._scene, self._shown = scene, shown
        self._curves: list[tuple[Any, str | None]] = []  # the second: the image, once the first point is set

    @property
    def count(self) -> int:
        """How many there are, an unfinished one among them."""
        return len(self._present())

    def draw(self) -> None:
        """Let the person click around a region in a view; the view of the first click is its own."""
        curve = self._add(None, "Region")
        curve.AddObserver(slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent, self._assign)
        selection = self._scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
        interaction = self._scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        selection.SetReferenceActivePlaceNodeClassName(curve.GetClassName())
        selection.SetActivePlaceNodeID(curve.GetID())
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(interaction.Place)
        self.changed()

    def adjust(self, view: View, finding: Finding) -> None:
        """Make a region of a finding's outline, whose points can be dragged.

        Raises:
            RegionError: the finding has no outline.
        """
        if len(finding.contour) < 3:
            raise RegionError(view.name, "this finding has no outline", "draw the region instead")
        volume, curve = self._volume(view.image), self._add(view.image, f"Region {view.name}")
        self._place_in(curve, view.image)
        curve.SetCurveTypeToLinear()  # its points are many; a smooth curve through few would bulge
        for point in grid_in_world(volume).ras(thinned(finding.contour, _HANDLES)):
            curve.AddControlPointWorld(vtk.vtkVector3d(*point))
        self.changed()

    def drawn(self) -> tuple[DrawnRegion, ...]:
        """All of them, the oldest first."""
        return tuple(
            DrawnRegion(curve.GetID(), image, curve.GetAttribute(_FINDING_TYPE), curve.GetAttribute(_BIRADS))
            for curve, image in self._present()
        )

    def assess(self, key: str, finding_type: str | None, birads: str | None) -> None:
        """State what a region shows; ``None``: not stated."""
        for curve, _ in self._present():
            if curve.GetID() == key:
                curve.SetAttribute(_FINDING_TYPE, finding_type)
                curve.SetAttribute(_BIRADS, birads)

    def remove_last(self) -> None:
        """Remove the one that was made last."""
        for curve, _ in self._present()[-1:]:
            remove(self._scene, curve)
        self.changed()

    def clear(self) -> None:
        """Remove all."""
        for curve, _ in self._present():
            remove(self._scene, curve)
        self._curves = []
        self.changed()

    def regions(self) -> tuple[Region, ...]:
        """In pixels of their images, cut off at the images' edges.

        Raises:
            RegionError: one is unfinished.
        """
        return tuple(self._region(curve, image) for curve, image in self._present())

    def _present(self) -> list[tuple[Any, str | None]]:
        """Those that are still in the scene; a person may remove one in Slicer."""
        self._curves = [(curve, image) for curve, image in self._curves if curve.GetScene() is self._scene]
        return self._curves

    def _add(self, image: str | None, name: str) -> Any:
        curve = self._scene.AddNewNodeByClass("vtkMRMLMarkupsClosedCurveNode", self._scene.GenerateUniqueName(name))
        curve.CreateDefaultDisplayNodes()
        display = curve.GetDisplayNode()
        display.SetSelectedColor(*_REGION_COLOUR)
        display.SetPointLabelsVisibility(False)
        display.SetPropertiesLabelVisibility(False)
        self._curves.append((curve, image))
        return curve

    def _assign(self, curve: Any, event: Any) -> None:
        """A first point was set: the region belongs to the view that the mouse is in."""
        known = next((image for one, image in self._curves if one is curve), None)
        crosshair = self._scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if known is not None or crosshair is None:
            return
        slice_node = crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0])
        image = None if slice_node is None else self._shown.image_in(slice_node)
        if image is not None:
            self._curves = [(one, image if one is curve else of) for one, of in self._curves]
            self._place_in(curve, image)
            self.changed()

    def _place_in(self, curve: Any, image: str) -> None:
        slice_node = self._shown.slice_node_of(image)
        if slice_node is not None:
            curve.GetDisplayNode().SetViewNodeIDs([slice_node.GetID()])  # all images lie in the same plane

    def _region(self, curve: Any, image: str | None) -> Region:
        name, points = curve.GetName(), vtk.vtkPoints()
        curve.GetControlPointPositionsWorld(points)
        if image is None or points.GetNumberOfPoints() < 3:
            raise RegionError(name, "has fewer than three points", "finish it, or remove it")
        grid, drawn = grid_in_world(self._volume(image)), curve.GetCurvePointsWorld()
        ras = [drawn.GetPoint(number) for number in range(drawn.GetNumberOfPoints())]
        pixels = np.clip(grid.pixels(ras), 0, np.subtract(grid.size[:2], 1))
        points = tuple((round(float(x), 1), round(float(y), 1)) for x, y in thinned(pixels))
        return Region(image, points, curve.GetAttribute(_FINDING_TYPE), curve.GetAttribute(_BIRADS))

    def _volume(self, image: str) -> Any:
        volume = self._shown.volume_of(image)
        if volume is None:
            raise RegionError("This view", "is no longer shown", "open the exam again")
        return volume
