"""Regions on slicer-core: real curves, real slice nodes; the mouse is the crosshair that Slicer moves with it."""

from typing import Any

import numpy as np
import pytest
import slicer
import vtk
from MammoLensLib.answers import Finding, View
from MammoLensLib.markups import DrawnRegion, RegionError, Regions
from MammoLensLib.volumes import grid_in_world
from vtk.util.numpy_support import numpy_to_vtk

COLUMNS, ROWS, SPACING = 60, 80, (0.5, 0.7)
SQUARE = ((10.0, 20.0), (30.0, 20.0), (30.0, 40.0), (10.0, 40.0))


class TwoViews:
    """Two images in the same plane, each in a view of its own."""

    def __init__(self, scene: Any) -> None:
        self.volumes, self.views = {}, {}
        for image in ("right", "left"):
            self.volumes[image] = scene.AddNode(_volume(image))
            view = slicer.vtkMRMLSliceNode()
            view.SetLayoutName(image)
            self.views[image] = scene.AddNode(view)

    def volume_of(self, image: str) -> Any:
        return self.volumes.get(image)

    def slice_node_of(self, image: str) -> Any:
        return self.views.get(image)

    def image_in(self, slice_node: Any) -> str | None:
        return next((image for image, view in self.views.items() if view is slice_node), None)


def _volume(name: str) -> Any:
    data = vtk.vtkImageData()
    data.SetDimensions(COLUMNS, ROWS, 1)
    data.GetPointData().SetScalars(numpy_to_vtk(np.zeros(COLUMNS * ROWS, np.uint16), deep=True))
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(name)
    volume.SetAndObserveImageData(data)
    volume.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    volume.SetSpacing(*SPACING, 1)
    volume.SetOrigin(5, 7, 0)
    return volume


@pytest.fixture
def a_scene(a_core: Any) -> Any:
    """With the crosshair that follows the mouse."""
    a_core.scene.AddNode(slicer.vtkMRMLCrosshairNode())
    return a_core.scene


@pytest.fixture
def two_views(a_scene: Any) -> TwoViews:
    return TwoViews(a_scene)


@pytest.fixture
def regions(a_scene: Any, two_views: TwoViews) -> Regions:
    return Regions(a_scene, two_views)


def click(scene: Any, views: TwoViews, image: str, *places: tuple[float, float]) -> Any:
    """Click on places of an image, as a person does in place mode."""
    curve = scene.GetNodeByID(scene.GetNodeByID("vtkMRMLSelectionNodeSingleton").GetActivePlaceNodeID())
    for ras in grid_in_world(views.volumes[image]).ras(places):
        scene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCursorPositionXYZ([1.0, 1.0, 0.0], views.views[image])
        curve.AddControlPointWorld(vtk.vtkVector3d(*ras))
    return curve


def a_finding(contour: Any = SQUARE) -> Finding:
    return Finding(1, contour=contour)


def test_drawing_begins_by_giving_the_mouse_the_new_curve(a_scene: Any, regions: Regions) -> None:
    regions.draw()
    interaction = a_scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    placed = a_scene.GetNodeByID("vtkMRMLSelectionNodeSingleton").GetActivePlaceNodeID()
    assert a_scene.GetNodeByID(placed).IsA("vtkMRMLMarkupsClosedCurveNode")
    assert regions.count == 1


def test_a_region_belongs_to_the_view_of_the_first_click_and_is_seen_only_there(
    a_scene: Any, two_views: TwoViews, regions: Regions
) -> None:
    regions.draw()
    curve = click(a_scene, two_views, "left", *SQUARE)
    assert [region.image for region in regions.regions()] == ["left"]
    assert list(curve.GetDisplayNode().GetViewNodeIDs()) == [two_views.views["left"].GetID()]


