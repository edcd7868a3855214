"""A view as one picture: image, heat and numbered findings, for reports."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mammolens.inference.overlay import draw_findings
from mammolens.inference.presentation import PresentedView

_OPACITY = 0.45  # of the heat where the last level begins


def composed(view: PresentedView, numbers: Sequence[int], folder: Path, longest: int = 900) -> Image.Image:
    """Draw a view with its heat from the first level on, RGB.

    Args:
        view: to draw.
        numbers: of its findings.
        folder: of its files.
        longest: pixels of the longer side.
    """
    with Image.open(folder / view.image) as image, Image.open(folder / next(iter(view.heat.values()))) as heat:
        picture, layer = image.convert("RGBA"), heat.convert("RGBA")
    layer.putalpha(layer.getchannel("A").point(lambda opacity: round(opacity * _OPACITY)))
    picture.alpha_composite(layer)
    drawn = picture.convert("RGB")
    drawn.thumbnail((longest, longest))
    record = view.record
    draw_findings(drawn, record.findings, (drawn.width / record.columns, drawn.height / record.rows), numbers)
    return drawn


def as_jpeg(picture: Image.Image) -> bytes:
    """Content of a JPEG file."""
    content = io.BytesIO()
    picture.save(content, format="JPEG", quality=85)
    return content.getvalue()
