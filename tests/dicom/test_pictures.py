from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammolens.dicom.pictures import content_uid, picture_pixels
from mammolens.dicom.reader import read_header, read_mammogram
from mammolens.enums import AttributeSource, Laterality, QualityFlag, SpacingSource, ViewPosition
from mammolens.errors import InputError, PixelDataError, UnsupportedMammogramError
from mammolens.types import ImageAttributes, ImageGeometry, PixelSpacing


@pytest.fixture
def a_right_mlo(a_phantom_exam) -> np.ndarray:
    return a_phantom_exam.views[2].pixels


def saved(pixels: np.ndarray, path: Path, *, bits: int = 8, mode: str | None = None, **options: object) -> Path:
    image = Image.fromarray(np.rint(pixels * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16))
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "pgm"])
@pytest.mark.parametrize("bits", [8, 16])
def test_grey_pictures_keep_their_values(a_right_mlo, tmp_path, suffix, bits):
    pixels = picture_pixels(saved(a_right_mlo, tmp_path / f"image.{suffix}", bits=bits))
    assert (pixels.shape, pixels.dtype) == (a_right_mlo.shape, np.float32)
    stretched = a_right_mlo if bits == 8 else a_right_mlo / a_right_mlo.max()
    np.testing.assert_allclose(pixels, stretched, atol=1.2 / (2**bits - 1))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_grey_in_colour_channels_is_grey(a_right_mlo, tmp_path, mode):
    pixels = picture_pixels(saved(a_right_mlo, tmp_path / "image.png", mode=mode))
    np.testing.assert_allclose(pixels, a_right_mlo, atol=0.6 / 255)


@pytest.mark.parametrize("mode", [None, "RGB"])
def test_a_jpeg_is_read(a_right_mlo, tmp_path, mode):
    pixels = picture_pixels(saved(a_right_mlo, tmp_path / "image.jpg", mode=mode, quality=95))
    np.testing.assert_allclose(pixels, a_right_mlo, atol=0.06)


def test_a_picture_tells_nothing_but_what_it_looks_like(a_right_mlo, tmp_path):
    path = saved(a_right_mlo, tmp_path / "image_7.png")
    header = read_mammogram(path).header
    assert header.patient_id == ""
    assert header.exam_id == header.sop_instance_uid == content_uid(path)
    assert (header.laterality, header.laterality_source) == (Laterality.RIGHT, AttributeSource.GUESSED)
    assert (header.view, header.view_source) == (ViewPosition.MLO, AttributeSource.GUESSED)
    assert header.spacing is None
    guessed = (QualityFlag.LATERALITY_GUESSED, QualityFlag.VIEW_GUESSED)
    assert header.flags == (QualityFlag.PATIENT_UNKNOWN, QualityFlag.NO_PIXEL_SPACING, *guessed)


def test_a_table_s_pixel_size_is_the_spacing_of_a_picture(a_right_mlo, tmp_path):
    spacing = PixelSpacing(0.25, 0.25, SpacingSource.TABLE)
    header = read_header(saved(a_right_mlo, tmp_path / "image.png"), ImageAttributes(spacing=spacing))
    assert header.spacing == spacing
    assert QualityFlag.NO_PIXEL_SPACING not in header.flags
    assert header.geometry == ImageGeometry()  # a viewer of the picture knows no table


def test_namesakes_of_two_women_are_two_exams_unless_a_table_says_otherwise(a_right_mlo, tmp_path):
    for folder in ("anna", "berta"):
        (tmp_path / folder).mkdir()
    anna = saved(a_right_mlo, tmp_path / "anna" / "R.png")
    berta = saved(a_right_mlo / 2, tmp_path / "berta" / "R.png")
    assert read_header(anna).exam_key != read_header(berta).exam_key
    table = ImageAttributes(patient_id="7")
    assert read_header(anna, table).exam_key == read_header(berta, table).exam_key == ("7", "7")


def test_an_inverted_picture_is_turned_round_and_flagged(a_right_mlo, tmp_path):
    mammogram = read_mammogram(saved(1 - a_right_mlo, tmp_path / "image.png"))
    assert QualityFlag.POLARITY_CORRECTED in mammogram.header.flags
    np.testing.assert_allclose(mammogram.pixels, a_right_mlo, atol=0.6 / 255)


def test_a_uid_follows_from_the_content_alone(a_right_mlo, tmp_path):
    first, second = (saved(a_right_mlo, tmp_path / name) for name in ("a.png", "b.png"))
    other = saved(a_right_mlo / 2, tmp_path / "c.png")
    assert content_uid(first) == content_uid(second) != content_uid(other)
    assert content_uid(first).startswith("1.2.826.0.1.3680043.8.498.")
    assert len(content_uid(first)) <= 64


@pytest.mark.parametrize("suffix", ["png", "jpg", "pgm"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_truncated_picture_is_refused(a_right_mlo, tmp_path, suffix, share):
    path = saved(a_right_mlo, tmp_path / f"image.{suffix}")
    whole = path.read_bytes()
    path.write_bytes(whole[: round(len(whole) * share)])
    with pytest.raises(PixelDataError, match=rf"image\.{suffix}: .*; copy or export the image again$") as refusal:
        read_mammogram(path)
    assert "\n" not in str(refusal.value)


def test_a_colour_picture_is_refused(a_right_mlo, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.stack([a_right_mlo * 255, a_right_mlo * 100, 0 * a_right_mlo], -1).astype(np.uint8)).save(path)
    with pytest.raises(
        UnsupportedMammogramError, match=r"photo\.png: is a colour picture; give a grey-scale mammogram"
    ):
        picture_pixels(path)


@pytest.mark.parametrize("shape", [(1, 1), (63, 200), (200, 63)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_tiny_picture_is_refused(tmp_path, shape, mode):
    path = saved(np.random.default_rng(0).random(shape), tmp_path / "icon.png", mode=mode)
    with pytest.raises(
        UnsupportedMammogramError, match=f"has only {shape[0]} x {shape[1]} pixels; give the full image"
    ):
        picture_pixels(path)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_001, 60_000], ids=["of-ours", "of-pillows"])
def test_a_picture_beyond_a_limit_is_refused_before_it_is_decoded(tmp_path, monkeypatch, side):
    path = tmp_path / "huge.pgm"
    path.write_bytes(b"P5 %d %d 255\n" % (side, side))
    monkeypatch.setattr(Image.Image, "load", lambda _: pytest.fail("the picture is decoded"))
    with pytest.raises(UnsupportedMammogramError, match=r"more than 100 million( pixels)?; give the image as"):
        picture_pixels(path)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_constant_picture_is_refused(tmp_path, bits):
    path = saved(np.full((80, 80), 0.5), tmp_path / "grey.png", bits=bits)
    with pytest.raises(PixelDataError, match="all pixels have the same value; export the image again"):
        read_mammogram(path)


@pytest.mark.parametrize("content", [b"just a text\n", b"%PDF-1.7", b"\x00" * 500], ids=["text", "pdf", "zeros"])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "notes.png"
    path.write_bytes(content)
    for read in (read_header, read_mammogram):
        with pytest.raises(
            InputError, match=r"notes\.png: is neither DICOM nor PNG.*; give a mammogram in one of these"
        ):
            read(path)
