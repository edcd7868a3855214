"""DICOM objects of one image's result, a Secondary Capture with its picture among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from mammolens.dicom.derived.derive import derive_from_image
from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.outputs import captioned_overlay
from mammolens.types import AnomalyResult


def derived_from_image(result: AnomalyResult, kind: DerivedKind) -> Dataset:
    """The object of that kind; a Secondary Capture shows what the command line writes as a picture.

    Raises:
        InputError: the source is no DICOM file, or cannot be read any more.
    """
    picture = _picture_of(result) if kind is DerivedKind.SECONDARY_CAPTURE else None
    return derive_from_image(result, kind, picture)


def _picture_of(result: AnomalyResult) -> NDArray[np.uint8]:
    return np.asarray(captioned_overlay(read_mammogram(result.header.path), result))
