"""Seconds to read a mammogram in each transfer syntax, beside SimpleITK and pydicom with pylibjpeg, in turns.

Run by hand: `python benchmarks/decoders.py`. The file is a phantom with the noise of a detector, 12 bits in 16.
Equal work is compared: from the file to stored values, and from the file to greys (float32 in [0, 1] through the
window). MammoLens also checks that the stream is complete, and for greys polarity, side, view and missing parts.
Values are compared with SimpleITK's. The column of a rival that cannot read a syntax is empty.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import openjpeg.utils
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from pillow_jpls import _pycharls
from pydicom import uid
from pydicom.encaps import encapsulate, generate_pixel_data_frame
from pydicom.pixel_data_handlers.rle_handler import rle_encode_frame
from pydicom.pixel_data_handlers.util import apply_modality_lut, apply_voi_lut

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.codecs import KINDS, decoder_of
from mammolens.dicom.decoding import decoded_cells
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import read_mammogram
from mammolens.dicom.stored_values import stored_pixels

Values = NDArray[np.uint16]


def _jpeg_ls(values: Values) -> bytes:
    frame = _pycharls.FrameInfo()
    (frame.height, frame.width), frame.bits_per_sample, frame.component_count = values.shape, 12, 1
    return bytes(_pycharls.encode(values.tobytes(), frame))


def _jpeg_2000(values: Values, **ratios: Any) -> bytes:
    return bytes(openjpeg.utils.encode_array(values, bits_stored=12, photometric_interpretation=2, **ratios))


def _jpeg_lossless(values: Values) -> bytes:
    """By GDCM; imagecodecs has another predictor than selection value 1."""
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetUseCompression(True)
    writer.SetCompressor("JPEG")
    with tempfile.TemporaryDirectory() as folder:
        writer.SetFileName(f"{folder}/frame.dcm")
        writer.Execute(sitk.GetImageFromArray(values))
        return next(generate_pixel_data_frame(pydicom.dcmread(f"{folder}/frame.dcm").PixelData, 1))


ENCODERS: dict[str, Callable[[Values], bytes]] = {
    uid.RLELossless: rle_encode_frame,
    uid.JPEGExtended12Bit: lambda values: imagecodecs.jpeg8_encode(values, level=95, bitspersample=12),
    uid.JPEGLosslessSV1: _jpeg_lossless,
    uid.JPEGLSLossless: _jpeg_ls,
    uid.JPEG2000Lossless: _jpeg_2000,
    uid.JPEG2000: lambda values: _jpeg_2000(values, compression_ratios=[8, 1]),
}
UNCOMPRESSED = (uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian)


def files(folder: Path, rows: int, columns: int) -> dict[uid.UID, Path]:
    """A mammogram in each transfer syntax."""
    exam = make_phantom_exam(3, rows=rows, columns=columns, spacing=(232.96 / rows, 232.96 / rows))
    original = write_phantom_exam(exam, folder / "exam")[1]
    plain = pydicom.dcmread(original)
    noise = np.random.default_rng(0).normal(0, 6, (rows, columns))
    values = np.clip(plain.pixel_array + noise, 0, 4095).astype(np.uint16)
    made = {}
    for syntax in (*UNCOMPRESSED, *ENCODERS):
        dataset = with_pixels(pydicom.dcmread(original), values, syntax)
        made[uid.UID(syntax)] = folder / f"{uid.UID(syntax).keyword}.dcm"
        dataset.save_as(made[uid.UID(syntax)], write_like_original=False)
    return made


def with_pixels(dataset: pydicom.Dataset, values: Values, syntax: str) -> pydicom.Dataset:
    """The data set with other pixels, 12 bits in 16, in a transfer syntax."""
    dataset.BitsStored, dataset.HighBit, dataset.BitsAllocated = 12, 11, 16
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax in ENCODERS:
        stream = ENCODERS[syntax](values)
        dataset.PixelData = encapsulate([stream + b"\0" * (len(stream) % 2)])
        dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    else:
        dataset.PixelData = values.tobytes()
    return dataset


def greys_by_simpleitk(path: Path) -> NDArray[np.float32]:
    image = sitk.ReadImage(str(path))
    low = float(image.GetMetaData("0028|1050")) - 0.5 - (width := float(image.GetMetaData("0028|1051")) - 1) / 2
    return sitk.GetArrayFromImage(sitk.IntensityWindowing(sitk.Cast(image, sitk.sitkFloat32), low, low + width, 0, 1))


def greys_by_pydicom(path: Path) -> NDArray[np.float32]:
    dataset = pydicom.dcmread(path)
    greys = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    return np.divide(greys, 2**dataset.BitsStored - 1, dtype=np.float32)


def in_turns(calls: list[Callable[[], object]], runs: int, clock: Callable[[], float]) -> list[float | None]:
    """Median seconds of each, in turns, after one that does not count; ``None`` where it fails."""
    seconds: list[list[float] | None] = [[] for _ in calls]
    for run in range(runs + 1):
        for number, call in enumerate(calls):
            taken = seconds[number]
            if taken is None:
                continue
            started = clock()
            try:
                call()
            except Exception:  # noqa: BLE001 - each library has errors of its own
                seconds[number] = None
            else:
                if run:
                    taken.append(clock() - started)
    return [statistics.median(taken) if taken else None for taken in seconds]


WORK: dict[str, dict[str, Callable[[Path], object]]] = {
    "stored values": {
        "MammoLens": lambda path: stored_pixels(open_dicom(path, with_pixels=True), path).values,
        "SimpleITK": lambda path: sitk.GetArrayFromImage(sitk.ReadImage(str(path))),
        "pydicom + pylibjpeg": lambda path: pydicom.dcmread(path).pixel_array,
    },
    "greys": {
        "MammoLens": read_mammogram,
        "SimpleITK": greys_by_simpleitk,
        "pydicom + pylibjpeg": greys_by_pydicom,
    },
}


def same_values(path: Path) -> str:
    """How far the decoded values are from SimpleITK's."""
    decoded = decoded_cells(pydicom.dcmread(path), path).patterns.astype(int)
    try:
        theirs = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[0].astype(int)
    except RuntimeError:
        return "-"
    if float(pydicom.dcmread(path, stop_before_pixels=True).get("RescaleSlope", 1)) != 1:
        return "-"
    return str(int(np.abs(decoded - theirs).max()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=3328)
    parser.add_argument("--columns", type=int, default=2560)
    parser.add_argument("--cpu", action="store_true", help="CPU seconds of all threads: for a computer that is busy")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    size = f"{options.rows} x {options.columns}"
    print(f"{platform.machine()}, {os.cpu_count()} cores, {size}, medians of {options.runs} runs")
    print("CPU seconds of all threads" if options.cpu else "seconds")
    with tempfile.TemporaryDirectory() as folder:
        made = files(Path(folder), options.rows, options.columns)
        for title, ways in WORK.items():
            print(f"\n| to {title} | decoder | {' | '.join(ways)} | ratio to the faster | difference |")
            print("|---|---|---|---|---|---|---|")
            for syntax, path in made.items():
                calls: list[Callable[[], object]] = [partial(way, path) for way in ways.values()]
                own, *others = in_turns(calls, options.runs, clock)
                theirs = [seconds for seconds in others if seconds is not None]
                ratio = f"{own / min(theirs):.2f}" if theirs and own else "-"
                shown = " | ".join("-" if seconds is None else f"{seconds:.3f}" for seconds in (own, *others))
                kind = KINDS.get(syntax)
                decoder = "-" if kind is None else decoder_of(kind).package
                print(f"| {syntax.name} | {decoder} | {shown} | {ratio} | {same_values(path)} |", flush=True)


if __name__ == "__main__":
    main()
