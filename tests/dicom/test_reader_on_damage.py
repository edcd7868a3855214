"""Damaged files: whatever is wrong with them, an InputError of one line comes out, or an image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from mammolens.datasets.phantom import make_phantom_exam
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.errors import InputError
from mammolens.types import FloatImage, Mammogram

TRIES = 20  # of each kind of file and damage
HEADER = 1400  # bytes at the start, most of which are the header's


def flip_header(whole: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(whole)
    for place in rng.integers(min(128, len(whole) // 2), min(HEADER, len(whole)), size=rng.integers(1, 4)):
        damaged[place] = rng.integers(256)
    return bytes(damaged)


def flip_anywhere(whole: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(whole)
    for place in rng.integers(len(whole), size=rng.integers(1, 12)):
        damaged[place] = rng.integers(256)
    return bytes(damaged)


def cut(whole: bytes, rng: np.random.Generator) -> bytes:
    return whole[: rng.integers(1, len(whole))]


def lose_a_block(whole: bytes, rng: np.random.Generator) -> bytes:
    start, length = rng.integers(len(whole)), int(rng.integers(1, 300))
    return whole[:start] + bytes(length * int(rng.integers(2))) + whole[start + length :]


@pytest.fixture(scope="module")
def pixels() -> FloatImage:
    return make_phantom_exam(1, rows=96, columns=80, spacing=(2.6, 2.6)).views[3].pixels


@pytest.fixture
def write_kind(pixels: FloatImage, write_dicom, tmp_path: Path) -> Callable[[str], Path]:
    def write(kind: str) -> Path:
        values = np.rint(pixels * 4095).astype(np.uint16)
        if kind in ("png", "jpg", "pgm"):
            path = tmp_path / f"image.{kind}"
            Image.fromarray((values // 16).astype(np.uint8)).save(path)
            return path
        return write_dicom(values, syntax=getattr(uid, kind), WindowCenter=2048, WindowWidth=4096)

    return write


@pytest.mark.parametrize("damage", [flip_header, flip_anywhere, cut, lose_a_block], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize(
    "kind",
    [
        "ImplicitVRLittleEndian",
        "ExplicitVRLittleEndian",
        "DeflatedExplicitVRLittleEndian",
        "RLELossless",
        "JPEG2000Lossless",
        "JPEGLosslessSV1",
        "png",
        "jpg",
        "pgm",
    ],
)
def test_nothing_but_an_input_error_comes_out(write_kind, kind, damage):
    path = write_kind(kind)
    whole, rng = path.read_bytes(), np.random.default_rng(7)
    assert isinstance(read_mammogram(path), Mammogram)
    refusals: list[InputError] = []
    for _ in range(TRIES):
        path.write_bytes(damage(whole, rng))
        for read in (read_header, read_mammogram):
            try:
                read(path)
            except InputError as error:
                refusals.append(error)
    assert refusals or damage is not cut
    for error in refusals:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
