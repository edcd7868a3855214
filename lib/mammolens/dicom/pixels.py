"""Stored values to what a mammogram looks like: decode, Modality LUT, VOI, polarity."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import FileDataset
from pydicom.pixel_data_handlers.util import apply_modality_lut, apply_voi

from mammolens.errors import PixelDataError
from mammolens.types import FloatImage


def display_pixels(dataset: FileDataset, path: Path) -> FloatImage:
    """Decode and render a single-frame grey-scale image.

    The chain of PS3.3 C.11.1 (Modality LUT) and C.11.2 (VOI LUT, else the first window, else the
    image's own range), padding (C.7.5.1.1.2) as air, MONOCHROME1 inverted (C.7.6.3.1.2).

    Returns:
        ``(rows, cols)`` float32 in [0, 1]; brighter is denser.

    Raises:
        PixelDataError: missing, truncated, undecodable or constant pixels.
    """
    stored = _decode(dataset, path)
    values = apply_modality_lut(stored, dataset).astype(np.float32, copy=False)
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise PixelDataError(path, f"all pixels have the same value ({low:g})", "export the image again")
    display = _apply_voi(values, dataset, low, high)
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        np.subtract(1.0, display, out=display)
    padding = _padding(stored, dataset)
    if padding is not None:
        display[padding] = 0.0
    if display.min() == display.max():
        raise PixelDataError(path, "its window leaves a single grey", "correct Window Center and Window Width")
    return display


def _decode(dataset: FileDataset, path: Path) -> NDArray[np.integer[Any]]:
    if "PixelData" not in dataset:
        raise PixelDataError(path, "the file has no Pixel Data", "copy or export the image again")
    try:
        with warnings.catch_warnings():
            # pydicom and its decoders only warn of pixel data that end too early or too late.
            warnings.filterwarnings("error", message=".*(pixel data|Pixel Data).*(less|short|trunc|excess).*")
            warnings.filterwarnings("ignore")
            stored = dataset.pixel_array
    except Exception as error:  # decoders raise whatever they like; all of it means the same here
        syntax = dataset.file_meta.get("TransferSyntaxUID")
        name = syntax.name if syntax is not None else "unknown transfer syntax"
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise PixelDataError(
            path, f"pixels cannot be decoded as {name} ({reason})", "copy or export the image again"
        ) from error
    if stored.shape != (dataset.Rows, dataset.Columns):
        raise PixelDataError(path, f"decodes to {stored.shape}, not rows x columns", "export the image again")
    return np.asarray(stored)


def _apply_voi(values: FloatImage, dataset: FileDataset, low: float, high: float) -> FloatImage:
    if dataset.get("VOILUTSequence"):
        table = dataset.VOILUTSequence[0]
        bits = int(table.LUTDescriptor[2])
        looked_up = apply_voi(values.astype(np.int32), dataset).astype(np.float32)
        return np.clip(looked_up / np.float32(2**bits - 1), 0.0, 1.0)
    window = _first_window(dataset)
    if window is None:
        return (values - np.float32(low)) / np.float32(high - low)
    center, width, function = window
    if function == "SIGMOID":  # C.11.2.1.3.1
        curve = np.exp(np.float32(-4.0 / width) * (values - np.float32(center)))
        return np.asarray(1.0 / (1.0 + curve), dtype=np.float32)
    if function == "LINEAR":  # C.11.2.1.2.1
        center, width = center - 0.5, width - 1.0
    return np.clip((values - np.float32(center)) / np.float32(width) + np.float32(0.5), 0.0, 1.0)


def _first_window(dataset: FileDataset) -> tuple[float, float, str] | None:
    center, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if center in (None, "") or width in (None, ""):
        return None
    first_center = float(center[0] if isinstance(center, (list, tuple)) or hasattr(center, "append") else center)
    first_width = float(width[0] if isinstance(width, (list, tuple)) or hasattr(width, "append") else width)
    function = str(dataset.get("VOILUTFunction") or "LINEAR")
    narrowest = 1.0 if function == "LINEAR" else 0.0  # LINEAR needs a width above 1 to be a ramp
    return (first_center, first_width, function) if first_width > narrowest else None


def _padding(stored: NDArray[np.integer[Any]], dataset: FileDataset) -> NDArray[np.bool_] | None:
    if dataset.get("PixelPaddingValue") is None:
        return None
    first = int(dataset.PixelPaddingValue)
    last = int(dataset.get("PixelPaddingRangeLimit", first))
    return np.asarray((stored >= min(first, last)) & (stored <= max(first, last)))
