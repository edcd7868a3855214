"""Which decoder reads which transfer syntax."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import uid

from mammolens.dicom import libjpeg_process
from mammolens.dicom.completeness import (
    LOST_OR_CHANGED,
    IncompleteStreamError,
    ending_in_no_code,
    refuse_incomplete_jpeg_2000,
    refuse_incomplete_lossless_jpeg,
)
from mammolens.dicom.streams import StreamFormat, StreamKind
from mammolens.plugins import PluginGroup, plugins

_LONGEST_PADDING: Final = 9  # bytes behind a segment of RLE
_LITERAL: Final = b"\x00U"  # a run of one byte (PS3.5 G.3.1)
_END_OF_IMAGE: Final = b"\xff\xd9"
_MOST_THREADS: Final = 4  # for one JPEG 2000 stream; more wait for each other


class Cells(NamedTuple):
    """Decoded cells, whatever the header says of their values.

    Attributes:
        patterns: ``(rows, cols)`` unsigned; of a decoder, ``(rows, cols, samples)`` if there are several.
        bits: how many of the lower bits of each may be in use.
        signed: whether the stream itself says that they are two's complement, as only JPEG 2000 and HTJ2K can.
    """

    patterns: NDArray[np.unsignedinteger[Any]]
    bits: int
    signed: bool = False


HTJ2K: Final = {
    uid.UID("1.2.840.10008.1.2.4.201"): "High-Throughput JPEG 2000 Image Compression (Lossless Only)",
    uid.UID("1.2.840.10008.1.2.4.202"): "High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)",
    uid.UID("1.2.840.10008.1.2.4.203"): "High-Throughput JPEG 2000 Image Compression",
}
"""Transfer syntaxes that pydicom 2 does not know, and their names (PS3.6 A)."""
KINDS: Final = {
    uid.JPEGBaseline8Bit: StreamKind.JPEG,
    uid.JPEGExtended12Bit: StreamKind.JPEG,
    uid.UID("1.2.840.10008.1.2.4.57"): StreamKind.LOSSLESS_JPEG,  # pydicom 2 and 3 mean different ones by JPEGLossless
    uid.JPEGLosslessSV1: StreamKind.LOSSLESS_JPEG,
    uid.JPEGLSLossless: StreamKind.JPEG_LS,
    uid.JPEGLSNearLossless: StreamKind.JPEG_LS,
    uid.JPEG2000Lossless: StreamKind.JPEG_2000,
    uid.JPEG2000: StreamKind.JPEG_2000,
    uid.RLELossless: StreamKind.RLE,
    **dict.fromkeys(HTJ2K, StreamKind.HTJ2K),
}


def syntax_name(syntax: uid.UID) -> str:
    """Name of a transfer syntax; its UID where it has none."""
    return HTJ2K.get(syntax, syntax.name)


def is_encapsulated(syntax: uid.UID) -> bool:
    """Whether a transfer syntax encapsulates its pixels (PS3.5 A.4).

    Raises:
        ValueError: neither MammoLens nor pydicom knows it.
    """
    return syntax in KINDS or syntax.is_compressed


def decode_stream(stream: bytes, stated: StreamFormat) -> Cells:
    """Decode JPEG, JPEG-LS, JPEG 2000 or HTJ2K, whole or not at all.

    Args:
        stream: the frame.
        stated: what it says of itself.

    Returns:
        Cells of as many bits as the stream's precision.

    Raises:
        IncompleteStreamError: values are missing or left over.
        Exception: whatever the decoder raises about a damaged stream.
    """
    decoded = decoder_of(stated.kind).decode(stream, stated)
    cell = np.dtype(np.uint8 if stated.precision <= 8 else np.uint16 if stated.precision <= 16 else np.uint32)
    patterns: NDArray[Any] = decoded.astype(cell, copy=False)
    if stated.signed and stated.precision < 8 * cell.itemsize:
        patterns = patterns & cell.type(2**stated.precision - 1)
    return Cells(patterns, stated.precision, stated.signed)


def decode_rle(frame: bytes, shape: tuple[int, int], bytes_per_cell: int, samples: int = 1) -> Cells:
    """Decode RLE Lossless (PS3.5 G): a segment for each byte of each sample's cells, the highest byte first.

    Raises:
        IncompleteStreamError: segments or values are missing or left over.
    """
    count, *starts = struct.unpack_from("<16I", frame)
    starts = starts[:count]
    if count != bytes_per_cell * samples or starts != sorted(starts) or starts[0] < 64 or starts[-1] >= len(frame):
        raise IncompleteStreamError("the RLE header does not fit the pixels")
    ends = [*starts[1:], len(frame)]
    pixels = shape[0] * shape[1]
    plane_format = StreamFormat(StreamKind.RLE, *shape, precision=8)
    cells = np.empty((pixels, samples), f"u{bytes_per_cell}")
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        sample, plane = number // bytes_per_cell, _rle_segment(frame[start:end], plane_format)
        if number % bytes_per_cell == 0:
            cells[:, sample] = plane
        else:
            cells[:, sample] <<= 8
            cells[:, sample] |= plane
    return Cells(cells.reshape(shape if samples == 1 else (*shape, samples)), 8 * bytes_per_cell)


def _rle_segment(segment: bytes, stated: StreamFormat) -> NDArray[np.uint8]:
    """Decoded one by one, since decoders of whole frames fill up what is missing, or panic on stderr."""
    decode, pixels = decoder_of(StreamKind.RLE).decode, stated.rows * stated.columns
    for padding in range(_LONGEST_PADDING):
        if segment[len(segment) - padding :].strip(b"\0\xff"):
            break
        with suppress(ValueError, RuntimeError):
            decoded = decode(segment[: len(segment) - padding] + _LITERAL, stated)
            if len(decoded) == pixels + 1 and decoded[-1] == _LITERAL[1]:  # the code before it was whole
                return decoded[:pixels]
    raise IncompleteStreamError(LOST_OR_CHANGED)


class Decoder(NamedTuple):
    """What decodes a kind of stream.

    Attributes:
        package: that is installed.
        module: of it; where it cannot be imported, the next decoder of the kind is used.
        decode: a stream and what it states, to ``(rows, cols)`` or ``(rows, cols, samples)``; of RLE Lossless a
            segment, to the bytes that it unpacks to.
    """

    package: str
    module: str
    decode: Callable[[bytes, StreamFormat], NDArray[Any]]


@cache
def decoder_of(kind: StreamKind) -> Decoder:
    """The first decoder of a kind that can be imported: the fastest that shows whether a stream is complete.

    Raises:
        ImportError: there is none.
    """
    for decoder in DECODERS[kind]:
        with suppress(ImportError):
            import_module(decoder.module)
            return decoder
    raise ImportError(f"no decoder of {kind} is installed: {', '.join(one.package for one in DECODERS[kind])}")


class PluginDecoder(NamedTuple):
    """What another package decodes (entry points ``mammolens.decoders``).

    Attributes:
        transfer_syntaxes: UIDs of encapsulated transfer syntaxes (PS3.5 A.4).
        decode: a frame, its ``(rows, cols)`` and the bytes per cell, 1, 2 or 4, to ``(rows, cols)`` of unsigned
            integers, as they were stored; it may raise whatever it likes about a damaged frame.

    Example:
        >>> import zlib
        >>> def inflated(frame, shape, width):
        ...     return np.frombuffer(zlib.decompress(frame, -zlib.MAX_WBITS), f"<u{width}").reshape(shape)
        >>> PluginDecoder(("1.2.840.10008.1.2.8.1",), inflated).transfer_syntaxes
        ('1.2.840.10008.1.2.8.1',)
    """

    transfer_syntaxes: tuple[str, ...]
    decode: Callable[[bytes, tuple[int, int], int], NDArray[Any]]

    def cells(self, frame: bytes, shape: tuple[int, int], bytes_per_cell: int) -> Cells:
        """Decode a frame, whole or not at all.

        Raises:
            TypeError: the decoder gives no unsigned integers.
            Exception: whatever the decoder raises about a damaged frame.
        """
        patterns = np.asarray(self.decode(frame, shape, bytes_per_cell))
        if patterns.dtype.kind != "u":
            raise TypeError(f"the plug-in gives {patterns.dtype}, not unsigned integers")
        return Cells(patterns, 8 * patterns.dtype.itemsize)


def plugin_decoders() -> Mapping[str, PluginDecoder]:
    """The decoders of other packages, by the names of their entry points."""
    return plugins(PluginGroup.DECODERS, PluginDecoder)


def plugin_name_for(syntax: str) -> str | None:
    """Which plug-in decodes a transfer syntax: the first by name, and only if no decoder of MammoLens's own can."""
    if syntax in uid.UncompressedTransferSyntaxes or _is_own(syntax):
        return None
    return next((name for name, one in plugin_decoders().items() if syntax in one.transfer_syntaxes), None)


