"""One image as layers for a web page: the image, its heat map, the network's input and the reconstruction."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammolens.dicom.derived.levels import level_colours
from mammolens.inference.overlay import display_window, inner_edge, ramp_position, reduced_shape, windowed
from mammolens.transforms.resample import resampled_array
from mammolens.types import AnomalyResult, FloatImage, Mammogram

_SHADES = 64  # of the heat's ramp, in a picture of palette colours
_FAINTEST = 0.4  # opacity where the first level begins, against the last one's
_LONGEST = 1800  # pixels of the longer side


@dataclass(frozen=True, slots=True)
class ViewLayers:
    """Contents of picture files of one size.

    Attributes:
        image: JPEG.
        network_input: JPEG, in the same greys.
        reconstruction: JPEG, the model's normal reconstruction, in the same greys.
        heat: PNG with transparency for each level: the heat from there on.
    """

    image: bytes
    network_input: bytes
    reconstruction: bytes
    heat: dict[str, bytes]


def layers_of(
    mammogram: Mammogram, result: AnomalyResult, network_input: FloatImage, longest: int = _LONGEST
) -> ViewLayers:
    """Draw the layers of one image.

    Args:
        mammogram: the image.
        result: its result.
        network_input: of :meth:`~mammolens.inference.predictor.Predictor.network_input`.
        longest: pixels of the longer side.
    """
    shape = reduced_shape(mammogram.pixels.shape, longest)
    greys = [resampled_array(pixels, shape) for pixels in (mammogram.pixels, network_input, result.reconstruction)]
    window = display_window(greys[0])
    image, at_network, reconstruction = (_jpeg(windowed(grey, window)) for grey in greys)
    heat = _heat(resampled_array(result.anomaly_map, shape), result.record.levels)
    return ViewLayers(image, at_network, reconstruction, heat)


def _heat(heat: FloatImage, levels: dict[str, float]) -> dict[str, bytes]:
    """The ramp's colours as indices, the same for all levels; what lies below a level is transparent."""
    starts = list(levels.values())
    indices = 1 + np.rint(ramp_position(heat, starts) * (_SHADES - 1)).astype(np.uint8)
    for number, start in enumerate(starts):
        indices[inner_edge(heat >= start)] = _SHADES + 1 + number
    return {name: _palette_png(np.where(heat >= start, indices, np.uint8(0)), starts) for name, start in levels.items()}


def _palette_png(indices: NDArray[np.uint8], starts: list[float]) -> bytes:
    ramp = level_colours(np.linspace(0, 1, _SHADES, dtype=np.float32))
    contours = level_colours(np.linspace(0, 1, len(starts), dtype=np.float32))
    colours = np.rint(np.concatenate([np.zeros((1, 3)), ramp, contours])).astype(np.uint8)
    shades = np.linspace(_FAINTEST, 1, _SHADES)
    opacity = np.concatenate([[0.0], shades, np.ones(len(starts))])
    picture = Image.fromarray(indices, mode="P")
    picture.putpalette(colours.tobytes())
    content = io.BytesIO()
    picture.save(content, format="PNG", transparency=np.rint(255 * opacity).astype(np.uint8).tobytes())
    return content.getvalue()


def _jpeg(greys: FloatImage) -> bytes:
    content = io.BytesIO()
    Image.fromarray(np.rint(greys).astype(np.uint8)).save(content, format="JPEG", quality=90)
    return content.getvalue()
