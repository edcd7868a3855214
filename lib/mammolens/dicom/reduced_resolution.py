"""JPEG 2000 without its finest details, for scores on a coarser grid: less than half the time.

A stream holds the image at half the resolution and, apart from it, the details that are needed to double that (T.800
F.3). Where details are taken as zero, the samples between those of the smaller image are the means of their neighbours,
so the image keeps its size and place. Means over many pixels hardly change.
"""

from __future__ import annotations

import io
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset

from mammolens.dicom.codecs import Cells
from mammolens.dicom.completeness import refuse_incomplete_jpeg_2000
from mammolens.dicom.header_values import OVERLAY_GROUPS, number_of
from mammolens.dicom.streams import JPEG_2000_CODESTREAM, StreamFormat, StreamKind, coding_style
from mammolens.types import PixelSpacing

_MOST_BITS: Final = 16
_OVERSHOOTING: Final = 0.001  # of the values: beside what is white, low-pass values may be larger than white
_LARGEST: Final = 80_000_000  # pixels; Pillow warns of larger ones


def details_are_finer(spacing: PixelSpacing | None, detail_mm: float | None) -> bool:
    """Whether pixels of twice the size still show the finest detail that is needed.

    Args:
        spacing: of the pixels; where it is unknown, no detail is left out.
        detail_mm: the size of that detail, in mm; ``None``: all details are needed.

    Example:
        >>> from mammolens.enums import SpacingSource
        >>> details_are_finer(PixelSpacing(0.07, 0.07, SpacingSource.TABLE), 0.19)
        True
    """
    if spacing is None or detail_mm is None:
        return False
    return 2 * max(spacing.between_rows, spacing.between_columns) <= detail_mm


def decode_without_details(dataset: Dataset, stream: bytes, stated: StreamFormat) -> Cells | None:
    """Decode JPEG 2000 as if the details of its finest level were zero.

    Args:
        dataset: the header around the stream.
        stream: the frame.
        stated: what it says of itself.

    Returns:
        ``(rows, cols)`` unsigned as :func:`~mammolens.dicom.codecs.decode_stream` gives them; ``None`` where the
        stream cannot be decoded in this way, or where values between two others mean something else.

    Raises:
        IncompleteStreamError: values are missing or left over.
    """
    codestream = stream[max(0, stream.find(JPEG_2000_CODESTREAM)) :]  # Pillow loses bits of those in a JP2 file
    if not (_is_plain(codestream, stated) and _is_continuous(dataset, stated)):
        return None
    refuse_incomplete_jpeg_2000(stream)
    try:
        with Image.open(io.BytesIO(codestream), formats=("JPEG2000",)) as image:
            image.reduce = 1  # type: ignore[assignment, method-assign]  # of the plug-in, beside Image.reduce()
            small = np.asarray(image)
    except (OSError, ValueError):  # it has no levels, or whole decoding will name the damage
        return None
    width = 8 if stated.precision <= 8 else 16
    patterns: NDArray[np.unsignedinteger[Any]] = small.astype(f"u{width // 8}")
    patterns >>= patterns.dtype.type(width - stated.precision)  # Pillow uses the upper bits
    largest = patterns.dtype.type(2 ** min(stated.precision, int(dataset.BitsStored)) - 1)
    if np.count_nonzero(patterns > largest) > _OVERSHOOTING * patterns.size:
        return None  # the values have more bits than the header says
    np.minimum(patterns, largest, out=patterns)
    return Cells(_doubled(_doubled(patterns, stated.columns, axis=1), stated.rows, axis=0), stated.precision)


def _is_plain(stream: bytes, stated: StreamFormat) -> bool:
    """Whether it is one unsigned component by the reversible wavelet, and all its tiles begin at even places."""
    fits = stated.precision <= _MOST_BITS and stated.rows * stated.columns <= _LARGEST and not stated.signed
    if stated.kind is not StreamKind.JPEG_2000 or not fits:
        return False
    # XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz and Csiz (T.800 A.5.1)
    left, top, width, height, tile_left, tile_top, components = struct.unpack_from(">6IH", stream, 16)
    starts_at_origin = not (left or top or tile_left or tile_top)
    even = all(tile % 2 == 0 or tile >= size for tile, size in ((width, stated.columns), (height, stated.rows)))
    style = coding_style(stream)
    return starts_at_origin and even and components == 1 and style is not None and style.is_reversible


def _is_continuous(dataset: Dataset, stated: StreamFormat) -> bool:
    """Whether the cells hold unsigned values and nothing else, and padding, if there is any, is black."""
    bits, high = number_of(dataset, "BitsStored"), number_of(dataset, "HighBit")
    if number_of(dataset, "PixelRepresentation") != 0 or bits is None or high != bits - 1:
        return False
    if any(tag.group in OVERLAY_GROUPS for tag in dataset.keys()):  # noqa: SIM118  # perhaps in the cells' upper bits
        return False
    padding = [number_of(dataset, keyword) for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    is_inverted = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    return padding[0] is None or (2 ** min(stated.precision, bits) - 1 if is_inverted else 0) in padding


def _doubled(values: NDArray[np.unsignedinteger[Any]], size: int, axis: int) -> NDArray[np.unsignedinteger[Any]]:
    """Values at even places along an axis, and the mean of two neighbours between them; ``size`` places in all."""
    shape = list(values.shape)
    shape[axis] = size
    doubled = np.empty(shape, values.dtype)
    places, given = np.moveaxis(doubled, axis, 0), np.moveaxis(values, axis, 0)
    places[::2] = given
    between, before, after = places[1::2], given[: size // 2], given[1 : size // 2 + 1]
    inner = len(after)  # the last value has no neighbour if the size is even, and is repeated
    between[:inner] = (before[:inner] | after) - ((before[:inner] ^ after) >> 1)  # rounded up, without wider cells
    between[inner:] = before[inner:]
    return doubled
