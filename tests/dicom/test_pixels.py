from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from mammolens.dicom.opening import open_dicom
from mammolens.dicom.pixels import display_pixels
from mammolens.errors import PixelDataError

AIR = -2000


def displayed(path: Path) -> np.ndarray:
    return display_pixels(open_dicom(path, with_pixels=True), path).pixels


def stretched(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float64)
    return (values - values.min()) / np.ptp(values)


def table(entries: np.ndarray, first: int, bits: int) -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries) % 2**16, first, bits])
    item.LUTData = entries.astype("<u2").tobytes()
    return [item]


@pytest.mark.parametrize(("intercept", "first"), [(None, 2**16 - 2048), (-100, 2**16 - 2148), (40_000, 37_952)])
def test_the_first_value_of_a_voi_lut_is_signed_where_values_may_be_negative(write_dicom, values_of, intercept, first):
    """Also where it is written as unsigned, as some exporters do."""
    values = values_of(12, signed=True)
    header = {"RescaleIntercept": intercept, "VOILUTSequence": table(np.arange(4096), first, 12)}
    pixels = displayed(write_dicom(values, BitsStored=12, **header))
    np.testing.assert_allclose(pixels, (values.astype(np.float64) + 2048) / 4095, atol=1e-6)


def test_the_first_value_of_a_modality_lut_is_signed_where_the_stored_ones_are(write_dicom, values_of):
    values = values_of(12, signed=True)
    path = write_dicom(values, BitsStored=12, ModalityLUTSequence=table(np.arange(4096), 2**16 - 2048, 12))
    np.testing.assert_allclose(displayed(path), stretched(values), atol=1e-6)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_without_window_the_range_of_the_image_is_shown(write_dicom, values_of, bits, signed):
    values = values_of(bits, signed=signed)
    pixels = displayed(write_dicom(values, BitsStored=bits))
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels, stretched(values), atol=1e-6)


@pytest.mark.parametrize(("slope", "intercept"), [(2.0, -1000.0), (0.5, 100.25), (1.0, 0.0), (None, None)])
def test_a_window_applies_to_rescaled_values(write_dicom, values_of, slope, intercept):
    values = values_of(12)
    path = write_dicom(
        values, RescaleSlope=slope, RescaleIntercept=intercept, WindowCenter=1500, WindowWidth=3000, BitsStored=12
    )
    rescaled = values.astype(np.float64) * (slope or 1) + (intercept or 0)
    np.testing.assert_allclose(displayed(path), np.clip((rescaled - 1499.5) / 2999 + 0.5, 0, 1), atol=1e-6)


def test_a_negative_slope_turns_the_greys_round(write_dicom, values_of):
    path = write_dicom(values_of(12), RescaleSlope=-1, RescaleIntercept=4095, WindowCenter=2048, WindowWidth=4096)
    np.testing.assert_allclose(displayed(path), 1 - values_of(12) / 4095, atol=1e-6)


def test_a_modality_lut_sequence_comes_before_the_window(write_dicom, values_of):
    curve = np.rint(4095 * np.sqrt(np.arange(4096) / 4095))
    path = write_dicom(values_of(12), ModalityLUTSequence=table(curve, 0, 16), WindowCenter=2048, WindowWidth=4096)
    np.testing.assert_allclose(displayed(path), curve[values_of(12)] / 4095, atol=1e-6)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_voi_lut_sequence_says_the_greys(write_dicom, values_of, bits):
    curve = np.rint((2**bits - 1) * (np.arange(4096) / 4095) ** 3)
    path = write_dicom(values_of(12), VOILUTSequence=table(curve, 0, bits), WindowCenter=1, WindowWidth=2)
    np.testing.assert_allclose(displayed(path), curve[values_of(12)] / (2**bits - 1), atol=1e-6)


def test_a_voi_lut_applies_to_rescaled_values(write_dicom, values_of):
    curve = np.arange(4096)
    path = write_dicom(
        values_of(12, signed=True), RescaleIntercept=1000, VOILUTSequence=table(curve, -1048, 12), BitsStored=12
    )
    np.testing.assert_allclose(displayed(path), stretched(values_of(12, signed=True)), atol=1e-6)


@pytest.mark.parametrize(
    "voi",
    [
        {},
        {"WindowCenter": 1500, "WindowWidth": 2000},
        {"WindowCenter": 1500, "WindowWidth": 2000, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 1500.25, "WindowWidth": 2000, "VOILUTFunction": "LINEAR_EXACT"},
    ],
    ids=["none", "linear", "sigmoid", "exact"],
)
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_monochrome1_is_displayed_as_its_monochrome2_twin(write_dicom, values_of, bits, voi):
    largest = 2**bits - 1
    mirrored = {**voi, "PhotometricInterpretation": "MONOCHROME1"}
    if voi:  # a window's mirror image: LINEAR's middle lies half a value lower than its center
        shift = 0 if voi.get("VOILUTFunction") else 1
        mirrored["WindowCenter"] = largest - voi["WindowCenter"] + shift
    bright = displayed(write_dicom(values_of(bits), BitsStored=bits, **voi))
    dark = displayed(write_dicom(largest - values_of(bits), BitsStored=bits, **mirrored))
    np.testing.assert_allclose(dark, bright, atol=1e-5)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1500, "WindowWidth": 2000}], ids=["range", "window"])
