from __future__ import annotations

import pytest

from mammolens.inference.technical_quality import technical_quality

HEAD = "Technical quality (automatic, unofficial, not PGMI): "
TAIL = ". Positioning is not assessed."


@pytest.mark.parametrize(
    ("views", "words"),
    [
        ([("L CC", ["poor_header", "acquisition_not_calibrated"])], "no fault found in 1 image"),
        ([("L CC", []), ("R CC", [])], "no fault found in 2 images"),
        (
            [("L CC", ["blurred", "incomplete_breast"]), ("R CC", ["implant"]), ("R MLO", ["blank"])],
            "L CC cut off, blurred; R MLO hardly any structure",
        ),
        ([("L CC", ["blurred"]), ("L CC", [])], "L CC blurred"),
    ],
)
def test_faults_are_told_by_view_and_other_flags_are_none(views, words):
    assert technical_quality(views) == HEAD + words + TAIL


def test_nothing_is_said_of_images_that_were_not_analysed():
    assert technical_quality([]) is None
