"""How an image is turned for the slot that it hangs in."""

import numpy as np
import pytest
from MammoLensLib.answers import HangingSlot, View
from MammoLensLib.layout import Slot, Turn, slot_of, turn_of
from MammoLensLib.reader import Header

RIGHT, LEFT = Slot("R-CC", 0, 0, chest_wall_right=True), Slot("L-CC", 0, 1, chest_wall_right=False)


@pytest.mark.parametrize(("side", "right"), [("R", True), ("L", False), (None, None), ("B", None)])
def test_a_view_hangs_where_the_server_says_with_its_chest_wall_in_the_middle(
    side: str | None, right: bool | None
) -> None:
    view = View("image", laterality=side, slot=HangingSlot("R CC 2", 3, 1))
    assert slot_of(view) == Slot("R-CC-2", 3, 1, right, "R CC 2")


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
