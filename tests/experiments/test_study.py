from __future__ import annotations

import pytest

from mammolens.errors import ConfigError
from mammolens.evaluation.bootstrap import Interval
from mammolens.experiments.fields import with_values
from mammolens.experiments.study import Study, TrialStatus


@pytest.fixture
def study_in(a_quick_config, a_space):
    def open_study(folder, *, resume=False, fingerprint="same", seed=0, base=a_quick_config):
        return Study(folder, base, a_space, seed=seed, fingerprint=fingerprint, resume=resume)

    return open_study


def figure(values) -> Interval:
    """Higher for higher learning rates."""
    value = min(0.99, 0.5 + values["training.learning_rate"])
    return Interval(value, value - 0.1, value, 9)


def run(study, n) -> None:
    for _ in range(n):
        trial, values = study.ask()
        study.tell(trial, 1.5, figure(values))


def test_the_first_trial_is_the_configuration_itself(study_in, tmp_path):
    _, values = study_in(tmp_path).ask()
    assert values == {"training.learning_rate": 0.01, "network.options.width": 2}


def test_a_configuration_outside_the_space_is_no_trial(study_in, a_quick_config, tmp_path):
    base = with_values(a_quick_config, {"network.options.width": 16})
    _, values = study_in(tmp_path, base=base).ask()
    assert values["network.options.width"] in (2, 3, 4)


def test_trials_are_remembered(study_in, tmp_path):
    run(study_in(tmp_path), 3)
    trials = study_in(tmp_path, resume=True).trials
    assert [trial.number for trial in trials] == [1, 2, 3]
    assert trials[0].auroc == figure(trials[0].values)
    assert (trials[0].outcome, trials[0].seconds, trials[0].reason) == (TrialStatus.MEASURED, 1.5, "")


def test_the_best_is_the_highest_and_the_earlier_of_equals(study_in, tmp_path):
    study = study_in(tmp_path)
    for value in (0.6, 0.7, 0.7, 0.5):
        trial, _ = study.ask()
        study.tell(trial, 1.0, Interval(value, 0, 1, 9))
    assert study.best.number == 2


def test_a_trial_without_a_figure_keeps_its_reason_and_is_never_the_best(study_in, tmp_path):
    study = study_in(tmp_path)
    trial, _ = study.ask()
    study.tell(trial, 0.1, "network.options: too wide")
    assert study.best is None
    (pruned,) = study_in(tmp_path, resume=True).trials
    assert (pruned.outcome, pruned.reason, pruned.auroc) == (TrialStatus.PRUNED, "network.options: too wide", None)


@pytest.mark.parametrize("stopped_after", [0, 4, 12])
def test_a_search_that_was_stopped_draws_what_an_undisturbed_one_does(study_in, tmp_path, stopped_after):
    undisturbed = study_in(tmp_path / "whole")
    run(undisturbed, 15)
    first = study_in(tmp_path / "parts")
    run(first, stopped_after)
    dropped, _ = first.ask()
    first.drop(dropped)
    second = study_in(tmp_path / "parts", resume=True)
    second.ask()  # and then the process is killed
    third = study_in(tmp_path / "parts", resume=True)
    run(third, 15 - stopped_after)
    assert third.trials == undisturbed.trials


def test_another_seed_draws_others_and_no_draw_comes_twice(study_in, tmp_path):
    one, other = study_in(tmp_path / "one"), study_in(tmp_path / "other", seed=1)
    run(one, 6)
    run(other, 6)
    rates = [trial.values["training.learning_rate"] for study in (one, other) for trial in study.trials]
    assert len(set(rates)) == 11  # the first trial of both is the configuration itself


def test_an_earlier_search_is_not_mixed_up_with_a_new_one(study_in, tmp_path):
    run(study_in(tmp_path), 1)
    with pytest.raises(ConfigError, match=r"trials\.journal: contains the trials of an earlier search; add --resume"):
        study_in(tmp_path)
    with pytest.raises(ConfigError, match="holds trials of another configuration, search space, seed or data"):
        study_in(tmp_path, resume=True, fingerprint="other")


def test_nothing_to_resume_is_a_beginning(study_in, tmp_path):
    assert study_in(tmp_path / "new", resume=True).trials == []


def test_the_search_learns_from_what_it_found(study_in, tmp_path):
    study = study_in(tmp_path)
    run(study, 40)
    rates = [trial.values["training.learning_rate"] for trial in study.trials]
    assert sum(rate > 0.05 for rate in rates[20:]) > sum(rate > 0.05 for rate in rates[:20])
