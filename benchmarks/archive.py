"""Images per second and memory of ``mammolens score``; by hand: ``.venv/bin/python benchmarks/archive.py``.

``mammolens predict``, without maps and pictures, is measured on the same images in the same run; the start of the
programs is included and also given by itself, as the time for one exam. The images are those of a phantom, enlarged,
with the noise of a detector, each view in another transfer syntax; they are copied as exams of other patients. Memory
is the highest sum over all processes of their proportional share (PSS). On a busy computer, processor seconds say more
than seconds.
"""

from __future__ import annotations

import argparse
import io
import itertools
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pyarrow.dataset
import pydicom
import torch
from decoders import with_pixels
from pydicom import uid

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.config import ModelConfig, PreprocessingConfig
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.models.directory import CALIBRATION, save_model, seal_model
from mammolens.models.networks import build_network

SYNTAXES = (uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLosslessSV1, uid.JPEG2000Lossless)
_DRAWN_ROWS = 512  # drawing a phantom of 4096 rows takes minutes
_PATIENT, _STUDY, _IMAGE = "P{:09d}", "2.25.1{:09d}", "2.25.2{:d}{:09d}"  # of one length: copies differ in bytes
_SMALL_ROWS = 128


class Run(NamedTuple):
    """What a program and its processes took; memory in MiB."""

    seconds: float
    processor_seconds: float
    memory: float


def write_archive(folder: Path, images: int, rows: int) -> None:
    """Exams of four images each, ``rows`` by 13/16 ``rows``; rows are a multiple of 512, or fewer."""
    times, drawn_rows = max(1, rows // _DRAWN_ROWS), min(rows, _DRAWN_ROWS)
    columns, spacing, noise = drawn_rows * 13 // 16, 240 / rows, np.random.default_rng(0)
    exam = make_phantom_exam(0, rows=drawn_rows, columns=columns, spacing=(240 / drawn_rows, 240 / drawn_rows))
    originals = []
    for view, (file, syntax) in enumerate(
        zip(write_phantom_exam(exam, folder.parent / "original"), SYNTAXES, strict=True)
    ):
        image = pydicom.dcmread(file)
        values = image.pixel_array.repeat(times, axis=0).repeat(times, axis=1)
        image.Rows, image.Columns = values.shape
        image.ImagerPixelSpacing = [spacing, spacing]
        image.PatientID, image.StudyInstanceUID = _PATIENT.format(0), _STUDY.format(0)
        image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = _IMAGE.format(view, 0)
        values = np.clip(values + noise.normal(0, 6, values.shape), 0, 4095).astype(np.uint16)
        content = io.BytesIO()
        with_pixels(image, values, syntax).save_as(content, write_like_original=False)
        originals.append(content.getvalue())
    for number in range(images // 4):
        place = folder / f"{number:06d}"
        place.mkdir(parents=True)
        for view, original in enumerate(originals):
            copy = original
            for name in (_PATIENT, _STUDY):
                copy = copy.replace(name.format(0).encode(), name.format(number).encode())
            copy = copy.replace(_IMAGE.format(view, 0).encode(), _IMAGE.format(view, number).encode())
            (place / f"{view}.dcm").write_bytes(copy)


def write_narrow_model(folder: Path) -> None:
    """An untrained model that takes little time, so that what a run costs beside its network is seen."""
    config = ModelConfig(preprocessing=PreprocessingConfig(size=64))
    torch.manual_seed(0)
    save_model(folder, config, build_network(config.network), {"notice": "random weights"})
    images, exams = [], []
    for number in range(20):
        common = {"patient": number, "acquisition_group": None}
        scores = dict.fromkeys(("raw_score", "pred_score", "map_peak"), number / 20)
        images.append(NormalImage(**common, view="CC", **scores))
        exams.append(NormalExam(**common, exam_score=number / 20, asymmetry=None))
    Calibration(tuple(images), tuple(exams), config.calibration).save(folder / CALIBRATION)
    seal_model(folder)


def measure(*arguments: str | Path, look_s: float = 0.2) -> Run:
    """Run a command of MammoLens; look at its memory so often."""
    began, highest, used = time.monotonic(), 0, {}
    command = [sys.executable, "-m", "mammolens", *map(str, arguments)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while process.poll() is None:
            memory = 0
            for one in _processes(process.pid):
                try:
                    memory += one.memory_full_info().pss
                    times = one.cpu_times()
                except psutil.Error:  # ended meanwhile
                    continue
                used[one.pid] = times.user + times.system
            highest = max(highest, memory)
            time.sleep(look_s)
        if process.returncode:
            assert process.stderr is not None
            sys.exit(process.stderr.read().decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited_for = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(time.monotonic() - began, max(sum(used.values()), waited_for), highest / 2**20)


def _processes(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def measure_small(sizes: list[int], workers: list[int]) -> None:
    """Memory by the number of images."""
    print("| workers | images | rows | seconds | processor seconds | memory, MiB |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as place:
        write_narrow_model(Path(place) / "model")
        for images, count in itertools.product(sizes, workers):
            folder, results = Path(place) / f"{images}-{count}", Path(place) / f"scores-{images}-{count}"
            write_archive(folder, images, _SMALL_ROWS)
            options = ("-m", Path(place) / "model", "--workers", str(count))
            run = measure("score", folder, "-o", results, *options, look_s=2)
            rows = pyarrow.dataset.dataset(results / "images").count_rows()
            figures = (f"{run.seconds:.0f}", f"{run.processor_seconds:.0f}", f"{run.memory:.0f}")
            print("|", " | ".join([str(count), str(images), str(rows), *figures]), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=int, nargs="*", default=[200, 2000], help="of each archive, a multiple of four")
    parser.add_argument("--rows", type=int, default=2048, help="of each image")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--runtime", nargs="*", default=["torch"], help="of score")
    parser.add_argument("--small", action="store_true", help="memory only: images of 128 rows and a narrow network")
    options = parser.parse_args()
    if options.small:
        measure_small(options.images, options.workers)
        return
    print("| command | images | seconds | images/s | processor seconds | memory, MiB |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    for images in [4, *options.images]:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "archive"
            write_archive(folder, images, options.rows)
            alone = ("predict", folder, "-o", Path(place) / "out", "--maps", "none", "--no-overlays")
            runs: dict[str, Callable[[], Run]] = {"predict": partial(measure, *alone)}
            for workers, runtime in itertools.product(options.workers, options.runtime):
                results = Path(place) / f"scores-{workers}-{runtime}"
                score = ("score", folder, "-o", results, "--workers", str(workers), "--runtime", runtime)
                runs[f"score, {workers} workers, {runtime}"] = partial(measure, *score)
            for name, run in runs.items():
                taken = run()
                figures = (f"{taken.seconds:.0f}", f"{images / taken.seconds:.2f}", f"{taken.processor_seconds:.1f}")
                print("|", " | ".join([name, str(images), *figures, f"{taken.memory:.0f}"]), "|", flush=True)


if __name__ == "__main__":
    main()
