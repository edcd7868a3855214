from __future__ import annotations

import csv

import pytest

from mammolens.config import load_config
from mammolens.evaluation.bootstrap import Interval
from mammolens.experiments.fields import with_values
from mammolens.experiments.study import Trial, TrialStatus
from mammolens.experiments.trial_files import BEST, TRIALS, value_text, write_trials


@pytest.fixture
def two_trials():
    values = {"training.epochs": 4, "preprocessing.percentiles": [0.5, 99.5]}
    found = Interval(0.61, 0.55, 0.67, 30)
    return [
        Trial(1, {**values, "training.epochs": 0}, TrialStatus.PRUNED, 0.2, reason="training.epochs: too few, says it"),
        Trial(2, values, TrialStatus.MEASURED, 12.34, found),
    ]


def test_every_trial_is_a_line(two_trials, a_quick_config, tmp_path):
    write_trials(two_trials, two_trials[1], a_quick_config, "whom", tmp_path)
    pruned, measured = csv.DictReader((tmp_path / TRIALS).open())
    assert pruned["outcome"] == "pruned"
    assert pruned["reason"] == "training.epochs: too few, says it"
    assert pruned["auroc_within_sites"] == ""
    assert {name: measured[name] for name in ("trial", "auroc_within_sites", "low", "high", "patients", "seconds")} == {
        "trial": "2", "auroc_within_sites": "0.61", "low": "0.55", "high": "0.67", "patients": "30", "seconds": "12.3"
    }  # fmt: skip
    assert measured["preprocessing.percentiles"] == "[0.5, 99.5]"


def test_the_best_can_be_trained_and_says_where_it_comes_from(two_trials, a_quick_config, tmp_path):
    write_trials(two_trials, two_trials[1], a_quick_config, "8 images of 2", tmp_path)
    assert load_config(tmp_path / BEST) == with_values(a_quick_config, two_trials[1].values)
    text = (tmp_path / BEST).read_text()
    assert "# Best of 2 trials of 'mammolens tune': trial 2." in text
    assert "0.610 [0.55, 0.67] on 8 images of 2." in text


def test_without_a_figure_there_is_no_best(two_trials, a_quick_config, tmp_path):
    write_trials(two_trials[:1], None, a_quick_config, "whom", tmp_path)
    assert (tmp_path / TRIALS).exists()
    assert not (tmp_path / BEST).exists()


@pytest.mark.parametrize(
    ("value", "text"), [(0.000123456789, "0.000123457"), (3, "3"), (True, "true"), ("mean", "mean"), (None, "null")]
)
def test_values_are_written_as_in_the_configuration(value, text):
    assert value_text(value) == text
