from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.config import MEANS, FusionConfig
from mammolens.enums import Laterality, ViewPosition
from mammolens.inference.exam import ImageScore, fuse
from mammolens.types import ImageHeader

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
CC, MLO = ViewPosition.CC, ViewPosition.MLO
SYNTHETIC = "Maker One, synthetic 2D"

HIGHEST = FusionConfig(views="max", breasts="max")


def score(
    uid: str,
    laterality: Laterality | None,
    value: float,
    group: str | None = "Maker One",
    view: ViewPosition | None = None,
) -> ImageScore:
    header = ImageHeader(Path(uid), uid, "patient", "exam", laterality=laterality, view=view, acquisition_group=group)
    return ImageScore(header, value, value)


@pytest.fixture
def five_views() -> list[ImageScore]:
    """Three views of the left breast, two of the right."""
    left = [score(uid, LEFT, value) for uid, value in (("1", 1.0), ("2", 2.0), ("3", 6.0))]
    return [*left, score("4", RIGHT, 4.0), score("5", RIGHT, 6.0)]


def test_the_mean_is_taken_within_breasts_and_then_over_breasts(five_views):
    fused = fuse(five_views, MEANS)
    assert fused.breasts == {LEFT: 3.0, RIGHT: 5.0}
    assert fused.exam == 4.0  # not 3.8, the mean over images


def test_the_maximum_is_that_of_the_worst_view(five_views):
    fused = fuse(five_views, HIGHEST)
    assert fused.breasts == {LEFT: 6.0, RIGHT: 6.0}
    assert fused.exam == 6.0


def test_an_instance_counts_once_and_its_last_score_wins(five_views):
    assert fuse([*five_views, *five_views], MEANS) == fuse(five_views, MEANS)
    assert fuse([*five_views, score("5", RIGHT, 16.0)], MEANS).breasts[RIGHT] == 10.0


def test_images_of_unknown_side_are_a_breast_of_their_own():
    fused = fuse([score("1", LEFT, 1.0), score("2", None, 3.0), score("3", None, 5.0)], MEANS)
    assert fused.breasts == {LEFT: 1.0, None: 4.0}
    assert fused.exam == 2.5


def test_a_single_image_is_its_own_breast_and_exam():
    fused = fuse([score("1", RIGHT, 2.0)], HIGHEST)
    assert (fused.breasts, fused.exam) == ({RIGHT: 2.0}, 2.0)


def test_an_exam_is_of_a_machine_if_all_its_images_are():
    assert fuse([score("1", LEFT, 1.0), score("2", RIGHT, 1.0)], MEANS).acquisition_group == "Maker One"
    assert fuse([score("1", LEFT, 1.0), score("2", RIGHT, 1.0, "Maker Two")], MEANS).acquisition_group is None
    assert fuse([score("1", LEFT, 1.0), score("2", RIGHT, 1.0, None)], MEANS).acquisition_group is None


def test_the_shape_tells_how_many_images_of_each_breast_were_fused(five_views):
    assert fuse(five_views[3:] + five_views[:3], MEANS).shape == (3, 2)
    with_unknown = fuse([*five_views, score("6", None, 1.0)], MEANS)
    assert (with_unknown.shape, with_unknown.shape_of_sides) == ((3, 2, 1), (3, 2))


def test_an_exposed_view_and_its_synthetic_twin_are_one_view():
    exposed = [score("1", LEFT, 1.0, view=CC), score("2", LEFT, 3.0, view=MLO), score("3", RIGHT, 2.0, view=CC)]
    twins = [score("4", LEFT, 9.0, SYNTHETIC, CC), score("5", LEFT, 9.0, SYNTHETIC, MLO)]
    with_twins = fuse([*twins, *exposed], MEANS)
    assert with_twins == fuse(exposed, MEANS)
    assert (with_twins.shape, with_twins.acquisition_group) == ((2, 1), "Maker One")


def test_a_synthetic_view_counts_where_that_view_was_not_exposed():
    exposed = [score("1", LEFT, 1.0, view=CC)]
    for other in (score("2", LEFT, 3.0, SYNTHETIC, MLO), score("2", RIGHT, 3.0, SYNTHETIC, CC)):
        assert sum(fuse([*exposed, other], MEANS).shape) == 2
    alone = fuse([score("1", LEFT, 1.0, SYNTHETIC, CC), score("2", LEFT, 3.0, SYNTHETIC, MLO)], MEANS)
    assert (alone.breasts, alone.acquisition_group) == ({LEFT: 2.0}, SYNTHETIC)


def test_what_is_of_an_unknown_view_has_no_twin():
    assert fuse([score("1", LEFT, 1.0), score("2", LEFT, 3.0, SYNTHETIC)], MEANS).breasts == {LEFT: 2.0}


def test_views_that_were_exposed_twice_all_count():
    assert fuse([score("1", LEFT, 1.0, view=CC), score("2", LEFT, 3.0, view=CC)], MEANS).breasts == {LEFT: 2.0}
