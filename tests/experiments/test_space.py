from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from mammolens.config import load_config
from mammolens.errors import ConfigError
from mammolens.experiments.fields import with_values
from mammolens.experiments.space import load_space

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def space_of(tmp_path, a_quick_config):
    def load(text):
        path = tmp_path / "space.yaml"
        path.write_text(text)
        return load_space(path, a_quick_config)

    return load


def drawn(space, n=40):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [space.suggest(study.ask()) for _ in range(n)]


@pytest.mark.parametrize("path", sorted((CONFIGS / "tune").glob("*.yaml")), ids=lambda path: path.name)
def test_each_shipped_space_fits_its_configuration_and_holds_it(path):
    config = load_config(CONFIGS / path.name)
    space = load_space(path, config)
    assert space.parameters_of(config) is not None
    for values in drawn(space):
        with_values(config, values)


def test_ranges_give_whole_numbers_where_their_ends_are_whole(space_of):
    space = space_of("training.epochs: {low: 1, high: 5}\nscoring.smoothing: {low: 0.0, high: 2.0, step: 0.5}")
    values = drawn(space)
    assert {value["training.epochs"] for value in values} == {1, 2, 3, 4, 5}
    assert {value["scoring.smoothing"] for value in values} == {0.0, 0.5, 1.0, 1.5, 2.0}


def test_numbers_may_be_written_as_people_write_them(space_of):
    space = space_of("training.learning_rate: {low: 1e-4, high: 1e-2, log: true}")
    values = [value["training.learning_rate"] for value in drawn(space, 200)]
    assert 1e-4 <= min(values) < max(values) <= 1e-2
    assert 60 < sum(value < 1e-3 for value in values) < 140


def test_choices_may_be_lists(space_of):
    space = space_of("preprocessing.percentiles: {choices: [[1.0, 99.0], [0.5, 99.5]]}")
    assert all(value["preprocessing.percentiles"] in ([1.0, 99.0], [0.5, 99.5]) for value in drawn(space))


def test_a_configuration_lies_within_or_outside(space_of, a_quick_config):
    space = space_of("training.epochs: {low: 1, high: 5}\nnetwork.options.width: {choices: [2, 4]}")
    assert space.parameters_of(a_quick_config) == {"training.epochs": 1, "network.options.width": "2"}
    assert space.parameters_of(with_values(a_quick_config, {"training.epochs": 6})) is None
    assert space.parameters_of(with_values(a_quick_config, {"network.options.width": 3})) is None
    assert space.parameters_of(with_values(a_quick_config, {"network.options": {}})) is None


def test_a_value_between_the_steps_lies_outside(space_of, a_quick_config):
    space = space_of("scoring.smoothing: {low: 0.0, high: 2.0, step: 0.5}")
    assert space.parameters_of(with_values(a_quick_config, {"scoring.smoothing": 0.75})) is None
    assert space.parameters_of(with_values(a_quick_config, {"scoring.smoothing": 1.5})) is not None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[", r"space\.yaml: is not valid YAML"),
        ("- 1", r"space\.yaml: the top level: Input should be a valid dictionary"),
        ("{}", "contains no field to vary"),
        ("training.epochs: {low: 5, high: 1}", r"training\.epochs: low \(5\) must lie below high \(1\)"),
        ("training.epochs: {low: 0, high: 1, log: true}", "a logarithmic range lies above 0"),
        ("training.epochs: {low: 1, high: 3, step: 0.5}", "whole numbers have whole steps"),
        ("training.epochs: {low: 1}", r"training\.epochs: high: Field required"),
        ("training.epochs: {choices: []}", r"training\.epochs: choices: List should have at least 1 item"),
        ("training.epoch: {low: 1, high: 2}", r"training\.epoch: is not a field of a configuration"),
        ("training.seed: {low: 1, high: 9}", r"training\.seed: cannot be searched; remove it"),
    ],
)
def test_a_mistake_names_file_field_and_reason(space_of, text, reason):
    with pytest.raises(ConfigError, match=reason):
        space_of(text)


def test_a_missing_file_is_told_with_the_option_that_names_another(tmp_path, a_quick_config):
    with pytest.raises(ConfigError, match="No such file or directory.*--space"):
        load_space(tmp_path / "nothing.yaml", a_quick_config)
