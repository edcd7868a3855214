"""Files of images read to pixels, geometry and what their DICOM header says about showing them.

May run in any thread: VTK's pipeline alone, no MRML. The reader is the one that Slicer's own storage nodes use, so
pixels and geometry are theirs, too. It lets other threads run while it decodes, which takes seconds for a compressed
mammogram.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from .answers import ExamDetail, View
from .errors import MammoLensError, SceneError
from .fetch import FetchedExam, FetchedView
from .geometry import Grid, array_of
from .jobs import CancelToken, OnProgress

_TAGS = [
    "PhotometricInterpretation",
    "BitsStored",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "WindowCenter",
    "WindowWidth",
    "PatientOrientation",
    "PixelSpacing",
    "ImagerPixelSpacing",
    *(_MACHINE := ("Manufacturer", "ManufacturerModelName", "PresentationIntentType")),
]


@dataclass(frozen=True)
class Header:
    """Of one image.

    Attributes:
        is_monochrome1: small stored values are bright (PS3.3 C.7.6.3.1.2).
        window: lowest and highest value of the first window, of values as Slicer has them: GDCM inverts MONOCHROME1
            images, so the window is inverted too; ``None`` if there is none.
        patient_orientation: direction of rows and columns (PS3.3 C.7.6.1.1.1), as ("P", "L"); ``None`` if unknown.
        has_pixel_size: it states the size of a pixel.
        machine: what the window depends on: manufacturer, model, kind of image, photometric interpretation, bits.
    """

    is_monochrome1: bool = False
    window: tuple[float, float] | None = None
    patient_orientation: tuple[str, str] | None = None
    has_pixel_size: bool = False
    machine: tuple[str, ...] = ()


def read_header(path: Path | str) -> Header:
    """The header of a DICOM file; a file that cannot be read gives an empty one."""
    from pydicom import dcmread  # Slicer brings it

    try:
        dataset = dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    except Exception:  # noqa: BLE001 - a damaged value can raise any exception
        return Header()
    is_monochrome1 = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    return Header(
        is_monochrome1,
        _window(dataset, is_monochrome1),
        _orientation(dataset.get("PatientOrientation")),
        bool(dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing")),
        tuple(str(dataset.get(tag, "")) for tag in (*_MACHINE, "PhotometricInterpretation", "BitsStored")),
    )


def _window(dataset: Any, is_monochrome1: bool) -> tuple[float, float] | None:
    centre, width = _first(dataset.get("WindowCenter")), _first(dataset.get("WindowWidth"))
    if centre is None or width is None or width <= 1:
        return None
    slope, intercept = _first(dataset.get("RescaleSlope")), _first(dataset.get("RescaleIntercept"))
    # PS3.3 C.11.2.1.2.1, LINEAR: black up to centre - 0.5 - (width - 1) / 2, white from centre - 0.5 + (width - 1) / 2.
    low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    if not is_monochrome1:
        return low, high
    largest = 2.0 ** int(dataset.get("BitsStored", 16)) - 1
    lowest = -1.0 if dataset.get("PixelRepresentation") else largest  # the sum of a value and its inverse
    turned = (1.0 if slope is None else slope) * lowest + 2 * (intercept or 0.0)
    return turned - high, turned - low


def _first(value: Any) -> float | None:
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = value[0] if len(value) else None
    try:
        return None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None


def _orientation(value: Any) -> tuple[str, str] | None:
    words = [str(word) for word in value] if value is not None and not isinstance(value, str) else []
    known = len(words) == 2 and all(word and set(word) <= set("APLRHF") for word in words)
    return (words[0], words[1]) if known else None


@dataclass(frozen=True, eq=False)
class Picture:
    """An image that was read.

    Attributes:
        data: vtkImageData, one component, spacing 1, origin 0.
        grid: its size and position.
    """

    data: Any
    grid: Grid

    @property
    def pixels(self) -> NDArray[Any]:
        """``(rows, cols)`` of the first slice; a view, not a copy."""
        columns, rows, _ = self.grid.size
        return np.asarray(vtk_to_numpy(self.data.GetPointData().GetScalars())).reshape(-1, rows, columns)[0]


@dataclass(frozen=True)
class ReadView:
    """A view that is ready to be shown.

    Attributes:
        heat: the anomaly map; ``None`` where there is none.
        problem: why there is none.
    """

    view: View
    image: Picture
    header: Header
    heat: Picture | None = None
    problem: str | None = None


@dataclass(frozen=True)
class ReadExam:
    """An exam that is ready to be shown.

    Attributes:
        problems: of views that cannot be shown.
    """

    detail: ExamDetail
    views: tuple[ReadView, ...]
    problems: tuple[str, ...] = ()


def read_exam(
    fetched: FetchedExam, *, progress: OnProgress = lambda share, words: None, cancelled: CancelToken | None = None
) -> ReadExam:
    """Read all images of an exam.

    Raises:
        SceneError: an image cannot be read. A heatmap that cannot be read becomes a problem of its view.
        Cancelled: stopped meanwhile.
    """
    token, views = cancelled or CancelToken(), []
    for number, one in enumerate(fetched.views):
        token.check()
        progress(number / len(fetched.views), f"Reading {one.view.name}")
        views.append(_read_view(one))
    token.check()
    return ReadExam(fetched.detail, tuple(views), fetched.problems)


def read_picture(path: Path | str, name: str) -> Picture:
    """Read one file, never its neighbours: heat_1 and heat_2 in a folder would become one volume of two slices.

    Args:
        path: ``.nrrd`` or DICOM.
        name: what errors call it.

    Raises:
        SceneError: it cannot be read.
    """
    reader = slicer.vtkITKArchetypeImageSeriesScalarReader()
    reader.SetArchetype(str(path))
    reader.SetSingleFile(True)
    reader.SetOutputScalarTypeToNative()
    reader.SetDesiredCoordinateOrientationToNative()
    reader.SetUseNativeOriginOn()
    reader.Update()
    data = reader.GetOutput()
    if reader.GetErrorCode() or data.GetNumberOfPoints() == 0 or data.GetNumberOfScalarComponents() != 1:
        raise SceneError(name, "the image cannot be read", "open the exam again; the application log says more")
    ijk_to_ras = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(reader.GetRasToIjkMatrix(), ijk_to_ras)
    own = vtk.vtkImageData()
    own.ShallowCopy(data)  # lets the reader go
    own.SetSpacing(1, 1, 1)  # volumes keep spacing and origin themselves
    own.SetOrigin(0, 0, 0)
    return Picture(own, Grid(data.GetDimensions(), array_of(ijk_to_ras)))


def _read_view(one: FetchedView) -> ReadView:
    name = one.view.name
    image = read_picture(one.image, name)
    if image.grid.size[2] != 1:
        raise SceneError(name, "is not a single image", "MammoLens shows mammograms, not tomosynthesis")
    header = read_header(one.image)
    if one.heat is None:
        return ReadView(one.view, image, header, None, one.problem and f"{name}: {one.problem}")
    try:
        return ReadView(one.view, image, header, read_picture(one.heat, f"{name} heat"))
    except MammoLensError as error:
        return ReadView(one.view, image, header, None, str(error))
