"""DICOM objects of one image's result, a Secondary Capture with its picture among them."""

from __future__ import annotations

from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import derive_from_image
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.outputs import picture_to_burn_in
from mammolens.types import AnomalyResult


def derived_from_image(result: AnomalyResult, kind: DerivedKind) -> Dataset:
    """The object of that kind; a Secondary Capture shows what the command line burns in.

    Raises:
        InputError: the source is no DICOM file, or cannot be read any more.
    """
    wants_picture = kind is DerivedKind.SECONDARY_CAPTURE
    picture = picture_to_burn_in(read_mammogram(result.header.path), result) if wants_picture else None
    return derive_from_image(result, kind, picture)
