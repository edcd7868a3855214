"""Small pictures of some of the images, exam by exam."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from mammolens.types import ExamKey, FloatImage, ImageHeader

_LONGEST: Final = 200  # pixels of a picture's longer side


class ContactSheet:
    """Keeps small pictures of whole exams, spread evenly over all machines and exams.

    Args:
        most: how many pictures; 0 for none.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._wanted: set[Path] = set()
        self._jpegs: dict[Path, bytes] = {}

    def choose(self, headers: Sequence[ImageHeader]) -> None:
        """Decide which images get a picture."""
        exams: dict[tuple[str, ExamKey], list[Path]] = {}
        for header in headers:
            exams.setdefault((header.acquisition_group or "", header.exam_key), []).append(header.path)
        paths = [path for key in _spread(sorted(exams), len(headers), self._most) for path in exams[key]]
        self._wanted = set(paths[: self._most])

    def offer(self, header: ImageHeader, pixels: FloatImage) -> None:
        """Draw the image if it was chosen; of square pixels."""
        if header.path in self._wanted:
            self._jpegs[header.path] = _jpeg(pixels, header.pixel_aspect_ratio)

    def data_uri(self, path: Path) -> str | None:
        """The picture of a file for a self-contained HTML page; ``None`` if there is none."""
        jpeg = self._jpegs.get(path)
        return None if jpeg is None else f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def pixels_digest(pixels: FloatImage) -> str:
    """SHA-256 of an image's size and greys."""
    digest = hashlib.sha256(str(pixels.shape).encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return digest.hexdigest()


def _spread(exams: list[tuple[str, ExamKey]], images: int, most: int) -> list[tuple[str, ExamKey]]:
    """As many exams at even distances as have about ``most`` images."""
    if images <= most:
        return exams
    chosen = max(1, most * len(exams) // images)
    return [exams[place * len(exams) // chosen] for place in range(chosen)]


def _jpeg(pixels: FloatImage, aspect_ratio: float) -> bytes:
    rows, columns = pixels.shape[0] * aspect_ratio, pixels.shape[1]
    scale = _LONGEST / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    grey = Image.fromarray(np.round(pixels * np.float32(255)).astype(np.uint8))
    content = io.BytesIO()
    grey.resize(size, Image.Resampling.BOX).save(content, format="JPEG", quality=80)
    return content.getvalue()
