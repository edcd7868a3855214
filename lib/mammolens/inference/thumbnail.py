"""A small picture of an image with its heat, for lists."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Final

from PIL import Image

from mammolens.inference.overlay import reduced_shape, render_overlay
from mammolens.transforms.resample import resampled_array
from mammolens.types import AnomalyResult, FloatImage

_LONGEST: Final = 160  # pixels of the longer side


def small_image(pixels: FloatImage) -> FloatImage:
    """The image ``(rows, cols)`` float32 in [0, 1] as :func:`thumbnail` takes it: at most 160 pixels long."""
    return resampled_array(pixels, reduced_shape(pixels.shape, _LONGEST))


def thumbnail(small: FloatImage, result: AnomalyResult) -> bytes:
    """A JPEG of the image with its heat, without outlines and numbers, which nobody could read.

    Args:
        small: from :func:`small_image`.
        result: of the same image.
    """
    plain = replace(result, record=result.record.model_copy(update={"findings": []}), finding_numbers=None)
    content = io.BytesIO()
    Image.fromarray(render_overlay(small, plain)).save(content, format="JPEG", quality=80)
    return content.getvalue()
