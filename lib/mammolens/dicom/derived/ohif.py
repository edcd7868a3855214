"""What OHIF asks of a segmentation before it lays it over a mammogram.

A convention of that viewer, not geometry: a projection has no plane in the patient. It was seen with OHIF 3.10, which
takes this orientation for images that state none, finds no overlay for one of another orientation, and needs both
functional groups to be there. It is tested in the viewer itself (tests/integration).
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from mammolens.types import ImageHeader

ORIENTATION = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def set_plane_for_ohif(segmentation: Dataset, header: ImageHeader) -> None:
    """Add the two shared functional groups, Pixel Measures and Plane Orientation (PS3.3 C.7.6.16.2.1 and 2.4).

    The spacing is the one that viewers use for the source, 1 mm if it states none: do not measure with it.
    """
    column, row, _ = header.geometry.spacing
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing = [row, column]
    measures.SliceThickness = 1.0
    measures.SpacingBetweenSlices = 1.0
    orientation.ImageOrientationPatient = list(ORIENTATION)
    shared = segmentation.SharedFunctionalGroupsSequence[0]
    shared.PixelMeasuresSequence = DicomSequence([measures])
    shared.PlaneOrientationSequence = DicomSequence([orientation])
