"""CPU seconds to score a decoded image, compared with PaDiM and PatchCore of anomalib in interleaved runs.

Run by hand: ``.venv/bin/python benchmarks/anomalib_models.py --anomalib FOLDER``. anomalib is not among our
requirements, as its torchvision has no build for torch without CUDA; put it into a folder of its own::

    pip install --no-deps --target FOLDER anomalib timm torchvision kornia kornia_rs lightning lightning-utilities
        torchmetrics jsonargparse omegaconf antlr4-python3-runtime==4.9.3 einops freia opencv-python-headless
        scikit-learn docstring-parser

An image is a phantom's view, enlarged, float32; for anomalib its three channels are equal. Measured is what anomalib's
``TorchInferencer.predict`` calls, its pre-processor included, at its 256 x 256 pixels and at our working grid's; and
``Predictor.score``: preprocessing, network, standardised score. Weights are random, which does not change the
speed, and the memory banks are of few images, which makes PatchCore faster than it would be. One thread.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from decoders import in_turns
from torch import library

from mammolens import Mammogram, Predictor, mammogram_from_array
from mammolens.datasets.phantom import make_phantom_exam

_FITTED = 4  # images
_DRAWN_ROWS = 512


def decoded(rows: int) -> list[Mammogram]:
    """The views of a phantom."""
    exam = make_phantom_exam(
        0, rows=_DRAWN_ROWS, columns=_DRAWN_ROWS * 13 // 16, spacing=(240 / _DRAWN_ROWS, 240 / _DRAWN_ROWS)
    )
    times, noise = rows // _DRAWN_ROWS, np.random.default_rng(0)
    found = []
    for view in exam.views:
        pixels = view.pixels.repeat(times, axis=0).repeat(times, axis=1).astype(np.float32)
        pixels += noise.normal(0, 0.0015, pixels.shape).astype(np.float32)
        found.append(mammogram_from_array(pixels.clip(0, 1)))
    return found


def fitted(kind: Any, size: int, images: list[torch.Tensor]) -> Any:
    """A model of anomalib with random weights."""
    torch.manual_seed(0)
    parts = {"evaluator": False, "visualizer": False, "pre_processor": kind.configure_pre_processor((size, size))}
    module = kind(pre_trained=False, **parts)
    module.model.train()
    with torch.inference_mode():
        for image in images:
            module.model(module.pre_processor(image))
        module.fit()
    return module.eval()


def infer(module: Any, image: torch.Tensor) -> None:
    with torch.inference_mode():
        module(image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anomalib", type=Path, required=True, help="folder that it is installed in")
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    sys.path.append(str(options.anomalib))
    for name in ("nms", "qnms"):  # torchvision names them when it is imported, and cannot load its own
        library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from anomalib.models import Padim, Patchcore

    mammograms = decoded(options.rows)
    images = [torch.from_numpy(one.pixels).expand(1, 3, -1, -1) for one in mammograms]
    ours = Predictor.load(device="cpu")
    calls: dict[str, Callable[[], object]] = {
        f"MammoLens, {name}": partial(Predictor.load(runtime=name, device="cpu").score, mammograms[0])
        for name in ("torch", "onnxruntime")
    }
    for kind in (Padim, Patchcore):
        for size in (256, ours.config.preprocessing.size):
            module = fitted(kind, size, images[:_FITTED])
            calls[f"{kind.__name__}, {size} x {size}"] = partial(infer, module, images[0])
    seconds = in_turns(list(calls.values()), options.runs, process_time)
    print("| model | CPU seconds per image | it / MammoLens, torch |")
    print("|---|---|---|")
    for name, taken in zip(calls, seconds, strict=True):
        print(f"| {name} | {taken:.3f} | {taken / seconds[0]:.2f} |" if taken and seconds[0] else f"| {name} | | |")


if __name__ == "__main__":
    main()
