"""Heat over images, compared with what SimpleITK reads, pixel by pixel of what Slicer's slice views show."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from MammoLensLib.answers import ExamDetail, ExamEntry, HangingSlot, HeatLevel, View
from MammoLensLib.errors import OverlayError, SceneError
from MammoLensLib.fetch import FetchedExam, FetchedView
from MammoLensLib.geometry import array_of
from MammoLensLib.overlay import Overlay, heat_scale
from MammoLensLib.reader import read_exam, read_picture
from MammoLensLib.scene import Scene
from numpy.typing import NDArray

from .conftest import Core, Looked, Place, WritePhantom, load, look, spot, write_map

LEVELS = (
    HeatLevel("low", 1.0, 0.5, 1, "#ffed78"),
    HeatLevel("medium", 2.0, 0.2, 2, "#f7862d"),
    HeatLevel("high", 4.0, 0.05, 3, "#bd0026"),
)
OBLIQUE = {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1], "ImagePositionPatient": [12.5, -40.25, 7.0]}


class ShownImage:
    """One image with its heat in a scene."""

    def __init__(self, core: Core, image: Path, heat: Path) -> None:
        view = View("image", laterality="R", view="CC", name="R CC", slot=HangingSlot("R CC"))
        detail = ExamDetail(ExamEntry("e-1"), levels=LEVELS, views=(view,))
        self.core, self.scene = core, Scene(core.scene, core.segmentations)
        self.scene.open(read_exam(FetchedExam(detail, (FetchedView(view, image, heat),))))
        self.node, self.volume = self.scene.slice_node_of("image"), self.scene.volume_of("image")
        self.read, self.heat = sitk.ReadImage(str(image)), sitk.GetArrayFromImage(sitk.ReadImage(str(heat)))[0]

    def look(self, place: Place) -> Looked:
        return look(self.core, self.node, self.read, place)

    def expected(self, looked: Looked, opacity: float, threshold: float) -> NDArray[Any]:
        """The picture by SimpleITK's values, Slicer's window and the levels' colours."""
        display = self.volume.GetDisplayNode()
        values = sitk.GetArrayViewFromImage(self.read)[0][looked.rows, looked.columns].astype(float)
        grey = np.clip((values - display.GetWindowLevelMin()) / display.GetWindow(), 0, 1)[..., np.newaxis] * 255
        heat = self.heat[looked.rows, looked.columns]
        shares = np.where(heat >= threshold, opacity, 0.0)[..., np.newaxis]
        return grey * (1 - shares) + shares * heat_scale(LEVELS, 0).colours(heat) * 255


@pytest.fixture
def show(a_core: Core, tmp_path: Path) -> Callable[..., ShownImage]:
    """Show an image with a hot place."""

    def shown(image: Path, place: Place, radius: float = 40) -> ShownImage:
        shape = sitk.ReadImage(str(image)).GetSize()[1::-1]
        return ShownImage(a_core, image, write_map(spot(shape, place, radius), image, tmp_path / "heat.nrrd"))

    return shown


def assert_shown(shown: ShownImage, place: Place, opacity: float = 0.5, threshold: float = 1.0) -> None:
    """The view shows image and heat as they should be; a pixel in a hundred may differ, at the threshold's edge."""
    looked = shown.look(place)
    apart = np.abs(looked.picture - shown.expected(looked, opacity, threshold)).max(axis=-1)
    assert np.quantile(apart, 0.99) <= 3, f"up to {apart.max():.0f} of 255 apart"
    assert (shown.heat[looked.rows, looked.columns] >= threshold).any(), "the test looks where nothing is hot"


@pytest.mark.parametrize("number", range(8))
def test_heat_lies_over_a_real_mammogram(
    show: Callable[..., ShownImage], cbis_uncompressed: Callable[[int], Path], number: int
) -> None:
    place = (900, 2000)
    shown = show(cbis_uncompressed(number), place)
    for off in (0, 37):
        assert_shown(shown, (place[0] + off, place[1] - off))


def test_heat_lies_over_a_digital_mammogram_with_pixel_spacing(
    show: Callable[..., ShownImage], development_data: Path
) -> None:
    shown = show(development_data / "dicom" / "GH133.dcm", (700, 1400))
    assert shown.read.GetSpacing()[0] == pytest.approx(0.0941, abs=1e-4)
    assert_shown(shown, (720, 1380))


