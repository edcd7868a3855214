"""CPU seconds from files to scores and overlays of an exam of four views, beside a plain loop of the same network.

Run by hand: ``.venv/bin/python benchmarks/plain_loop.py``. The rival is what one would write first: pydicom, its VOI
LUT, torch's area resampling to the network's pixel size, the network as trained, its log odds blended into a picture of
the same size. It neither checks the pixels, nor segments the breast, standardises, calibrates, finds regions or writes
records. The views are a phantom's, enlarged, each in another transfer syntax; both in one thread, in turns.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np
import pydicom
import torch
from archive import write_archive
from decoders import in_turns
from PIL import Image
from pydicom.pixel_data_handlers.util import apply_modality_lut, apply_voi_lut
from torch.nn import functional

from mammolens import Predictor, predict_files, pretrained_directory
from mammolens.inference.outputs import write_overlay
from mammolens.inference.overlay import LONGEST
from mammolens.models.directory import TrainedModel, load_any_model

_TILE = 32  # the network's input is a multiple of it


def ours(predictor: Predictor, files: list[Path], output: Path) -> None:
    for mammogram, result in predict_files(predictor, files):
        write_overlay(result, mammogram, output, mammogram.header.path.stem)


def plain(model: TrainedModel, files: list[Path], output: Path) -> list[float]:
    scores = []
    for file in files:
        dataset = pydicom.dcmread(file)
        greys = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset), dataset).astype(np.float32)
        greys = (greys - greys.min()) / (greys.max() - greys.min())
        image = torch.from_numpy(greys)[None, None]
        scale = float(dataset.ImagerPixelSpacing[0]) / (model.config.preprocessing.pixel_size_mm or 1.0)
        size = [round(length * scale / _TILE) * _TILE for length in greys.shape]
        small = functional.interpolate(image, size=size, mode="area")
        with torch.inference_mode():
            found = model.network(small, (small > 0.05).float())
        log_odds = found.log_odds.mean(dim=1, keepdim=True)
        scores.append(float(log_odds.max()))
        shown = [round(length * LONGEST / max(greys.shape)) for length in greys.shape]
        heat = functional.interpolate(log_odds.sigmoid(), size=shown, mode="bilinear")[0, 0].numpy()
        grey = functional.interpolate(image, size=shown, mode="area")[0, 0].numpy()
        picture = np.stack([np.maximum(grey, heat), grey * (1 - heat), grey * (1 - heat)], axis=-1)
        Image.fromarray((255 * picture).astype(np.uint8)).save(output / f"{file.stem}.png")
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4096)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_any_model(pretrained_directory())
    assert isinstance(model, TrainedModel)
    with tempfile.TemporaryDirectory() as place:
        folder, outputs = Path(place) / "archive", [Path(place) / "ours", Path(place) / "plain"]
        write_archive(folder, 4, options.rows)
        for output in outputs:
            output.mkdir()
        files = sorted(folder.rglob("*.dcm"))
        calls = [
            partial(ours, Predictor.load(device="cpu"), files, outputs[0]),
            partial(plain, model, files, outputs[1]),
        ]
        mammolens, loop = in_turns(calls, options.runs, process_time)
    print(f"CPU seconds for four views of {options.rows} rows, medians of {options.runs} runs in turns:")
    if mammolens and loop:
        print(f"MammoLens {mammolens:.2f}, plain loop {loop:.2f}, plain loop / MammoLens {loop / mammolens:.2f}")


if __name__ == "__main__":
    main()
