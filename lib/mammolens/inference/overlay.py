"""A mammogram with its anomaly map blended over it, for people without a viewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from mammolens.dicom.derived.levels import level_colours
from mammolens.transforms.resample import resampled_array
from mammolens.types import AnomalyResult, BoolImage, Finding, FloatImage

LONGEST = 1200  # pixels of an overlay picture's longer side
RgbImage = NDArray[np.uint8]
_OUTLINE = (120, 220, 255)  # of findings; no colour of the ramp
_OPACITY = (0.15, 0.45)  # at the first and the last level: what lies below stays visible


def render_overlay(pixels: FloatImage, result: AnomalyResult, longest: int = LONGEST) -> RgbImage:
    """Blend the anomaly map over the image; nothing below the first level, a contour where a level begins.

    Each finding of the record is outlined and has its number: of the exam if the result knows it, else of the image.

    Args:
        pixels: ``(rows, cols)`` float32 in [0, 1] of the same image.
        result: its map and levels.
        longest: pixels of the longer side of the picture; smaller images keep their size.

    Returns:
        ``(rows, cols, 3)`` uint8.
    """
    shape = reduced_shape(pixels.shape, longest)
    grey = resampled_array(pixels, shape)
    base = windowed(grey, display_window(grey))
    blended = np.repeat(base.astype(np.uint8)[..., None], 3, axis=2)
    heat = resampled_array(result.anomaly_map, shape)
    starts = list(result.record.levels.values())
    hot = heat >= starts[0]
    place = ramp_position(heat[hot], starts)
    opacity = np.interp(place, [0, 1], _OPACITY)[:, None]
    blended[hot] = ((1 - opacity) * base[hot][:, None] + opacity * level_colours(place)).astype(np.uint8)
    for start, at in zip(starts, np.linspace(0, 1, len(starts)), strict=True):
        blended[inner_edge(heat >= start)] = level_colours(np.float32(at)).astype(np.uint8)
    picture = Image.fromarray(blended)
    scale = shape[1] / pixels.shape[1], shape[0] / pixels.shape[0]
    draw_findings(picture, result.record.findings, scale, result.finding_numbers)
    return np.asarray(picture)


def reduced_shape(shape: tuple[int, ...], longest: int = LONGEST) -> tuple[int, int]:
    """Rows and columns of a picture of an image of ``shape`` whose longer side is at most ``longest``."""
    scale = min(1.0, longest / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def display_window(picture: FloatImage) -> tuple[float, float]:
    """What is shown as black and as white of an image."""
    low, high = np.percentile(picture, [1.0, 99.8])
    return float(low), max(float(high), float(low) + 1e-6)


def windowed(picture: FloatImage, window: tuple[float, float]) -> FloatImage:
    """Greys to show, ``(rows, cols)`` in [0, 255]."""
    low, high = window
    return np.asarray(np.clip((picture - low) / (high - low), 0, 1) * 255)


def inner_edge(mask: BoolImage) -> BoolImage:
    """Pixels of a mask beside one that is not, where edges of the picture do not count."""
    return np.asarray(mask & ~ndimage.binary_erosion(mask, border_value=1))


def ramp_position(heat: FloatImage, starts: Sequence[float]) -> FloatImage:
    """Where each value of a map lies between the first level (0) and the last (1); the levels' starts never fall."""
    rising = np.maximum.accumulate(np.asarray(starts) + np.arange(len(starts)) * 1e-12)
    return np.interp(heat, rising, np.linspace(0, 1, len(starts))).astype(np.float32)


def draw_findings(
    picture: Image.Image, findings: Sequence[Finding], scale: tuple[float, float], numbers: Sequence[int] | None = None
) -> None:
    """Draw thin outlines, each with its number at its upper right, kept inside the picture.

    Args:
        picture: to draw on.
        findings: of the image.
        scale: pixels of the picture for a column, and for a row, of the image.
        numbers: of the findings; without, they are counted from 1.
    """
    pen = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=min(24, max(13, max(picture.size) // 45)))
    for number, finding in zip(numbers or range(1, len(findings) + 1), findings, strict=True):
        outline = [((x + 0.5) * scale[0] - 0.5, (y + 0.5) * scale[1] - 0.5) for x, y in finding.contour]
        pen.line(outline, fill=_OUTLINE, width=1)
        right, top = max(x for x, _ in outline), min(y for _, y in outline)
        _, upper, far, lower = font.getbbox(str(number), stroke_width=1)
        corner = (min(right + 2, picture.width - far - 1), min(max(top - lower, -upper), picture.height - lower - 1))
        # A dark rim, as tissue may be as bright as the number.
        pen.text(corner, str(number), fill=_OUTLINE, font=font, stroke_width=1, stroke_fill=(0, 0, 0))