@pytest.mark.parametrize("attributes", [{}, OBLIQUE], ids=["no plane", "IOP and IPP"])
@pytest.mark.parametrize("spacing", [(0.5, 0.5), (0.7, 0.35)], ids=["square", "anisotropic"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_heat_lies_over_a_phantom(
    show: Callable[..., ShownImage],
    write_phantom: WritePhantom,
    photometric: str,
    spacing: tuple[float, float],
    attributes: dict[str, object],
) -> None:
    place = (100, 90)
    shown = show(write_phantom(0, photometric, spacing, **attributes), place, radius=12)
    if spacing[0] == spacing[1]:
        assert_shown(shown, place)
    looked = shown.look(place)  # pixels that are not squares are interpolated: compare the place alone
    red = looked.picture[..., 0].astype(int) - looked.picture[..., 2] > 25
    hot = shown.heat[looked.rows, looked.columns] >= 1
    assert np.count_nonzero(red ^ hot) / np.count_nonzero(hot) < 0.1


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_air_is_dark_and_the_breast_bright_in_either_photometric_interpretation(
    show: Callable[..., ShownImage], write_phantom: WritePhantom, photometric: str
) -> None:
    shown = show(write_phantom(0, photometric), (1, 1), radius=1)
    values = sitk.GetArrayViewFromImage(shown.read)[0]
    breast = np.unravel_index(values.argmax(), values.shape)
    assert shown.look((int(breast[1]), int(breast[0]))).picture[48, 48].min() > 140
    corner = shown.look((3, 3)) if values[3, 3] < values[3, -4] else shown.look((values.shape[1] - 4, 3))
    assert corner.picture[48, 48].max() < 60


@pytest.mark.parametrize(("opacity", "threshold"), [(1.0, 1.0), (0.25, 1.0), (0.5, 2.0), (0.8, 4.0), (0.0, 1.0)])
def test_opacity_and_threshold_are_those_that_were_asked_for(
    show: Callable[..., ShownImage], write_phantom: WritePhantom, opacity: float, threshold: float
) -> None:
    shown = show(write_phantom(), (100, 90), radius=15)
    shown.scene.set_heat(True, opacity, threshold)
    assert_shown(shown, (100, 90), opacity, threshold)


def test_each_level_begins_with_its_own_colour(show: Callable[..., ShownImage], write_phantom: WritePhantom) -> None:
    shown = show(write_phantom(), (100, 90), radius=15)
    shown.scene.set_heat(True, 1.0, None)
    looked = shown.look((100, 90))
    heat = shown.heat[looked.rows, looked.columns]
    for level, colour in zip(LEVELS, [(255, 237, 120), (247, 134, 45), (189, 0, 38)], strict=True):
        nearest = np.unravel_index(np.abs(heat - level.value - 0.005).argmin(), heat.shape)
        assert np.abs(looked.picture[nearest].astype(int) - colour).max() < 12
    assert tuple(looked.picture[48, 48]) == (189, 0, 38)


def test_heat_that_is_off_leaves_the_image_alone(show: Callable[..., ShownImage], write_phantom: WritePhantom) -> None:
    shown = show(write_phantom(), (100, 90), radius=15)
    shown.scene.set_heat(False, 1.0, None)
    assert_shown(shown, (100, 90), opacity=0)
    shown.scene.set_heat(True, 0.5, None)
    assert_shown(shown, (100, 90))


@pytest.mark.parametrize("factor", [2, 4])
def test_a_coarser_map_lies_over_the_same_place(
    a_core: Core, write_phantom: WritePhantom, tmp_path: Path, factor: int
) -> None:
    image = write_phantom()
    read = sitk.ReadImage(str(image))
    fine = spot(read.GetSize()[1::-1], (101, 91), 14)
    coarse = fine.reshape(220 // factor, factor, 180 // factor, factor).mean(axis=(1, 3))
    heat = sitk.GetImageFromArray(coarse[np.newaxis])
    heat.SetSpacing([factor * read.GetSpacing()[0], factor * read.GetSpacing()[1], read.GetSpacing()[2]])
    heat.SetOrigin(read.TransformContinuousIndexToPhysicalPoint(((factor - 1) / 2, (factor - 1) / 2, 0)))
    heat.SetDirection(read.GetDirection())
    sitk.WriteImage(heat, str(tmp_path / "coarse.nrrd"))
    shown = ShownImage(a_core, image, tmp_path / "coarse.nrrd")
    assert shown.scene.problems == ()
    looked = shown.look((101, 91))
    red = looked.picture[..., 0].astype(int) - looked.picture[..., 2] > 25
    assert looked.columns[red].mean() == pytest.approx(101, abs=0.5)
    assert looked.rows[red].mean() == pytest.approx(91, abs=0.5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda heat: heat.SetOrigin([heat.GetOrigin()[0] + 0.5, *heat.GetOrigin()[1:]]),
        lambda heat: heat.SetSpacing([heat.GetSpacing()[0] * 1.01, *heat.GetSpacing()[1:]]),
        lambda heat: heat.SetDirection([-1, 0, 0, 0, 1, 0, 0, 0, 1]),
        lambda heat: heat.SetDirection([0, 1, 0, 1, 0, 0, 0, 0, 1]),
        lambda heat: heat.SetOrigin([*heat.GetOrigin()[:2], 5.0]),
    ],
    ids=["a pixel aside", "another pixel size", "mirrored", "turned", "in another plane"],
)
def test_a_misplaced_map_is_refused_and_nothing_of_it_stays(
    a_core: Core, write_phantom: WritePhantom, tmp_path: Path, spoil: Callable[[sitk.Image], None]
) -> None:
    image = write_phantom()
    heat = sitk.ReadImage(str(write_map(spot((220, 180), (100, 90), 12), image, tmp_path / "heat.nrrd")))
    spoil(heat)
    sitk.WriteImage(heat, str(tmp_path / "spoiled.nrrd"))
    volume = load(a_core, image, "R CC")
    before = a_core.names()
    with pytest.raises(OverlayError, match="R CC: the heatmap does not fit the image .* pixels off"):
        Overlay(volume, read_picture(tmp_path / "spoiled.nrrd", "heat"), LEVELS)
    assert a_core.names() == before


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (np.zeros((2, 220, 180), np.float32), OverlayError, "does not fit"),
        (np.zeros((1, 220, 180), np.uint8), OverlayError, "not a floating-point image"),
        (None, SceneError, "cannot be read"),
    ],
    ids=["two slices", "levels", "no volume"],
)
def test_what_is_no_anomaly_map_is_refused(
    a_core: Core,
    write_phantom: WritePhantom,
    tmp_path: Path,
    values: NDArray[Any] | None,
    error: type[Exception],
    words: str,
) -> None:
    image, path = write_phantom(), tmp_path / "heat.nrrd"
    if values is None:
        path.write_bytes(b"<html>")
    else:
        heat, read = sitk.GetImageFromArray(values), sitk.ReadImage(str(image))
        heat.SetSpacing(read.GetSpacing())
        heat.SetOrigin(read.GetOrigin())
        sitk.WriteImage(heat, str(path))
    volume = load(a_core, image, "R CC")
    before = a_core.names()
    with pytest.raises(error, match=words):
        Overlay(volume, read_picture(path, "heat"), LEVELS)
    assert a_core.names() == before


