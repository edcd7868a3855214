from __future__ import annotations

import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.image_kind import acquisition_group_of, is_synthetic_2d, unscored_kind_of

BIOPSY, CONTRAST = "is a stereotactic or biopsy image", "is a contrast-enhanced image"
PROJECTION, SLICE = "is a tomosynthesis projection", "is a tomosynthesis slice"
# Value 3 of PS3.3 Table C.8-74a, b and c, and of Table C.8.21.6-1a.
STEREOTACTIC = [
    "STEREO_SCOUT",
    *(
        f"{when}_{way}"
        for when in ("STEREO", "PREFIRE", "POSTFIRE", "POSTBIOPSY", "POSTMARKER")
        for way in ("MINUS", "PLUS")
    ),
    *("PREFIRE", "POSTFIRE", "POSTBIOPSY", "POSTMARKER", "TOMO_SCOUT"),
]
UNSCORED = {
    **{term: (["ORIGINAL", "PRIMARY", term], f"{BIOPSY} ({term})") for term in STEREOTACTIC},
    **{term: (["ORIGINAL", "PRIMARY", term], f"{CONTRAST} ({term})") for term in ("PRE_CONTRAST", "POST_CONTRAST")},
    "low energy": (["ORIGINAL", "PRIMARY", "POST_CONTRAST", "", "LOW_ENERGY"], f"{CONTRAST} (POST_CONTRAST)"),
    "low energy as Value 3": (["ORIGINAL", "PRIMARY", "LOW_ENERGY"], f"{CONTRAST} (LOW_ENERGY)"),
    "low energy as Value 4": (["ORIGINAL", "PRIMARY", "", "LOW_ENERGY"], f"{CONTRAST} (LOW_ENERGY)"),
    "high energy": (["ORIGINAL", "PRIMARY", "", "", "HIGH_ENERGY"], f"{CONTRAST} (HIGH_ENERGY)"),
    "recombined": (["DERIVED", "PRIMARY", "", "RECOMBINED"], f"{CONTRAST} (RECOMBINED)"),
    "subtraction": (["DERIVED", "PRIMARY", "SUBTRACTION"], f"{CONTRAST} (SUBTRACTION)"),
    "addition": (["DERIVED", "PRIMARY", "", "ADDITION"], f"{CONTRAST} (ADDITION)"),
    "synthetic with contrast": (["DERIVED", "PRIMARY", "POST_CONTRAST", "GENERATED_2D"], f"{CONTRAST} (POST_CONTRAST)"),
    "synthetic of a biopsy": (["DERIVED", "PRIMARY", "PREFIRE", "GENERATED_2D"], f"{BIOPSY} (PREFIRE)"),
    "a projection": (
        ["ORIGINAL", "PRIMARY", "TOMO_PROJ", "LEFT", "", "", "", "", "150000"],
        f"{PROJECTION} (TOMO_PROJ)",
    ),
    "a projection without Value 1": (["", "PRIMARY", "TOMO_PROJ"], f"{PROJECTION} (TOMO_PROJ)"),
    "a slice": (["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"], f"{SLICE} (TOMOSYNTHESIS)"),
    "a slab": (["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "MAXIMUM"], f"{SLICE} (TOMOSYNTHESIS)"),
    "a slice of a vendor's": (["DERIVED", "PRIMARY", "TOMO"], f"{SLICE} (TOMO)"),
}
SYNTHETIC = {
    "GENERATED_2D": (["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "GENERATED_2D"], ""),
    "GENERATED_2D with a vendor's Value 3": (
        ["DERIVED", "PRIMARY", "TOMO", "GENERATED_2D", "", "", "", "", "150000"],
        "",
    ),
    "TOMO_2D": (["DERIVED", "PRIMARY", "TOMO_2D", "LEFT"], ""),
    "a product's name": (["DERIVED", "PRIMARY"], "L CC C-View"),
    "another product's name": (["DERIVED", "PRIMARY", ""], "R MLO Intelligent 2D"),
}
EXPOSED = {
    "without Image Type": ([], ""),
    "original": (["ORIGINAL", "PRIMARY", ""], ""),
    "derived": (["DERIVED", "PRIMARY"], "L CC"),
    "original, beside a product's name": (["ORIGINAL", "PRIMARY"], "C-View combo"),
    "a vendor's words": (["ORIGINAL", "PRIMARY", "POST_PROCESSED", "", "", "", "", "", "50000"], ""),
}


def a_header(image_type: list[str], series: str = "") -> Dataset:
    dataset = Dataset()
    if image_type:
        dataset.ImageType = image_type
    dataset.SeriesDescription = series
    return dataset


@pytest.mark.parametrize(("image_type", "kind"), UNSCORED.values(), ids=UNSCORED)
def test_what_is_no_screening_view_is_named(image_type, kind):
    assert unscored_kind_of(a_header(image_type)) == kind


@pytest.mark.parametrize(("image_type", "series"), SYNTHETIC.values(), ids=SYNTHETIC)
def test_a_synthetic_view_is_scored_and_told_apart(image_type, series):
    header = a_header(image_type, series)
    assert unscored_kind_of(header) is None
    assert is_synthetic_2d(header)


@pytest.mark.parametrize(("image_type", "series"), EXPOSED.values(), ids=EXPOSED)
def test_an_exposed_view_is_neither(image_type, series):
    header = a_header(image_type, series)
    assert unscored_kind_of(header) is None
    assert not is_synthetic_2d(header)


@pytest.mark.parametrize(
    ("machine", "synthetic", "group"),
    [
        ("Maker", False, "Maker"),
        (None, False, None),
        ("Maker", True, "Maker, synthetic 2D"),
        ("Maker, synthetic 2D", True, "Maker, synthetic 2D"),
        (None, True, "synthetic 2D"),
        ("synthetic 2D", True, "synthetic 2D"),
    ],
)
def test_synthetic_views_are_an_acquisition_group_of_their_own(machine, synthetic, group):
    assert acquisition_group_of(machine, synthetic_2d=synthetic) == group
