"""Evidence of a prior view at the place of a finding, on maps that are drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mammolens.enums import SpacingSource
from mammolens.inference.prior_comparison import Evidence, corresponding_place, evidence_in, evidence_then_and_now
from mammolens.types import FloatImage, PixelSpacing

SPACING = PixelSpacing(1.0, 1.0, SpacingSource.IMAGER_PIXEL_SPACING)


def a_map(middle: int = 100, depth: int = 80, spot: tuple[int, int] | None = None) -> FloatImage:
    """Half an ellipse with its chest wall at the left; a spot is ``(row, column)``."""
    rows, columns = np.indices((200, 120))
    values = np.where(np.hypot((rows - middle) / 70, columns / depth) < 1, 0.2, 0).astype(np.float32)
    if spot:
        values[spot[0] - 2 : spot[0] + 3, spot[1] - 2 : spot[1] + 3] = 3.0
    return values


def evidence(values: FloatImage) -> Evidence:
    found = evidence_in(values, SPACING, start=1.0)
    assert found is not None
    return found


def test_a_spot_is_found_again_where_the_breast_lies_lower_and_was_compressed_more() -> None:
    now = evidence(a_map(spot=(70, 40)))
    then = evidence(a_map(middle=112, depth=90, spot=(82, 45)))
    before, at_present = evidence_then_and_now(40, 70, now, then) or (0, 0)
    assert (before, at_present) == pytest.approx((3.0, 3.0))
    elsewhere = evidence(a_map(spot=(140, 40)))
    assert (evidence_then_and_now(40, 70, now, elsewhere) or (9, 9))[0] == pytest.approx(0.2, abs=0.01)


def test_the_chest_wall_may_lie_at_the_right_in_one_view() -> None:
    turned = np.ascontiguousarray(a_map(spot=(70, 40))[:, ::-1])
    assert evidence_then_and_now(119 - 40, 70, evidence(turned), evidence(a_map(spot=(70, 40)))) == pytest.approx(
        (3.0, 3.0)
    )


def test_breasts_of_too_different_depth_and_places_outside_are_not_compared() -> None:
    now = evidence(a_map())
    assert corresponding_place(now.place_of(40, 70), now, evidence(a_map(depth=50))) is None
    assert corresponding_place(now.place_of(110, 5), now, evidence(a_map())) is None
    assert evidence_in(np.zeros((20, 20), np.float32), SPACING, start=1.0) is None


def test_what_is_stored_gives_the_same_evidence() -> None:
    now = evidence(a_map(spot=(70, 40)))
    again = Evidence.of_fact(now.as_fact())
    assert evidence_then_and_now(40, 70, again, now) == pytest.approx((3.0, 3.0))
    assert (again.nipple, again.pixel_size, again.step) == (now.nipple, now.pixel_size, now.step)
