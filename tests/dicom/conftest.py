"""Mammograms written for the tests: small, with a header that each test can bend, in every transfer syntax."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openjpeg.utils
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray
from pillow_jpls import _pycharls
from pydicom import FileDataset, uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_pixel_data_frame

from mammolens.datasets.phantom import PhantomExam, make_phantom_exam
from mammolens.dicom import codecs

from .lossless_jpeg import encode_lossless_jpeg
from .raw_headers import raw_file, set_raw

Values = NDArray[np.integer[Any]]
WriteDicom = Callable[..., Path]
MG_FOR_PRESENTATION = uid.DigitalMammographyXRayImageStorageForPresentation
SHAPE = (80, 72)


def pytest_configure(config: pytest.Config) -> None:
    """What the reader filters, pytest would show all the same: damage is what many of these tests are about."""
    for package in ("pydicom", "openjpeg"):
        config.addinivalue_line("filterwarnings", f"ignore::UserWarning:{package}")


@pytest.fixture(scope="session", autouse=True)
def _no_warnings_of_itk() -> None:
    sitk.ProcessObject.SetGlobalWarningDisplay(False)


@pytest.fixture(scope="session")
def a_phantom_exam() -> PhantomExam:
    return make_phantom_exam(5, rows=256, columns=208, spacing=(1.0, 1.0))


@pytest.fixture
def stored_phantoms(a_phantom_exam: PhantomExam) -> list[Values]:
    """12-bit values of R CC, L CC, R MLO, L MLO."""
    return [np.rint(view.pixels * 4095).astype(np.uint16) for view in a_phantom_exam.views]


@pytest.fixture(scope="session")
def values_of() -> Callable[..., Values]:
    """Random pixels ``(80, 72)`` over the whole range of the bits stored, both ends included."""

    def make(bits: int = 12, *, signed: bool = False) -> Values:
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        cell = np.dtype(f"{'i' if signed else 'u'}{1 if bits == 8 else 2}")
        values = np.random.default_rng(bits).integers(low, high, size=SHAPE, endpoint=True).astype(cell)
        values[0, :2] = low, high
        return values

    return make


@pytest.fixture
def without_imagecodecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package cannot be imported."""
    for decoder in (decoder for of_kind in codecs.DECODERS.values() for decoder in of_kind):
        if decoder.package == "imagecodecs":
            monkeypatch.setitem(sys.modules, decoder.module, None)
    codecs.decoder_of.cache_clear()
    yield
    codecs.decoder_of.cache_clear()


@pytest.fixture(scope="session")
def dataset_of() -> Callable[..., FileDataset]:
    """A mammogram's data set around pixels; keywords set header attributes, ``None`` removes one."""
    return _dataset


@pytest.fixture(scope="session")
def encode() -> Callable[[Values, str, int], bytes]:
    """One frame in a lossless transfer syntax, of this many bits a value; signed ones in two's complement."""
    return _encode


@pytest.fixture
def write_dicom(tmp_path: Path) -> WriteDicom:
    """Write a mammogram and give its path; see ``dataset_of`` for the keywords.

    ``syntax`` compresses, or says how values are written; ``frame`` replaces the compressed frame.
    """

    def write(
        values: Values,
        *,
        syntax: str = uid.ExplicitVRLittleEndian,
        frame: bytes | None = None,
        name: str = "image.dcm",
        **header: Any,
    ) -> Path:
        dataset = _dataset(values, **header)
        written = (
            uid.MPEG2MPML if syntax in codecs.HTJ2K else uid.UID(syntax)
        )  # pydicom 2 writes none that it does not know
        dataset.file_meta.TransferSyntaxUID = written
        dataset.is_implicit_VR = syntax == uid.ImplicitVRLittleEndian
        if written.is_compressed:
            stream = _encode(values, syntax, dataset.BitsStored) if frame is None else frame
            dataset.PixelData = encapsulate([stream + b"\0" * (len(stream) % 2)])
            dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
        elif syntax == uid.ExplicitVRBigEndian:
            dataset.is_little_endian = False
            dataset.PixelData = values.astype(values.dtype.newbyteorder(">")).tobytes()
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, write_like_original=False)
        if written != syntax:
            path.write_bytes(path.read_bytes().replace(written.encode(), syntax.encode()))
        return path

    return write


@pytest.fixture(scope="session")
def write_words() -> Callable[[Path, str, str], Path]:
    """Write these very bytes as the value of an attribute, whatever the standard says of it."""

    def write(path: Path, keyword: str, words: str) -> Path:
        dataset = pydicom.dcmread(path)
        set_raw(dataset, [(keyword, words)])
        path.write_bytes(raw_file(dataset))
        return path

    return write


def _dataset(values: Values, **header: Any) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = header.get("SOPClassUID") or MG_FOR_PRESENTATION
    meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    bits = header.get("BitsStored") or 8 * values.itemsize
    stated: dict[str, Any] = {
        "SOPClassUID": MG_FOR_PRESENTATION,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.2",
        "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.3",
        "PatientID": "PHANTOM-1",
        "Modality": "MG",
        "PresentationIntentType": "FOR PRESENTATION",
        "ImageLaterality": "L",
        "ViewPosition": "MLO",
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": values.shape[0],
        "Columns": values.shape[1],
        "BitsAllocated": 8 * values.itemsize,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(values.dtype.kind == "i"),
        "PixelData": values.tobytes(),
        **header,
    }
    for keyword, value in stated.items():
        if value is not None:
            setattr(dataset, keyword, value)
    if "PixelData" in dataset:
        dataset["PixelData"].VR = "OW"
    return dataset


def _encode(values: Values, syntax: str, bits: int) -> bytes:
    if syntax in (uid.JPEG2000Lossless, uid.JPEG2000):
        return bytes(openjpeg.utils.encode_array(values, bits_stored=bits, photometric_interpretation=2))
    if syntax == uid.RLELossless:
        dataset = _dataset(values, BitsStored=bits)
        dataset.compress(uid.RLELossless)
        return next(generate_pixel_data_frame(dataset.PixelData, 1))
    if syntax == uid.JPEGLSLossless:
        return _charls(values, bits)
    assert syntax == uid.JPEGLosslessSV1, f"no encoder for {syntax}"
    if bits == 8 * values.itemsize:
        return _gdcm_jpeg_lossless(values)  # which writes cells as a whole
    return encode_lossless_jpeg(values & (2**bits - 1), bits)


def _charls(values: Values, bits: int) -> bytes:
    frame = _pycharls.FrameInfo()
    frame.height, frame.width = values.shape
    frame.bits_per_sample, frame.component_count = bits, 1
    return bytes(_pycharls.encode((values & (2**bits - 1)).astype(f"u{values.itemsize}").tobytes(), frame))


def _gdcm_jpeg_lossless(values: Values) -> bytes:
    """The frame that GDCM, through SimpleITK, writes in JPEG Lossless, Process 14, Selection Value 1."""
    import tempfile

    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetUseCompression(True)
    writer.SetCompressor("JPEG")
    with tempfile.TemporaryDirectory() as folder:
        writer.SetFileName(f"{folder}/frame.dcm")
        writer.Execute(sitk.GetImageFromArray(values))
        dataset = pydicom.dcmread(f"{folder}/frame.dcm")
    assert dataset.file_meta.TransferSyntaxUID == uid.JPEGLosslessSV1
    return next(generate_pixel_data_frame(dataset.PixelData, 1))
