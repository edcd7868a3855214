"""Images per second and memory of ``mammolens score``; by hand: ``.venv/bin/python benchmarks/archive.py``.

``mammolens predict``, without maps and pictures, is measured on the same images in the same run; the start of the
programs is included and also given by itself, as the time for one exam. Images are phantoms, RLE and uncompressed in
turn, copied as exams of other patients. Memory is the highest sum over all processes of their proportional share (PSS).
On a busy computer, processor seconds say more than seconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil
import pydicom
from pydicom.uid import generate_uid

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import TRANSFER_SYNTAXES, write_phantom_exam

_PATIENTS = 4
_LOOK_S = 0.2


class Run(NamedTuple):
    """What a program and its processes took; memory in MiB."""

    seconds: float
    processor_seconds: float
    memory: float


def write_archive(folder: Path, images: int, rows: int) -> None:
    """Exams of four images each."""
    columns, spacing = rows * 13 // 16, 240 / rows
    originals = []
    for number in range(_PATIENTS):
        exam = make_phantom_exam(number, rows=rows, columns=columns, spacing=(spacing, spacing))
        syntax = TRANSFER_SYNTAXES[number % len(TRANSFER_SYNTAXES)]
        originals.append(write_phantom_exam(exam, folder.parent / f"original-{number}", transfer_syntax=syntax))
    for number in range(images // 4):
        place, study = folder / f"{number:06d}", generate_uid()
        place.mkdir(parents=True)
        for file in originals[number % _PATIENTS]:
            image = pydicom.dcmread(file)
            image.PatientID, image.StudyInstanceUID, image.SOPInstanceUID = f"P{number}", study, generate_uid()
            image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
            image.save_as(place / file.name, write_like_original=False)


def measure(*arguments: str | Path) -> Run:
    """Run a command of MammoLens."""
    began, highest, used = time.monotonic(), 0, {}
    command = [sys.executable, "-m", "mammolens", *map(str, arguments)]
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
            time.sleep(_LOOK_S)
        if process.returncode:
            assert process.stderr is not None
            sys.exit(process.stderr.read().decode())
    return Run(time.monotonic() - began, sum(used.values()), highest / 2**20)


def _processes(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=int, nargs="*", default=[200, 2000], help="of each archive, a multiple of four")
    parser.add_argument("--rows", type=int, default=2048, help="of each image")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    options = parser.parse_args()
    print("| command | images | seconds | images/s | processor seconds | memory, MiB |", flush=True)
    print("|---|---|---|---|---|---|", flush=True)
    for images in [4, *options.images]:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "archive"
            write_archive(folder, images, options.rows)
            runs = {"predict": ("predict", folder, "-o", Path(place) / "out", "--maps", "none", "--no-overlays")}
            for workers in options.workers:
                results = Path(place) / f"scores-{workers}"
                runs[f"score, {workers} workers"] = ("score", folder, "-o", results, "--workers", str(workers))
            for name, arguments in runs.items():
                run = measure(*arguments)
                figures = (f"{run.seconds:.0f}", f"{images / run.seconds:.2f}", f"{run.processor_seconds:.0f}")
                print("|", " | ".join([name, str(images), *figures, f"{run.memory:.0f}"]), "|", flush=True)


if __name__ == "__main__":
    main()
