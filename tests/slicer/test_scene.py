"""Exams in a real MRML scene: opened, exchanged, left alone where the next cannot be shown."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from MammoLensLib.answers import ExamDetail, ExamEntry, Finding, HangingSlot, HeatLevel, View
from MammoLensLib.comparison import Comparison
from MammoLensLib.errors import MammoLensError, OverlayError, SceneError
from MammoLensLib.fetch import FetchedExam, FetchedView
from MammoLensLib.geometry import array_of
from MammoLensLib.reader import read_exam
from MammoLensLib.scene import Scene
from MammoLensLib.volumes import grid_of

from .conftest import Core, WritePhantom, spot, write_map

LEVELS = (HeatLevel("low", 1.0, 0.5, 1, "#ffed78"), HeatLevel("high", 3.0, 0.05, 2, "#bd0026"))
OUTLINE = ((90.0, 80.0), (110.0, 80.0), (110.0, 100.0), (90.0, 100.0))
FINDINGS = (
    Finding(1, "high, 100 mm2", "high", 6.0, (100.0, 90.0), (90, 80, 110, 100), OUTLINE, 100.0, 1),
    Finding(2, "low", "low", 1.5, (20.0, 30.0), number=2),
)
MakeExam = Callable[..., FetchedExam]


@pytest.fixture
def an_exam(write_phantom: WritePhantom, tmp_path: Path) -> MakeExam:
    """A four-view exam of phantoms with heat and findings."""

    def make(name: str = "e-1") -> FetchedExam:
        views = []
        for number in range(4):
            image = write_phantom(number)
            laterality, projection = image.stem.split("_")
            slot = HangingSlot(f"{laterality} {projection}", ["CC", "MLO"].index(projection), "RL".index(laterality))
            view = View(f"{name} {image.stem}", laterality=laterality, name=slot.label, slot=slot, findings=FINDINGS)
            heat = write_map(spot((220, 180), (100, 90), 12), image, tmp_path / f"{name} {image.stem}.nrrd")
            views.append(FetchedView(view, image, heat))
        detail = ExamDetail(ExamEntry(name), levels=LEVELS, views=tuple(one.view for one in views))
        return FetchedExam(detail, tuple(views))

    return make


@pytest.fixture
def a_scene(a_core: Core) -> Scene:
    return Scene(a_core.scene, a_core.segmentations)


def state(core: Core) -> Any:
    """All that a person sees: nodes, layout, what each view shows and how."""
    scene = core.scene
    views = [
        (
            node.GetID(),
            node.GetBackgroundVolumeID(),
            node.GetForegroundVolumeID(),
            node.GetForegroundOpacity(),
            node.GetLabelVolumeID(),
        )
        for node in map(scene.GetNodeByID, core.names("vtkMRMLSliceCompositeNode"))
    ]
    axes = [
        (array_of(node.GetSliceToRAS()).tolist(), node.GetFieldOfView())
        for node in map(scene.GetNodeByID, core.names("vtkMRMLSliceNode"))
    ]
    return core.names(), views, axes, scene.GetFirstNodeByClass("vtkMRMLLayoutNode").GetViewArrangement()


def test_an_exam_is_shown_view_by_view(a_core: Core, a_scene: Scene, an_exam: MakeExam) -> None:
    a_scene.open(read_exam(an_exam()))
    assert a_scene.problems == ()
    for name in ("R_CC", "L_CC", "R_MLO", "L_MLO"):
        image = f"e-1 {name}"
        volume, slice_node = a_scene.volume_of(image), a_scene.slice_node_of(image)
        assert slice_node.GetLayoutName() == name.replace("_", "-")
        composite = a_core.scene.GetNodeByID(f"vtkMRMLSliceCompositeNode{slice_node.GetLayoutName()}")
        assert composite.GetBackgroundVolumeID() == volume.GetID()
        assert a_core.scene.GetNodeByID(composite.GetForegroundVolumeID()).GetName() == f"{volume.GetName()} heat"
        assert a_scene.image_in(slice_node) == image
        assert volume.GetStorageNode() is None, "the node names a file that will not last"
    assert a_scene.volume_of("another") is a_scene.slice_node_of("another") is None


def test_findings_are_marked_in_their_own_view_alone(a_core: Core, a_scene: Scene, an_exam: MakeExam) -> None:
    a_scene.open(read_exam(an_exam()))
    curves = [a_core.scene.GetNodeByID(name) for name in a_core.names("vtkMRMLMarkupsClosedCurveNode")]
    points = [a_core.scene.GetNodeByID(name) for name in a_core.names("vtkMRMLMarkupsFiducialNode")]
    assert {curve.GetName() for curve in curves} == {
        f"{view} 1, 100 mm\N{SUPERSCRIPT TWO}" for view in ("R CC", "L CC", "R MLO", "L MLO")
    }
    assert {point.GetName() for point in points} == {f"{view} 2" for view in ("R CC", "L CC", "R MLO", "L MLO")}
    for mark in (*curves, *points):
        image = f"e-1 {mark.GetName()[:5].rstrip(' 12,').replace(' ', '_')}"
        slice_node, volume = a_scene.slice_node_of(image), a_scene.volume_of(image)
        display = mark.GetDisplayNode()
        assert list(display.GetViewNodeIDs()) == [slice_node.GetID()]
        ras = [mark.GetNthControlPointPositionWorld(n) for n in range(mark.GetNumberOfControlPoints())]
        expected = OUTLINE if len(ras) > 1 else [(20.0, 30.0)]
        assert grid_of(volume).pixels(ras) == pytest.approx(np.array(expected), abs=1e-6)
        assert mark.GetLocked()


def test_a_finding_is_jumped_to_in_its_view(a_scene: Scene, an_exam: MakeExam) -> None:
    a_scene.open(read_exam(an_exam()))
    image = "e-1 L_CC"
    node, grid = a_scene.slice_node_of(image), grid_of(a_scene.volume_of(image))
    for rank, place in ((1, (100, 90)), (2, (20, 30))):
        a_scene.show_finding(image, rank)
        columns, rows, _ = node.GetDimensions()
        middle = node.GetXYToRAS().MultiplyPoint((columns / 2, rows / 2, 0, 1))[:3]
        assert grid.pixels([middle])[0] == pytest.approx(place, abs=1e-6)
    before = array_of(node.GetSliceToRAS())
    a_scene.show_finding(image, 7)
    assert np.array_equal(array_of(node.GetSliceToRAS()), before)


def test_a_view_that_gets_another_size_keeps_the_scale_of_all(a_core: Core, a_scene: Scene, an_exam: MakeExam) -> None:
    a_scene.open(read_exam(an_exam()))
    nodes = [a_scene.slice_node_of(f"e-1 {name}") for name in ("R_CC", "L_CC", "R_MLO", "L_MLO")]
    for node, size in zip(nodes, [(700, 300), (650, 300), (700, 410), (650, 410)], strict=True):
        node.SetDimensions(*size, 1)
    assert len({round(node.GetFieldOfView()[0] / node.GetDimensions()[0], 9) for node in nodes}) == 1
    assert nodes[0].GetFieldOfView()[1] == pytest.approx(220 * 0.5)
    a_scene.close()
    nodes[0].SetDimensions(100, 100, 1)
    assert nodes[0].GetFieldOfView()[1] == pytest.approx(220 * 0.5), "views are still watched"


def test_the_next_exam_takes_the_place_of_the_one_before(a_core: Core, a_scene: Scene, an_exam: MakeExam) -> None:
    a_scene.open(read_exam(an_exam("e-1")))
    a_scene.set_heat(True, 0.8, 3.0)
    count = len(a_core.names())
    a_scene.open(read_exam(an_exam("e-2")))
    assert len(a_core.names()) == count
    assert a_scene.volume_of("e-1 R_CC") is None
    composite = a_core.scene.GetNodeByID("vtkMRMLSliceCompositeNodeR-CC")
    assert composite.GetBackgroundVolumeID() == a_scene.volume_of("e-2 R_CC").GetID()
    assert composite.GetForegroundOpacity() == 0.8, "the person's setting is forgotten"
    heat = a_core.scene.GetNodeByID(composite.GetForegroundVolumeID())
    assert heat.GetDisplayNode().GetLowerThreshold() == 3.0


def test_closing_leaves_nothing_but_the_views(a_core: Core, a_scene: Scene, an_exam: MakeExam) -> None:
    layout = a_core.scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    layout.SetViewArrangement(3)
    before = set(a_core.names())
    a_scene.open(read_exam(an_exam()))
    a_scene.open(read_exam(an_exam("e-2")))
    a_scene.close()
    left = {name for name in set(a_core.names()) - before if not name.startswith("vtkMRMLSlice")}
    assert left == set()
    assert layout.GetViewArrangement() == 3
    a_scene.close()


@pytest.mark.parametrize("there_is_one_before", [True, False])
@pytest.mark.parametrize("spoiled", [0, 3])
def test_an_exam_that_cannot_be_read_leaves_the_scene_as_it_was(
    a_core: Core, a_scene: Scene, an_exam: MakeExam, tmp_path: Path, there_is_one_before: bool, spoiled: int
) -> None:
    if there_is_one_before:
        a_scene.open(read_exam(an_exam("e-1")))
        a_scene.show_finding("e-1 L_CC", 1)
    before = state(a_core)
    exam = an_exam("e-2")
    (tmp_path / "cut.dcm").write_bytes(exam.views[spoiled].image.read_bytes()[:700])
    views = list(exam.views)
    views[spoiled] = replace(views[spoiled], image=tmp_path / "cut.dcm")
    with pytest.raises(SceneError, match="cannot be read"):
        a_scene.open(read_exam(replace(exam, views=tuple(views))))
    assert state(a_core) == before
    assert (a_scene.volume_of("e-1 R_CC") is not None) == there_is_one_before


def test_an_image_without_its_heat_is_shown_and_the_reason_told(
    a_core: Core, a_scene: Scene, an_exam: MakeExam, tmp_path: Path
) -> None:
    exam = an_exam()
    moved = sitk.ReadImage(str(exam.views[1].heat))
    moved.SetOrigin([moved.GetOrigin()[0] + 3, *moved.GetOrigin()[1:]])
    sitk.WriteImage(moved, str(tmp_path / "moved.nrrd"))
    views = list(exam.views)
    views[0] = replace(views[0], heat=None, problem="the server was too slow; try again")
    views[1] = replace(views[1], heat=tmp_path / "moved.nrrd")
    a_scene.open(read_exam(replace(exam, views=tuple(views))))
    assert len(a_scene.problems) == 2
    assert a_scene.problems[0].endswith("the server was too slow; try again")
    assert "does not fit the image" in a_scene.problems[1]
    shown = [
        a_core.scene.GetNodeByID(name).GetForegroundVolumeID() is not None
        for name in a_core.names("vtkMRMLSliceCompositeNode")
    ]
    assert sorted(shown) == [False, False, True, True]


def test_somebody_elses_foreground_stays_when_the_heat_goes_off(
    a_core: Core, a_scene: Scene, an_exam: MakeExam
) -> None:
    a_scene.open(read_exam(an_exam()))
    composite = a_core.scene.GetNodeByID("vtkMRMLSliceCompositeNodeR-CC")
    composite.SetForegroundVolumeID(a_scene.volume_of("e-1 L_CC").GetID())
    a_scene.set_heat(False, 0.5, None)
    assert composite.GetForegroundVolumeID() == a_scene.volume_of("e-1 L_CC").GetID()


def test_images_that_the_person_removed_are_no_trouble(a_core: Core, a_scene: Scene, an_exam: MakeExam) -> None:
    a_scene.open(read_exam(an_exam()))
    a_core.scene.RemoveNode(a_scene.volume_of("e-1 R_CC"))
    a_scene.fit()
    a_scene.show_finding("e-1 R_CC", 1)
    a_scene.set_heat(True, 0.3, None)
    assert a_scene.volume_of("e-1 R_CC") is None
    a_scene.open(read_exam(an_exam("e-2")))
    a_core.scene.Clear(False)
    a_scene.forget()
    a_scene.open(read_exam(an_exam("e-3")))
    assert a_scene.volume_of("e-3 R_CC") is not None


def level_maps(exam: FetchedExam, folder: Path) -> dict[str, Path]:
    """Maps of levels, as the server gives them."""
    files = {}
    for number, one in enumerate(exam.views):
        heat = sitk.GetArrayFromImage(sitk.ReadImage(str(one.heat)))[0]
        levels = np.digitize(heat, [1.0, 3.0]).astype(np.uint8)
        files[one.view.image] = write_map(levels, one.image, folder / f"levels {number}.nrrd")
    return files


def test_levels_become_a_segmentation_a_view(a_core: Core, a_scene: Scene, an_exam: MakeExam, tmp_path: Path) -> None:
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    exam = an_exam()
    a_scene.open(read_exam(exam))
    files = level_maps(exam, tmp_path)
    a_scene.add_levels(files)
    a_scene.add_levels(files)  # again: those of before go
    names = a_core.names("vtkMRMLSegmentationNode")
    assert len(names) == 4
    assert a_core.names("vtkMRMLLabelMapVolumeNode") == []
    node = next(n for n in map(a_core.scene.GetNodeByID, names) if n.GetName() == "R CC levels")
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetNthSegment(number) for number in range(2)]
    assert [segment.GetName() for segment in segments] == ["low", "high"]
    assert segments[1].GetColor() == pytest.approx((189 / 255, 0, 38 / 255))
    assert list(node.GetDisplayNode().GetViewNodeIDs()) == [a_scene.slice_node_of("e-1 R_CC").GetID()]
    image = vtk.vtkImageData()
    image.DeepCopy(segments[1].GetRepresentation("Binary labelmap"))
    counted = np.count_nonzero(vtk_to_numpy(image.GetPointData().GetScalars()) == segments[1].GetLabelValue())
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(files["e-1 R_CC"])))
    assert counted == np.count_nonzero(expected == 2)


def test_misplaced_levels_add_nothing(a_core: Core, a_scene: Scene, an_exam: MakeExam, tmp_path: Path) -> None:
    exam = an_exam()
    a_scene.open(read_exam(exam))
    files = level_maps(exam, tmp_path)
    spoiled = sitk.ReadImage(str(files["e-1 R_MLO"]))
    spoiled.SetSpacing([0.6, 0.6, 1])
    sitk.WriteImage(spoiled, str(files["e-1 R_MLO"]))
    before = state(a_core)
    with pytest.raises(OverlayError, match="levels do not fit"):
        a_scene.add_levels(files)
    assert state(a_core) == before


def test_a_bent_image_is_refused_in_words(a_core: Core, a_scene: Scene, an_exam: MakeExam) -> None:
    a_scene.open(read_exam(an_exam()))
    bent = a_core.scene.AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    a_scene.volume_of("e-1 R_CC").SetAndObserveTransformNodeID(bent.GetID())
    with pytest.raises(MammoLensError, match="non-linear transform"):
        a_scene.fit()


def prior_of(exam: FetchedExam) -> tuple[FetchedExam, dict[str, str]]:
    """An earlier exam of the same images, and which current image each is compared with."""
    views = [
        replace(
            one,
            view=replace(one.view, image=f"prior {one.view.image}", name=f"{one.view.name} prior 2024", findings=()),
        )
        for one in exam.views
    ]
    return FetchedExam(exam.detail, tuple(views)), {f"prior {one.view.image}": one.view.image for one in exam.views}


def test_priors_hang_below_their_current_views_in_one_window_and_move_with_them(
    a_core: Core, a_scene: Scene, an_exam: MakeExam
) -> None:
    exam = an_exam()
    a_scene.open(read_exam(exam))
    before = a_core.names("vtkMRMLScalarVolumeNode")
    display = a_scene.volume_of("e-1 R_CC").GetDisplayNode()
    display.SetWindowLevelMinMax(11, 222)
    prior, pairs = prior_of(exam)
    assert a_scene.add_prior(read_exam(prior), pairs) == ()
    a_scene.compare(Comparison.BOTH)
    layouts = a_core.scene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    shown = layouts.GetLayoutDescription(layouts.GetViewArrangement())
    rows = [re.findall(r'singletontag="([^"]+)"', row) for row in shown.split('<layout type="horizontal">')[1:]]
    assert rows == [["R-CC", "L-CC"], ["R-CC-prior", "L-CC-prior"], ["R-MLO", "L-MLO"], ["R-MLO-prior", "L-MLO-prior"]]
    assert "R CC prior 2024" in shown
    current, below = (a_core.scene.GetSingletonNode(name, "vtkMRMLSliceNode") for name in ("R-CC", "R-CC-prior"))
    assert current.GetFieldOfView()[:2] == below.GetFieldOfView()[:2]
    composite = a_core.scene.GetNodeByID("vtkMRMLSliceCompositeNodeR-CC-prior")
    volume = a_core.scene.GetNodeByID(composite.GetBackgroundVolumeID())
    assert volume.GetName() == "R CC prior 2024"
    assert composite.GetForegroundVolumeID()
    assert (volume.GetDisplayNode().GetWindowLevelMin(), volume.GetDisplayNode().GetWindowLevelMax()) == (11, 222)

    a_scene.show_finding("e-1 R_CC", 1)
    assert current.GetFieldOfView()[0] == pytest.approx(below.GetFieldOfView()[0])
    np.testing.assert_allclose(a_core.picture(current), a_core.picture(below), atol=1)

    a_scene.compare(Comparison.PRIOR)
    a_scene.compare(Comparison.CURRENT)
    a_scene.open(read_exam(an_exam("e-2")))
    assert len(a_core.names("vtkMRMLScalarVolumeNode")) == len(before)


def test_a_prior_of_another_machine_keeps_its_window_and_has_no_heat_of_other_levels(
    a_core: Core, a_scene: Scene, an_exam: MakeExam
) -> None:
    exam = an_exam()
    a_scene.open(read_exam(exam))
    a_scene.volume_of("e-1 R_CC").GetDisplayNode().SetWindowLevelMinMax(11, 222)
    prior, pairs = prior_of(exam)
    read = read_exam(prior)
    others = tuple(replace(one, header=replace(one.header, machine=("Other",))) for one in read.views)
    problems = a_scene.add_prior(replace(read, views=others), pairs)
    why = "the image is of another machine, whose heat levels differ"
    assert problems[0] == f"R CC prior 2024: its heat is not shown: {why}"
    a_scene.compare(Comparison.BOTH)
    composite = a_core.scene.GetNodeByID("vtkMRMLSliceCompositeNodeR-CC-prior")
    display = a_core.scene.GetNodeByID(composite.GetBackgroundVolumeID()).GetDisplayNode()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) != (11, 222)
    assert not composite.GetForegroundVolumeID()
