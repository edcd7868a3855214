"""Files of images read to pixels and their place. May run in any thread: VTK's pipeline alone, no MRML.

The reader is the one that Slicer's own storage nodes use, so pixels and places are theirs, too. It lets other threads
run while it decodes; a compressed mammogram takes it seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from numpy.typing import NDArray
from vtk.util.numpy_support import vtk_to_numpy

from .answers import ExamDetail, View
from .cancel import CancelToken
from .errors import MammoLensError, SceneError
from .fetch import FetchedExam, FetchedView
from .geometry import Grid, array_of
from .header import Header, read_header
from .jobs import OnProgress


@dataclass(frozen=True, eq=False)
class Picture:
    """An image that was read.

    Attributes:
        data: vtkImageData, one component, spacing 1, origin 0.
        grid: where it lies.
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
        SceneError: an image cannot be read. A heatmap that cannot be read is told as a problem of its view.
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
        raise SceneError(name, "is no single image", "MammoLens shows mammograms, not tomosynthesis")
    header = read_header(one.image)
    if one.heat is None:
        return ReadView(one.view, image, header, None, one.problem and f"{name}: {one.problem}")
    try:
        return ReadView(one.view, image, header, read_picture(one.heat, f"{name} heat"))
    except MammoLensError as error:
        return ReadView(one.view, image, header, None, str(error))
