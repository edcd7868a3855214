"""An exam of two made-up images: shown, hung, with its heat, taken away."""

import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import slicer
import vtk
from MammoLensLib.answers import ExamDetail, ExamEntry, Finding, HangingSlot, HeatLevel, View
from MammoLensLib.fetch import FetchedExam, FetchedView
from MammoLensLib.markups import Regions
from MammoLensLib.reader import read_exam
from MammoLensLib.scene import Scene
from vtk.util.numpy_support import numpy_to_vtk

COLUMNS, ROWS = 60, 80
SQUARE = ((20.0, 30.0), (40.0, 30.0), (40.0, 50.0), (20.0, 50.0))


def written(pixels, file):
    """An image as .nrrd, half a millimetre a pixel."""
    data = vtk.vtkImageData()
    data.SetDimensions(pixels.shape[1], pixels.shape[0], 1)
    data.GetPointData().SetScalars(numpy_to_vtk(pixels.ravel(), deep=True))
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetSpacing(0.5, 0.5, 1)
    volume.SetAndObserveImageData(data)
    storage = slicer.vtkMRMLNRRDStorageNode()
    storage.SetFileName(str(file))
    storage.WriteData(volume)
    return file


def exam_in(folder):
    """A finding of 20 by 20 pixels in each of two views."""
    finding = Finding(1, "R CC, outer, high", "high", 9.0, (30.0, 40.0), (20.0, 30.0, 40.0, 50.0), SQUARE, 100.0, 1)
    heat = np.zeros((ROWS, COLUMNS), np.float32)
    heat[30:50, 20:40] = 9.0
    views = []
    for side in "RL":
        slot = HangingSlot(f"{side} CC", 0, "RL".index(side))
        view = View(f"image-{side}", laterality=side, name=slot.label, slot=slot, findings=(finding,))
        image = written(np.full((ROWS, COLUMNS), 500, np.uint16), folder / f"{side}.nrrd")
        views.append(FetchedView(view, image, written(heat, folder / f"{side}.heat.nrrd")))
    levels = (HeatLevel("low", 2.0, 0.5, 1, "#ffed78", "half"), HeatLevel("high", 8.0, 0.05, 2, "#bd0026", "few"))
    detail = ExamDetail(ExamEntry("e-0"), levels=levels, views=tuple(one.view for one in views))
    return FetchedExam(detail, tuple(views))


class SceneTestCase(unittest.TestCase):
    """What the panel asks of the scene."""

    def setUp(self):
        slicer.mrmlScene.Clear(0)
        self.scene = Scene(slicer.mrmlScene, slicer.modules.segmentations.logic())
        with TemporaryDirectory() as folder:
            self.scene.open(read_exam(exam_in(Path(folder))))

    def tearDown(self):
        self.scene.close()

    def test_each_image_has_a_view_of_its_own_with_its_heat_in_front(self):
        for side in "RL":
            name = f"{side}-CC"
            composite = next(
                node
                for node in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
                if node.GetLayoutName() == name
            )
            self.assertEqual(composite.GetBackgroundVolumeID(), self.scene.volume_of(f"image-{side}").GetID())
            self.assertIsNotNone(composite.GetForegroundVolumeID())

    def test_the_heat_can_be_switched_off(self):
        self.scene.set_heat(False, 0.5, None)
        composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        self.assertFalse([node for node in composites if node.GetForegroundVolumeID()])

    def test_a_finding_comes_to_the_middle_of_its_view(self):
        self.scene.show_finding("image-R", 1)
        node = self.scene.slice_node_of("image-R")
        middle = [node.GetSliceToRAS().GetElement(row, 3) for row in range(2)]
        ijk_to_ras = vtk.vtkMatrix4x4()
        self.scene.volume_of("image-R").GetIJKToRASMatrix(ijk_to_ras)
        expected = ijk_to_ras.MultiplyPoint((30, 40, 0, 1))[:2]
        np.testing.assert_allclose(middle, expected, atol=0.01)

    def test_a_finding_becomes_a_region_in_pixels(self):
        regions = Regions(slicer.mrmlScene, self.scene)
        regions.adjust(View("image-R", name="R CC"), Finding(1, contour=SQUARE))
        np.testing.assert_allclose(np.mean(regions.regions()[0].points, axis=0), (30, 40), atol=0.6)
        regions.clear()

    def test_nothing_is_left_behind(self):
        self.scene.close()
        self.assertFalse(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"))
        self.assertFalse(slicer.util.getNodesByClass("vtkMRMLMarkupsNode"))
