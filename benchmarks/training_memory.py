"""Peak memory of a training on few and on many images; by hand: ``.venv/bin/python benchmarks/training_memory.py``.

Each training is a process of its own, of the shipped detector's configuration with one narrow member and one epoch. The
images are phantoms of ten women over and over, each time as another patient: memory cannot tell.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from mammolens.config import ModelConfig, NetworkConfig
from mammolens.datasets.base import Dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.models.directory import load_model
from mammolens.models.store import pretrained_directory
from mammolens.training.engine import train
from mammolens.training.progress import Stage, TrainingProgress
from mammolens.types import ImageAttributes

_WOMEN = 10


def repeated(folder: Path, images: int) -> Dataset:
    """So many normal images, four of each patient."""
    phantoms = write_phantom_dataset(folder / "0", normals=_WOMEN)
    cases = []
    for number in range(images):
        copy, case = divmod(number, len(phantoms.cases))
        original = phantoms.cases[case]
        patient, path = f"{original.patient_id}-{copy}", folder / str(copy) / original.path.relative_to(folder / "0")
        if copy:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(original.path)
        cases.append(replace(original, path=path, patient_id=patient, attributes=ImageAttributes(patient_id=patient)))
    return Dataset("repeated phantoms", tuple(cases), phantoms.licence)


def configuration() -> ModelConfig:
    """The shipped detector's, but for speed: a narrow member, one epoch, no known lesions."""
    config = load_model(pretrained_directory()).config
    training = config.training.model_copy(update={"epochs": 1, "exposure_share": 0.0})
    network = NetworkConfig(name="small_unet", options={"width": 2})
    return config.model_copy(update={"network": network, "training": training})


def measure(images: int) -> None:
    """Train here, and print what it took."""
    stored = 0
    with tempfile.TemporaryDirectory() as folder:

        def look(progress: TrainingProgress) -> None:
            nonlocal stored
            if progress.stage is Stage.LEARN:
                stored = sum(file.stat().st_size for file in Path(folder).glob(".model.training/images/*"))

        started = time.monotonic()
        train(configuration(), repeated(Path(folder), images), Path(folder) / "model", progress=look)
        seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {images} | {peak:.0f} | {stored / 2**20:.0f} | {seconds:.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=int, nargs="*", default=[200, 2000], help="of each training")
    parser.add_argument("--here", action="store_true", help="one training, in this process")
    options = parser.parse_args()
    if options.here:
        measure(*options.images)
        return
    print("| images | peak memory, MiB | images in files, MiB | seconds |\n|---|---|---|---|", flush=True)
    for images in options.images:
        subprocess.run([sys.executable, __file__, "--here", str(images)], check=True)


if __name__ == "__main__":
    main()