@pytest.mark.parametrize(
    ("padding", "stated"),
    [
        ([AIR], {"PixelPaddingValue": AIR}),
        ([AIR, AIR + 7, AIR + 40], {"PixelPaddingValue": AIR, "PixelPaddingRangeLimit": AIR + 40}),
        ([AIR, AIR + 40], {"PixelPaddingValue": AIR + 40, "PixelPaddingRangeLimit": AIR}),
        ([16000], {"PixelPaddingValue": 16000}),
    ],
    ids=["value", "range", "range upwards", "bright"],
)
def test_padding_is_air_and_does_not_count(write_dicom, photometric, window, padding, stated):
    values = np.random.default_rng(0).integers(500, 2500, size=(80, 72)).astype(np.int16)
    without = displayed(write_dicom(values, PhotometricInterpretation=photometric, **window))
    padded = values.copy()
    padded[:, :20] = np.resize(padding, (80, 20))
    pixels = displayed(write_dicom(padded, PhotometricInterpretation=photometric, **stated, **window))
    assert not pixels[:, :20].any()
    expected = without if window else stretched(values[:, 20:])
    if not window and photometric == "MONOCHROME1":
        expected = 1 - expected
    np.testing.assert_allclose(pixels[:, 20:], expected[:, -52:], atol=1e-6)


def test_a_padding_value_written_without_its_sign_is_understood(dataset_of, tmp_path):
    values, path = np.full((80, 72), 1000, np.int16), tmp_path / "image.dcm"
    values[:, :30], values[0, 40] = AIR, 2000
    dataset = dataset_of(values)
    dataset.add_new("PixelPaddingValue", "US", 2**16 + AIR)
    dataset.save_as(path, write_like_original=False)
    np.testing.assert_array_equal(displayed(path)[1], np.zeros(72))
    assert displayed(path)[0, 40] == 1


def test_a_padding_value_beyond_the_bits_stored_is_understood(write_dicom, values_of):
    values = values_of(12)
    values[:, :30] = 65535
    pixels = displayed(write_dicom(values, BitsStored=12, PixelPaddingValue=65535))
    assert not pixels[:, :30].any()
    np.testing.assert_allclose(pixels[:, 30:], stretched(values[:, 30:]), atol=1e-6)


@pytest.mark.parametrize("window", [(200_000, 100), (2048, 100_000)], ids=["beside", "far too wide"])
def test_a_window_made_for_other_values_gives_way_to_the_range(write_dicom, values_of, window):
    path = write_dicom(values_of(12), WindowCenter=window[0], WindowWidth=window[1])
    np.testing.assert_allclose(displayed(path), stretched(values_of(12)), atol=1e-6)


def test_compressed_pixels_are_displayed_as_the_same_without_compression(write_dicom, values_of):
    window = {"WindowCenter": 1500, "WindowWidth": 2000, "BitsStored": 12}
    plain = displayed(write_dicom(values_of(12), **window))
    for syntax in (uid.RLELossless, uid.JPEG2000Lossless):
        np.testing.assert_array_equal(displayed(write_dicom(values_of(12), syntax=syntax, **window)), plain)


@pytest.mark.parametrize(
    "header",
    [{}, {"RescaleSlope": 0}, {"PixelPaddingValue": 7}, {"WindowCenter": 7, "WindowWidth": 3}],
    ids=["stored", "rescaled", "all padding", "with a window"],
)
def test_a_constant_image_is_refused(write_dicom, values_of, header):
    values = values_of(12) if "RescaleSlope" in header else np.full((80, 72), 7, np.uint16)
    with pytest.raises(PixelDataError, match=r"image\.dcm: all pixels have the same value \(\d\); export"):
        displayed(write_dicom(values, **header))


def test_values_that_are_no_numbers_are_refused(write_dicom, values_of):
    with pytest.raises(PixelDataError, match="its values reach from .* correct Rescale Slope and Intercept"):
        displayed(write_dicom(values_of(12), RescaleSlope="1e300"))


def test_a_damaged_modality_lut_is_refused_by_its_name(write_dicom, values_of):
    (item,) = table(np.arange(100), 0, 12)
    item.LUTDescriptor = [4096, 0, 12]
    with pytest.raises(PixelDataError, match="ModalityLUTSequence cannot be used .a look-up table has 200 entries"):
        displayed(write_dicom(values_of(12), ModalityLUTSequence=[item]))


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_a_rescale_that_is_no_number_is_refused_by_its_name(write_dicom, values_of, write_words, keyword):
    path = write_words(write_dicom(values_of(12)), keyword, "1,0")
    with pytest.raises(
        PixelDataError, match=rf"image\.dcm: {keyword} is '1,0', which is not a number; correct {keyword}"
    ):
        displayed(path)


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2048, "WindowWidth": 4096}], ids=["own range", "window"])
def test_greys_are_rendered_in_bands_without_a_copy_of_the_image(dataset_of, window):
    """Which spares memory, and time more than memory."""
    values = np.random.default_rng(0).integers(0, 4096, (1100, 900)).astype(np.uint16)
    dataset = dataset_of(values, BitsStored=12, RescaleIntercept=-3, RescaleSlope=1.25, **window)
    tracemalloc.start()
    try:
        pixels = display_pixels(dataset, Path("image.dcm")).pixels
        assert tracemalloc.get_traced_memory()[1] < 1.6 * pixels.nbytes
    finally:
        tracemalloc.stop()
    whole = values.astype(np.float32) * np.float32(1.25) + np.float32(-3)
    centre, width = (np.float32(2047.5), np.float32(4095)) if window else (whole.min(), np.ptp(whole))
    greys = (whole - centre) / width + np.float32(0.5 if window else 0)
    np.testing.assert_array_equal(pixels, np.clip(greys, 0, 1))
