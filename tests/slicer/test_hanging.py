"""Where each view hangs, and how it is turned."""

import numpy as np
import pytest
from MammoLensLib.answers import View
from MammoLensLib.hanging import Slot, Turn, slots_of, turn_of
from MammoLensLib.header import Header

RIGHT, LEFT = Slot("R-CC", 0, 0, chest_wall_right=True), Slot("L-CC", 0, 1, chest_wall_right=False)


def slots(*names: str) -> dict[str, tuple[int, int]]:
    """Row and column by the slot's name."""
    views = [View("i", laterality=name.split()[0], view=name.split()[1]) for name in names]
    return {slot.name: (slot.row, slot.column) for slot in slots_of(views)}


def test_the_four_standard_views_hang_right_on_the_left_and_cc_on_top() -> None:
    expected = {"L-MLO": (1, 1), "R-CC": (0, 0), "L-CC": (0, 1), "R-MLO": (1, 0)}
    assert slots("L MLO", "R CC", "L CC", "R MLO") == expected


def test_one_breast_alone_takes_all_the_width() -> None:
    assert slots("L CC", "L MLO") == {"L-CC": (0, 0), "L-MLO": (1, 0)}


def test_repetitions_and_other_projections_get_rows_of_their_own() -> None:
    assert slots("R CC", "R CC", "L CC", "L ML") == {"R-CC": (0, 0), "L-CC": (0, 1), "R-CC-2": (1, 0), "L-ML": (2, 1)}


def test_views_of_unknown_side_hang_below() -> None:
    views = [View("a"), View("b", laterality="R", view="CC"), View("c", laterality="B", view="CC")]
    assert [(slot.name, slot.row, slot.column) for slot in slots_of(views)] == [
        ("X-view", 1, 1),
        ("R-CC", 0, 0),
        ("X-CC", 1, 0),
    ]
    assert slots_of(views)[0].chest_wall_right is None


@pytest.mark.parametrize(
    ("slot", "orientation", "turn"),
    [
        (RIGHT, ("P", "L"), Turn(False, False)),
        (RIGHT, ("A", "L"), Turn(True, False)),
        (RIGHT, ("A", "R"), Turn(True, True)),
        (RIGHT, ("P", "FL"), Turn(False, False)),
        (RIGHT, ("P", "HR"), Turn(False, True)),
        (LEFT, ("A", "R"), Turn(False, False)),
        (LEFT, ("P", "R"), Turn(True, False)),
        (LEFT, ("A", "L"), Turn(False, True)),
        (LEFT, ("A", "FR"), Turn(False, False)),
    ],
)
def test_the_header_decides_how_an_image_is_turned(slot: Slot, orientation: tuple[str, str], turn: Turn) -> None:
    misleading = np.zeros((20, 100))
    misleading[:, :40] = misleading[:, 60:] = 1
    assert turn_of(slot, Header(patient_orientation=orientation), misleading) == turn


@pytest.mark.parametrize("tissue_is_right", [True, False])
@pytest.mark.parametrize("slot", [RIGHT, LEFT])
def test_without_a_header_the_chest_wall_is_where_the_tissue_is(slot: Slot, tissue_is_right: bool) -> None:
    pixels = np.zeros((50, 100))
    pixels[10:40, slice(60, None) if tissue_is_right else slice(40)] = 1
    assert turn_of(slot, Header(), pixels) == Turn(tissue_is_right != slot.chest_wall_right, upside_down=False)
