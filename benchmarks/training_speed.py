"""Where the time of a training step goes, and speed and memory by images and workers.

By hand: ``.venv/bin/python benchmarks/training_speed.py``. The prepared images are phantoms, each of whose files is
linked to under many names: reading, partition and index cost what as many different images would. Each row is a process
of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, product
from pathlib import Path

import torch
from torch import nn

from mammolens.config import ModelConfig, NetworkConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.models.directory import load_model
from mammolens.models.ensemble import members_of
from mammolens.models.networks import build_network
from mammolens.models.store import pretrained_directory
from mammolens.training.batches import BatchLoader
from mammolens.training.partition import partition
from mammolens.training.preparation import StoredCases, prepare_to_folder
from mammolens.training.stored_samples import StoredSamples
from mammolens.training.task import Task
from mammolens.training.tasks import build_task
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import ImageAttributes

_WOMEN = 8


def configuration() -> ModelConfig:
    """The shipped detector's, without known lesions."""
    config = load_model(pretrained_directory()).config
    training = config.training.model_copy(update={"exposure_share": 0.0})
    return config.model_copy(update={"training": training})


def prepared_phantoms(folder: Path) -> list[Path]:
    """The files of some prepared images."""
    cases = write_phantom_dataset(folder / "phantoms", normals=_WOMEN).cases
    images = folder / "images"
    images.mkdir()
    pipeline = Pipeline(configuration().preprocessing)
    return list(prepare_to_folder(cases, pipeline, lambda: None, trimmed=True, folder=images).images.files)


def linked(files: list[Path], images: int, folder: Path) -> StoredCases:
    """So many images, four of each patient, of which these files hold the pixels."""
    cases = []
    for number in range(images):
        link = folder / str(number // 1000) / f"{number}.safetensors"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.hardlink_to(files[number % len(files)])
        patient = f"patient-{number // 4}"
        cases.append(Case(link, patient, ImageAttributes(patient_id=patient), abnormal=False, clean_normal=True))
    return StoredCases(tuple(cases), StoredSamples(tuple(case.path for case in cases)))


def peak_mib(whose: int = resource.RUSAGE_SELF) -> float:
    return resource.getrusage(whose).ru_maxrss / 1024


def current_mib() -> float:
    """On Linux."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def a_task(config: ModelConfig, images: StoredCases) -> Task:
    return build_task(config, images, images.of(images.cases[:16]), StoredCases((), StoredSamples()))


def a_network(config: ModelConfig) -> tuple[nn.Module, torch.optim.Optimizer]:
    network = members_of(build_network(config.network))[0].train()
    return network, torch.optim.AdamW(network.parameters())


def parts(steps: int) -> None:
    """CPU time of the parts of a step, which other load on the computer changes least."""
    torch.set_num_threads(1)
    config, spent = configuration(), Counter[str]()

    @contextmanager
    def part(name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        spent[name] += time.process_time() - started

    with tempfile.TemporaryDirectory() as folder:
        stored = prepared_phantoms(Path(folder))
        task = a_task(config, linked(stored, 512, Path(folder) / "linked"))
        network, optimizer = a_network(config)
        for step, places in enumerate(islice(task.batches(1), steps + 1)):
            if step == 1:  # the first warms up
                spent.clear()
            with part("read the images"):
                _ = [task.images[place] for place in places]
            with part("draw the batch, reading included"):
                batch = task.batch(1, step, places)
            with part("forward and loss"):
                loss = task.loss(network, batch)
            with part("backward"):
                optimizer.zero_grad()
                loss.backward()
            with part("optimiser"):
                optimizer.step()
    print("| part | CPU ms per image |\n|---|---|")
    for name, seconds in spent.items():
        print(f"| {name} | {1000 * seconds / steps / config.training.batch_size:.2f} |")


def epoch(images: int, workers: int, steps: int) -> None:
    """The first steps of an epoch over this many images; the network is narrow, so that the loading shows."""
    config = configuration().model_copy(update={"network": NetworkConfig(name="small_unet", options={"width": 2})})
    with tempfile.TemporaryDirectory() as folder:
        stored = prepared_phantoms(Path(folder))
        network, optimizer = a_network(config)
        before = current_mib()
        linked_to = linked(stored, images, Path(folder) / "linked")
        started = time.process_time()
        shares = partition(Dataset("linked phantoms", linked_to.cases, "phantoms"), config).shares
        task = a_task(config, linked_to.of(shares[0].train))
        listed, index = time.process_time() - started, current_mib() - before
        started, done = time.monotonic(), 0
        for step, (count, batch) in enumerate(islice(BatchLoader(task, workers).of_epoch(1), steps + 1)):
            if step == 1:
                started, done = time.monotonic(), 0
            optimizer.zero_grad()
            task.loss(network, batch).backward()
            optimizer.step()
            done += count
        speed = done / (time.monotonic() - started)
    own, helpers = peak_mib(), peak_mib(resource.RUSAGE_CHILDREN) if workers else 0
    print(
        f"| {images} | {workers} | {listed:.1f} | {index:.0f} | {own:.0f} | {helpers:.0f} | {speed:.1f} |", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="*", default=[200, 1000, 5000, 100_000])
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 1])
    parser.add_argument("--steps", type=int, default=20, help="of each row, after one that warms up")
    parser.add_argument("--runs", type=int, default=1, help="of each row, in turn")
    parser.add_argument("--here", choices=("parts", "epoch"), help="one measurement, in this process")
    options = parser.parse_args()
    if options.here == "parts":
        parts(options.steps)
    elif options.here == "epoch":
        epoch(options.images[0], options.workers[0], options.steps)
    else:
        again = [sys.executable, __file__, "--steps", str(options.steps), "--here"]
        subprocess.run([*again, "parts"], check=True)
        print("\n| images | workers | partition, CPU s | cases, MiB | peak, MiB | peak of a worker, MiB | images/s |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for _ in range(options.runs):
            for images, workers in product(options.images, options.workers):
                subprocess.run([*again, "epoch", "--images", str(images), "--workers", str(workers)], check=True)


if __name__ == "__main__":
    main()
