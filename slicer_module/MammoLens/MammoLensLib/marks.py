"""Findings as markups: the outline with rank and area, in the view of its image alone."""

from __future__ import annotations

from typing import Any

from vtk import vtkVector3d

from .answers import Finding, View
from .volumes import grid_of

_COLOUR = (0.25, 0.9, 1.0)  # neither grey nor one of the heat's


def add_mark(scene: Any, volume: Any, slice_node: Any, view: View, finding: Finding) -> Any:
    """Draw a finding.

    Args:
        volume: of the view's image; the mark stands under its transform.
        slice_node: where it is to be seen: all images lie in the same plane.

    Returns:
        a closed curve, or a point where the finding has no outline; ``None`` if it has no place at all.
    """
    points = finding.contour or ((finding.peak_location,) if finding.peak_location else ())
    if not points:
        return None
    kind = "vtkMRMLMarkupsClosedCurveNode" if finding.contour else "vtkMRMLMarkupsFiducialNode"
    node = scene.AddNewNodeByClass(kind, mark_name(view, finding))
    node.SetDescription(finding.text or "")
    for ras in grid_of(volume).ras(points):
        node.AddControlPoint(vtkVector3d(*ras), "")
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
    """ "R CC 1, 35 mm²"."""
    area = "" if finding.area_mm2 is None else f", {finding.area_mm2:.0f} mm\N{SUPERSCRIPT TWO}"
    return f"{view.name} {finding.rank}{area}"


def _dress(node: Any, slice_node: Any, outlined: bool) -> None:
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.AddViewNodeID(slice_node.GetID())
    display.SetColor(*_COLOUR)
    display.SetSelectedColor(*_COLOUR)
    display.SetTextScale(2.5)
    display.SetGlyphScale(0.6 if outlined else 2.0)
    display.SetPropertiesLabelVisibility(outlined)
    display.SetPointLabelsVisibility(not outlined)
