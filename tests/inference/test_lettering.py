from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from mammolens.inference.lettering import legible, lettering

INK = (255, 255, 255)


def drawn(text: str) -> np.ndarray:
    sheet = Image.new("RGB", (600, 40))
    lettering(20).draw(ImageDraw.Draw(sheet), (5, 5), text, INK)
    return np.asarray(sheet)


def test_what_pillow_s_own_font_has_looks_as_it_draws_it():
    sheet = Image.new("RGB", (600, 40))
    ImageDraw.Draw(sheet).text((5, 5), "P-1: left MLO", fill=INK, font=ImageFont.load_default(size=20))
    assert np.array_equal(drawn("P-1: left MLO"), np.asarray(sheet))


NAMES = {
    "Chinese": ("病历号", "病历名"),
    "Korean": ("김순", "김숙"),
    "Japanese": ("ゆき", "ゆみ"),
    "Cyrillic": ("Иванов", "Иванев"),
    "German": ("Müller", "Möller"),
}


@pytest.mark.parametrize(("one", "other"), NAMES.values(), ids=NAMES)
def test_names_of_other_scripts_are_drawn_and_differ(one, other):
    assert not np.array_equal(drawn(one), drawn(other))
    assert legible(one) == one


def test_letters_and_their_marks_are_composed():
    assert np.array_equal(drawn("Mu\u0308ller"), drawn("Müller"))


def test_a_character_that_no_font_has_is_written_as_its_code():
    assert np.array_equal(drawn("\u0905"), drawn("\\u0905"))
    assert legible("\u0905\u0906 1") == "\\u0905\\u0906 1"


def test_the_length_is_that_of_what_is_drawn():
    for text in ("P-1", "病历号-0042", "\u0905", "김 Müller"):
        columns = np.flatnonzero(drawn(text).any(axis=(0, 2)))
        assert columns[-1] - 5 <= lettering(20).getlength(text) + 1
        assert columns[-1] - 5 >= 0.8 * lettering(20).getlength(text)