def test_what_a_region_shows_stays_with_its_curve(regions: Regions) -> None:
    for image in ("right", "left"):
        regions.adjust(View(image), a_finding())
    first, second = regions.drawn()
    assert (first.image, first.finding_type, first.birads) == ("right", None, None)
    regions.assess(second.key, "mass", "4A")
    assert [(one.finding_type, one.birads) for one in regions.regions()] == [(None, None), ("mass", "4A")]
    regions.assess(second.key, None, "2")
    assert regions.drawn()[1] == DrawnRegion(second.key, "left", None, "2")


def test_a_region_is_told_in_pixels_and_runs_through_the_clicked_places(
    a_scene: Any, two_views: TwoViews, regions: Regions
) -> None:
    regions.draw()
    click(a_scene, two_views, "right", *SQUARE)
    points = np.array(regions.regions()[0].points)
    for place in SQUARE:
        assert np.linalg.norm(points - place, axis=1).min() < 1.5


def test_a_region_follows_the_transform_that_its_image_stands_under(
    a_scene: Any, two_views: TwoViews, regions: Regions
) -> None:
    transform = a_scene.AddNode(slicer.vtkMRMLLinearTransformNode())
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 12.0)
    transform.SetMatrixTransformToParent(matrix)
    two_views.volumes["right"].SetAndObserveTransformNodeID(transform.GetID())
    regions.adjust(View("right"), a_finding())
    points = np.array(regions.regions()[0].points)
    assert points.mean(axis=0) == pytest.approx([20, 30], abs=0.5)


def test_a_finding_becomes_a_region_over_its_outline(two_views: TwoViews, regions: Regions) -> None:
    regions.adjust(View("right", name="R CC"), a_finding())
    (region,) = regions.regions()
    assert np.array(region.points).min(axis=0) == pytest.approx([10, 20], abs=0.1)
    assert np.array(region.points).max(axis=0) == pytest.approx([30, 40], abs=0.1)


def test_a_long_outline_gets_few_points_to_drag(a_scene: Any, regions: Regions) -> None:
    angles = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    regions.adjust(
        View("right"), a_finding(tuple(zip(30 + 10 * np.cos(angles), 30 + 10 * np.sin(angles), strict=True)))
    )
    assert a_scene.GetFirstNodeByClass("vtkMRMLMarkupsClosedCurveNode").GetNumberOfControlPoints() <= 24


def test_a_finding_without_an_outline_asks_for_drawing(regions: Regions) -> None:
    with pytest.raises(RegionError, match="draw the region instead"):
        regions.adjust(View("right"), a_finding(()))
    assert regions.count == 0


def test_an_unfinished_region_is_refused_with_what_to_do(a_scene: Any, two_views: TwoViews, regions: Regions) -> None:
    regions.draw()
    click(a_scene, two_views, "right", (10, 10), (20, 20))
    with pytest.raises(RegionError, match="finish it, or remove it"):
        regions.regions()
    regions.remove_last()
    assert regions.regions() == ()


def test_a_region_that_leaves_the_image_is_cut_off_at_its_edge(regions: Regions) -> None:
    regions.adjust(View("right"), a_finding(((50.0, 70.0), (90.0, 70.0), (90.0, 110.0), (50.0, 110.0))))
    points = np.array(regions.regions()[0].points)
    assert (points.max(axis=0) <= [COLUMNS - 1, ROWS - 1]).all()


def test_a_region_that_somebody_deleted_in_slicer_is_gone(a_scene: Any, regions: Regions) -> None:
    regions.adjust(View("right"), a_finding())
    a_scene.RemoveNode(a_scene.GetFirstNodeByClass("vtkMRMLMarkupsClosedCurveNode"))
    assert regions.count == 0


def test_clearing_takes_every_curve_and_its_display_away(a_scene: Any, regions: Regions) -> None:
    before = a_scene.GetNumberOfNodes()
    regions.adjust(View("right"), a_finding())
    regions.draw()
    regions.clear()
    assert a_scene.GetNumberOfNodes() == before


def test_whoever_shows_the_number_is_told_of_every_change(a_scene: Any, regions: Regions) -> None:
    told: list[int] = []
    regions.changed = lambda: told.append(regions.count)
    regions.draw()
    regions.remove_last()
    assert told == [1, 0]
