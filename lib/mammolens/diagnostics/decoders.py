"""Whether each transfer syntax can be decoded: a small picture of known values in each."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mammolens.diagnostics.results import Check, failed, passed
from mammolens.dicom.opening import first_line
from mammolens.dicom.streams import StreamKind

GROUP: Final = "decoders"
_LOSSY_ERROR: Final = 2  # grey levels
_RLE_SIDE: Final = 16
_REMEDY: Final = "run 'make install', or pip install --force-reinstall the package that the decoder comes from"
# Square pictures of bands of eight rows, 0, 60, 120 and 180, in base64.
_STREAMS: Final = {
    StreamKind.JPEG: (
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsK"
        "CwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAAQABABAREA/8QAFgABAQEAAAAA"
        "AAAAAAAAAAAAAAgJ/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQAAPwDKoVAP/9k="
    ),
    StreamKind.LOSSLESS_JPEG: (
        "/9j/wwALCAAQABABAREA/8QAJAAAAAAPAQEAAAAAAAAAAAAAAAECAwQFBgcICQoLDA0ODxD/2gAI"
        "AQEAAQAAh/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAABvAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA//Z"
    ),
    StreamKind.JPEG_LS: "/9j/9wALCAAQABABAREA/9oACAEBAAAAAP9//AAABdpX/2fw/9k=",
    StreamKind.JPEG_2000: (
        "/0//UQApAAAAAAAgAAAAIAAAAAAAAAAAAAAAIAAAACAAAAAAAAAAAAABBwEB/1IADAAAAAEABQQE"
        "AAH/XAATQEBISFBISFBISFBISFBISFD/ZAAlAAFDcmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24g"  # pragma: allowlist secret
        "Mi41LjD/kAAKAAAAAABXAAH/k8+0CAV/p+AEBL+j7QUACz3nZM+g+cOAER32jByy96H1CgAMImW5"  # pragma: allowlist secret
        "jX6K3vezXuyIUqzH+6GNv6D5x4AA1LpKRRM8jExAAAAAwkH/2Q=="  # pragma: allowlist secret
    ),
    StreamKind.HTJ2K: (  # by OpenJPH's ojph_compress
        "/0//UQApQAAAAAAgAAAAIAAAAAAAAAAAAAAAIAAAACAAAAAAAAAAAAABBwEB/1AACAACAAAABP9S"  # pragma: allowlist secret
        "AAwAAgABAAUEBEAB/1wAEyBQWFhgWFhgWFhgWFhYUFBY/2QAFgABT3BlbkpQSCBWZXIgMC45LjAu"  # pragma: allowlist secret
        "/5AACgAAAAAA0QAB/5PAEoChAQd0AKAEoAABh3QAoAVADUQD4gCGtACgBaK97VtvvTWu8cYbAHdn"  # pragma: allowlist secret
        "JDG3AKAF2wDBIAiCIAiMwAiMwAiMwAiMwAiMwAiMwAiMwAiMwAgMwzAMwzD+AtazsEHBj4IODH5K"  # pragma: allowlist secret
        "aeSnUQGgC9WA+95777333nvvvfe9995777333nvve++999577733/vofAAAAAAHv2AAHv2AAHv2A"  # pragma: allowlist secret
        "AHssAAAAA9+wAA9+wAA9+wAA9lgAAAAHv2AAHv2AAHv2AAHstwP/2Q=="  # pragma: allowlist secret
    ),
    StreamKind.RLE: (
        "AQAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAPEA8QDxAPEA8QDxAPEA8QDxPPE88TzxPPE88TzxPPE8"
    ),
}


def check_decoders() -> Iterator[Check]:
    """One check for each compressed transfer syntax that is read, and for each plug-in."""
    try:
        from mammolens.dicom import codecs
    except Exception as error:  # noqa: BLE001 - a broken library may raise anything
        yield failed(GROUP, "all", f"cannot be imported ({first_line(error)})", _REMEDY)
        return
    for syntax, kind in codecs.KINDS.items():
        try:
            package = codecs.decoder_of(kind).package
        except ImportError as error:
            if codecs.plugin_name_for(syntax) is None:
                yield failed(GROUP, codecs.syntax_name(syntax), str(error), _REMEDY)
            continue
        yield _check(codecs.syntax_name(syntax), package, partial(_decoded, kind))
    for name, plugin in codecs.plugin_decoders().items():
        used = [syntax for syntax in plugin.transfer_syntaxes if codecs.plugin_name_for(syntax) == name]
        yield passed(GROUP, f"plug-in {name}", f"is used for {', '.join(used) or 'no transfer syntax'}; not tried here")


def _check(syntax: str, package: str, decode: Callable[[], NDArray[Any]]) -> Check:
    try:
        decoded = decode()
    except Exception as error:  # noqa: BLE001 - decoders may raise anything
        return failed(GROUP, syntax, f"{package} cannot decode it ({first_line(error)})", _REMEDY)
    expected = _bands(decoded.shape[0])
    if decoded.shape != expected.shape or np.abs(decoded.astype(int) - expected).max() > _LOSSY_ERROR:
        return failed(GROUP, syntax, f"{package} decodes values that differ from the encoded ones", _REMEDY)
    return passed(GROUP, syntax, f"{package} decodes it")


def _decoded(kind: StreamKind) -> NDArray[Any]:
    from mammolens.dicom.codecs import decode_rle, decode_stream
    from mammolens.dicom.streams import stated_format

    stream = base64.b64decode(_STREAMS[kind])
    if kind is StreamKind.RLE:  # which states no size
        return decode_rle(stream, (_RLE_SIDE, _RLE_SIDE), 1).patterns
    stated = stated_format(stream)
    if stated is None or stated.kind is not kind:
        raise ValueError(f"the sample is taken for {stated}")
    return decode_stream(stream, stated).patterns


def _bands(side: int) -> NDArray[np.int64]:
    return np.repeat((np.arange(side) // 8 * 60)[:, None], side, axis=1)
