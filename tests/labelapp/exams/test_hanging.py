"""Where each image of an exam hangs."""

import pytest

from mammolens.labelapp.exams.hanging import hanging_slots, missing_views


def slots(*names: str) -> list[tuple[str, int, int]]:
    """Label, row and column of images by their names; "?" is an unknown side or view."""
    known = [[None if word == "?" else word for word in name.split()] for name in names]
    return [(slot.label, slot.row, slot.column) for slot in hanging_slots([(side, view) for side, view in known])]


@pytest.mark.parametrize(
    ("views", "missing"),
    [
        ("R CC, L CC, R MLO, L MLO", []),
        ("L MLO, R MLO, R ML, L ML", ["R CC", "L CC"]),
        ("R CC, R MLO", ["L CC", "L MLO"]),
        ("R CC, ? MLO", []),
        ("R CC, R ?", []),
    ],
)
def test_an_exam_lacks_a_screening_view_only_if_all_of_its_views_are_known(views: str, missing: list[str]) -> None:
    known = [[None if word == "?" else word for word in name.split()] for name in views.split(", ")]
    assert missing_views([(side, view) for side, view in known]) == missing


def test_the_four_standard_views_hang_right_on_the_left_and_cc_on_top() -> None:
    assert slots("L MLO", "R CC", "L CC", "R MLO") == [("L MLO", 1, 1), ("R CC", 0, 0), ("L CC", 0, 1), ("R MLO", 1, 0)]


@pytest.mark.parametrize("side", ["L", "R"])
def test_one_breast_alone_has_one_column(side: str) -> None:
    assert slots(f"{side} MLO", f"{side} CC", "? CC") == [(f"{side} MLO", 1, 0), (f"{side} CC", 0, 0), ("CC", 2, 0)]


def test_repetitions_hang_below_the_first_of_all_views_and_other_views_below_the_standard_ones() -> None:
    assert slots("R CC", "R CC", "L CC", "L ML", "L MLO", "L ?") == [
        ("R CC", 0, 0),
        ("R CC 2", 4, 0),
        ("L CC", 0, 1),
        ("L ML", 2, 1),
        ("L MLO", 1, 1),
        ("L", 3, 1),
    ]


def test_images_of_unknown_side_hang_below_two_in_a_row() -> None:
    assert slots("? ?", "? CC", "R CC", "L CC", "? ?") == [
        ("view unknown", 1, 0),
        ("CC", 1, 1),
        ("R CC", 0, 0),
        ("L CC", 0, 1),
        ("view unknown 2", 2, 0),
    ]


def test_an_exam_without_images_has_no_slots() -> None:
    assert hanging_slots([]) == []