def _is_own(syntax: str) -> bool:
    with suppress(ImportError, KeyError):
        return bool(decoder_of(KINDS[uid.UID(syntax)]))
    return False


def _rle_by_imagecodecs(segment: bytes, stated: StreamFormat) -> NDArray[np.uint8]:
    import imagecodecs

    return np.frombuffer(imagecodecs.packbits_decode(segment), np.uint8)


def _rle_by_pylibjpeg(segment: bytes, stated: StreamFormat) -> NDArray[np.uint8]:
    import rle.utils

    return np.frombuffer(bytes(rle.utils.decode_segment(segment)), np.uint8)


def _jpeg_by_libjpeg(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    """By libjpeg: it accepts missing and surplus values, but no impossible code, as libjpeg-turbo does."""
    decoded = libjpeg_process.decode(ending_in_no_code(stream))
    try:
        libjpeg_process.decode(ending_in_no_code(stream, left_out=1))
    except RuntimeError:  # the last byte was needed
        return decoded
    raise IncompleteStreamError(LOST_OR_CHANGED)


def _lossless_jpeg_by_turbo(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    import imagecodecs

    decoded = np.asarray(imagecodecs.jpeg8_decode(stream))
    refuse_incomplete_lossless_jpeg(stream, decoded, stated.precision)
    return decoded


def _lossless_jpeg_by_libjpeg(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    decoded = libjpeg_process.decode(stream)
    refuse_incomplete_lossless_jpeg(stream, decoded, stated.precision)
    return decoded


def _jpeg_ls_by_charls(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    """By CharLS, which refuses streams that end too early or late; libjpeg fills them up.

    It searches for seconds in memory behind a stream without end marker (T.87 C.1), which data cannot contain.
    """
    from pillow_jpls import _pycharls  # its plugin for Pillow accepts some streams only, and drops CharLS's reasons

    if _END_OF_IMAGE not in stream:
        raise IncompleteStreamError("the compressed pixels end too early")
    cell = np.uint8 if stated.precision <= 8 else np.uint16
    return np.frombuffer(_pycharls.decode(stream), cell).reshape(stated.rows, stated.columns)


def _jpeg_2000_by_imagecodecs(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    """By OpenJPEG in several threads."""
    import imagecodecs

    refuse_incomplete_jpeg_2000(stream, high_throughput=stated.kind is StreamKind.HTJ2K)
    return np.asarray(imagecodecs.jpeg2k_decode(stream, numthreads=min(os.cpu_count() or 1, _MOST_THREADS)))


def _jpeg_2000_by_openjpeg(stream: bytes, stated: StreamFormat) -> NDArray[Any]:
    """By OpenJPEG, strict; not by Pillow, which loses bits of streams inside a JP2 file."""
    import openjpeg.utils

    refuse_incomplete_jpeg_2000(stream, high_throughput=stated.kind is StreamKind.HTJ2K)
    return np.asarray(openjpeg.utils.decode(stream))


_OPENJPEG: Final = (
    Decoder("imagecodecs", "imagecodecs._jpeg2k", _jpeg_2000_by_imagecodecs),
    Decoder("pylibjpeg-openjpeg", "openjpeg.utils", _jpeg_2000_by_openjpeg),
)
DECODERS: Final[dict[StreamKind, tuple[Decoder, ...]]] = {
    StreamKind.RLE: (
        Decoder("imagecodecs", "imagecodecs._imcd", _rle_by_imagecodecs),
        Decoder("pylibjpeg-rle", "rle.utils", _rle_by_pylibjpeg),
    ),
    StreamKind.JPEG: (Decoder("pylibjpeg-libjpeg", "libjpeg.utils", _jpeg_by_libjpeg),),
    StreamKind.LOSSLESS_JPEG: (
        Decoder("imagecodecs", "imagecodecs._jpeg8", _lossless_jpeg_by_turbo),
        Decoder("pylibjpeg-libjpeg", "libjpeg.utils", _lossless_jpeg_by_libjpeg),
    ),
    StreamKind.JPEG_LS: (Decoder("pillow-jpls", "pillow_jpls._pycharls", _jpeg_ls_by_charls),),
    StreamKind.JPEG_2000: _OPENJPEG,
    StreamKind.HTJ2K: _OPENJPEG,
}
"""In the order of preference; of equal results, the faster first (benchmarks/decoders.py)."""
