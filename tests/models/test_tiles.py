from __future__ import annotations

from mammolens.models.tiles import whole_tiles


def test_a_length_is_rounded_up_to_what_networks_can_halve_five_times():
    assert [whole_tiles(length) for length in (1, 31, 32, 33, 160)] == [32, 32, 32, 64, 160]
