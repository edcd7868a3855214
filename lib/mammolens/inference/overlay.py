"""A picture of a mammogram with its heat levels, for people without a viewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.segmentation import find_boundaries
from skimage.transform import resize

from mammolens import RESEARCH_USE_ONLY
from mammolens.types import AnomalyRecord, AnomalyResult, FloatImage

RgbImage = NDArray[np.uint8]
# From the first level to the last; distinct in hue and lightness, also for colour-blind eyes.
_RAMP = np.array([[255, 237, 120], [254, 178, 60], [240, 90, 30], [189, 0, 38]], dtype=np.float32)
_OPACITY = (0.20, 0.60)


def render_overlay(pixels: FloatImage, result: AnomalyResult, longest: int = 1200) -> RgbImage:
    """Blend the anomaly map over the image; transparent below the first level.

    Args:
        pixels: ``(rows, cols)`` float32 in [0, 1] of the same image.
        result: its map and levels.
        longest: pixels of the longer side of the picture; smaller images keep their size.

    Returns:
        ``(rows, cols, 3)`` uint8.
    """
    scale = min(1.0, longest / max(pixels.shape))
    shape = tuple(max(1, round(side * scale)) for side in pixels.shape)
    grey, heat = _shrunk(pixels, shape), _shrunk(result.anomaly_map, shape)
    low, high = np.percentile(grey, [1.0, 99.8])
    base = np.repeat(np.clip((grey - low) / max(high - low, 1e-6), 0, 1)[..., None] * 255, 3, axis=2)
    starts = list(result.record.levels.values())
    place = _place_on_ramp(heat, starts)
    opacity = np.where(heat >= starts[0], np.interp(place, [0, 1], _OPACITY), 0.0)[..., None]
    blended = (1 - opacity) * base + opacity * level_colours(place)
    blended[find_boundaries(np.digitize(heat, starts), mode="inner")] = _RAMP[0]
    return np.asarray(np.clip(blended, 0, 255), dtype=np.uint8)


def annotated(picture: RgbImage, record: AnomalyRecord) -> Image.Image:
    """Add a caption: view, score in words, what the levels mean, the notice."""
    image = Image.fromarray(picture)
    size = max(13, image.height // 60)
    font, line = ImageFont.load_default(size=size), round(size * 1.5)
    caption = [*caption_lines(record), RESEARCH_USE_ONLY]
    sheet = Image.new("RGB", (image.width, image.height + line * (len(caption) + 1)), (16, 16, 16))
    sheet.paste(image, (0, 0))
    pen = ImageDraw.Draw(sheet)
    for number, text in enumerate(caption):
        pen.text((line // 2, image.height + line * (number + 0.5)), text, fill=(230, 230, 230), font=font)
    return sheet


def caption_lines(record: AnomalyRecord) -> list[str]:
    """What a person should read beside the picture."""
    side = {"L": "left", "R": "right"}.get(record.laterality or "", "side unknown")
    decision = "above" if record.is_anomalous else "below"
    return [
        f"{record.patient}  {side} {record.view or 'view unknown'}",
        f"more anomalous than {record.percentile:.0f} % of normal images "
        f"(exam: {record.exam_percentile:.0f} %); {decision} the threshold",
        f"heat levels: {', '.join(record.levels)}; model {record.model}",
        *([f"note: {', '.join(record.quality_flags)}"] if record.quality_flags else []),
    ]


def level_colours(place: FloatImage) -> NDArray[np.float32]:
    """Colours 0..255 ``(..., 3)`` of places 0 (first level) to 1 (last level) on the ramp."""
    stops = np.linspace(0, 1, len(_RAMP))
    return np.stack([np.interp(place, stops, _RAMP[:, channel]) for channel in range(3)], axis=-1).astype(np.float32)


def _place_on_ramp(heat: FloatImage, starts: Sequence[float]) -> FloatImage:
    rising = np.maximum.accumulate(np.asarray(starts) + np.arange(len(starts)) * 1e-12)
    return np.interp(heat, rising, np.linspace(0, 1, len(starts))).astype(np.float32)


def _shrunk(image: FloatImage, shape: tuple[int, ...]) -> FloatImage:
    if image.shape == shape:
        return image
    return np.asarray(resize(image, shape, order=1, anti_aliasing=True, preserve_range=True), dtype=np.float32)
