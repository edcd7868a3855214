from __future__ import annotations

import pytest

from mammolens.errors import ConfigError
from mammolens.experiments.fields import is_field, value_at, with_values


def test_a_value_is_found_by_its_dotted_name(a_quick_config):
    assert value_at(a_quick_config, "training.learning_rate") == 0.01
    assert value_at(a_quick_config, "network.options.width") == 2
    assert value_at(a_quick_config, "network.options.depth", "none") == "none"
    assert value_at(a_quick_config, "training.epochs.first", "none") == "none"


def test_values_are_put_in_and_the_rest_stays(a_quick_config):
    other = with_values(a_quick_config, {"training.epochs": 7, "network.options.depth": 3})
    assert other.training.epochs == 7
    assert other.network.options == {"width": 2, "depth": 3}
    assert with_values(other, {"training.epochs": 1, "network.options": {"width": 2}}) == a_quick_config


def test_a_value_that_does_not_fit_names_its_field(a_quick_config):
    with pytest.raises(ConfigError, match=r"preprocessing\.size: Input should be a multiple of 4"):
        with_values(a_quick_config, {"preprocessing.size": 33})
    with pytest.raises(ConfigError, match="grid 'pixel_size' needs pixel_size_mm"):
        with_values(a_quick_config, {"preprocessing.grid": "pixel_size"})


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("training.epochs", True),
        ("network.options.anything", True),
        ("preprocessing.pixel_size_mm", True),
        ("training.epoch", False),
        ("trainin.epochs", False),
        ("training.epochs.first", False),
        ("epochs", False),
    ],
)
def test_a_field_is_told_from_a_slip_of_the_pen(a_quick_config, name, there):
    assert is_field(a_quick_config, name) is there