def test_maps_beside_each_other_in_a_folder_stay_apart(
    a_core: Core, write_phantom: WritePhantom, tmp_path: Path
) -> None:
    image = write_phantom()
    files = [write_map(np.full((220, 180), n, np.float32), image, tmp_path / f"heat_{n}.nrrd") for n in (1, 2, 3)]
    nodes = [load(a_core, file, "heat") for file in files]
    assert [node.GetImageData().GetDimensions() for node in nodes] == [(180, 220, 1)] * 3
    assert [node.GetImageData().GetScalarRange()[0] for node in nodes] == [1, 2, 3]


def test_heat_follows_its_image_under_a_transform(
    a_core: Core, show: Callable[..., ShownImage], write_phantom: WritePhantom
) -> None:
    import vtk

    shown = show(write_phantom(), (100, 90), radius=15)
    transform = a_core.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 30.0)
    transform.SetMatrixTransformToParent(matrix)
    shown.volume.SetAndObserveTransformNodeID(transform.GetID())
    heat = next(node for node in _volumes(a_core) if node is not shown.volume)
    assert heat.GetTransformNodeID() == transform.GetID()
    shown.read.SetOrigin([shown.read.GetOrigin()[0] - 30.0, *shown.read.GetOrigin()[1:]])
    assert_shown(shown, (100, 90))
    before = array_of(shown.node.GetSliceToRAS())
    shown.scene.fit()
    assert not np.allclose(array_of(shown.node.GetSliceToRAS()), before)
    shown.volume.SetAndObserveTransformNodeID(None)
    assert heat.GetTransformNodeID() is None


def _volumes(core: Core) -> list[Any]:
    return [core.scene.GetNodeByID(name) for name in core.names("vtkMRMLScalarVolumeNode")]
