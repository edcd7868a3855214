"""The VOI LUT module: which values are shown black, white and between (PS3.3 C.11.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from pydicom.dataset import Dataset
from scipy.special import expit

from mammolens.dicom.header_values import number_of
from mammolens.dicom.lookup import looked_up
from mammolens.types import FloatImage

ToGreys = Callable[[FloatImage], FloatImage]  # values to greys in [0, 1]


def voi_of(dataset: Dataset) -> ToGreys | None:
    """The first VOI LUT, else the first window, of the header; ``None`` where it has neither."""
    if dataset.get("VOILUTSequence"):
        little_endian = bool(dataset.is_little_endian)
        return partial(_through_table, table=dataset.VOILUTSequence[0], little_endian=little_endian)
    center, width = number_of(dataset, "WindowCenter"), number_of(dataset, "WindowWidth")
    function = str(dataset.get("VOILUTFunction") or "LINEAR")
    if function not in ("LINEAR_EXACT", "SIGMOID"):  # LINEAR, C.11.2.1.2.1
        center, width = None if center is None else center - 0.5, None if width is None else width - 1.0
    if center is None or width is None or width <= 0:  # the narrowest window is no ramp
        return None
    return partial(_sigmoid if function == "SIGMOID" else _linear, center=center, width=width)


def _through_table(values: FloatImage, table: Dataset, *, little_endian: bool) -> FloatImage:
    greys, bits = looked_up(values, table, little_endian=little_endian)
    greys /= np.float32(2**bits - 1)
    return np.clip(greys, 0.0, 1.0, out=greys)


def _sigmoid(values: FloatImage, center: float, width: float) -> FloatImage:
    """C.11.2.1.3.1."""
    return np.asarray(expit((values - np.float32(center)) * np.float32(4.0 / width)), dtype=np.float32)


def _linear(values: FloatImage, center: float, width: float) -> FloatImage:
    """C.11.2.1.3.2, LINEAR_EXACT."""
    greys = values - np.float32(center)
    greys /= np.float32(width)
    greys += np.float32(0.5)
    return np.clip(greys, 0.0, 1.0, out=greys)
