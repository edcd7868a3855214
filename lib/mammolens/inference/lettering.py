"""Text in pictures and PDF: letters of most scripts, and codes for characters that no font has."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import ImageDraw, ImageFont

FONT_FILES: Final = (
    Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf",
    Path(__file__).parent / "typefaces" / "DroidSansFallback.ttf",
)
"""Latin, Greek, Cyrillic and other alphabets, then Chinese, Japanese and Korean; each is asked for what is missing."""


class _Face(NamedTuple):
    font: ImageFont.FreeTypeFont
    characters: frozenset[int]


class Lettering:
    """Fonts of one size, of which each draws what those before it cannot: Pillow's own, then :data:`FONT_FILES`.

    Args:
        size: of the letters, in pixels.

    Raises:
        RuntimeError: Pillow was built without FreeType.
    """

    def __init__(self, size: int) -> None:
        own = ImageFont.load_default(size=size)
        if not isinstance(own, ImageFont.FreeTypeFont):
            raise RuntimeError("Pillow was built without FreeType")
        self._faces = (
            _Face(own, _characters(own.font_bytes)),
            *(_Face(ImageFont.truetype(path, size), _characters(path)) for path in FONT_FILES),
        )

    def getlength(self, text: str) -> float:
        """Width of a line in pixels."""
        return sum(face.font.getlength(part) for face, part in self._runs(text))

    def draw(
        self, pen: ImageDraw.ImageDraw, corner: tuple[float, float], text: str, fill: tuple[int, int, int]
    ) -> None:
        """Draw a line of text from its upper left corner."""
        left, top = corner
        baseline = top + self._faces[0].font.getmetrics()[0]
        for face, part in self._runs(text):
            pen.text((left, baseline), part, fill=fill, font=face.font, anchor="ls")
            left += face.font.getlength(part)

    def _runs(self, text: str) -> Iterator[tuple[_Face, str]]:
        """Stretches of one font."""
        text, (own, *_) = unicodedata.normalize("NFC", text), self._faces
        if text and own.characters.issuperset(map(ord, text)):  # most captions
            yield own, text
            return
        for face, run in groupby(_legible(text, [face.characters for face in self._faces]), key=self._face_of):
            yield face, "".join(run)

    def _face_of(self, character: str) -> _Face:
        return next(face for face in self._faces if ord(character) in face.characters)


@cache
def lettering(size: int) -> Lettering:
    """The fonts of a size, opened once."""
    return Lettering(size)


def legible(text: str) -> str:
    r"""The text with codes instead of characters that none of :data:`FONT_FILES` has, so that names stay distinct.

    Example:
        >>> print(legible("病历号-0042, 김순, अ"))
        病历号-0042, 김순, \u0905
    """
    return _legible(text, [_characters(path) for path in FONT_FILES])


def _legible(text: str, fonts: Sequence[frozenset[int]]) -> str:
    return "".join(
        character if any(ord(character) in known for known in fonts) else f"\\u{ord(character):04x}"
        for character in unicodedata.normalize("NFC", text)
    )


@cache
def _characters(font: Path | bytes) -> frozenset[int]:
    return frozenset(FT2Font(io.BytesIO(font) if isinstance(font, bytes) else str(font)).get_charmap())
