from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mammolens.config import load_config
from mammolens.enums import Split
from mammolens.errors import ConfigError
from mammolens.experiments.space import load_space
from mammolens.experiments.study import TrialStatus
from mammolens.experiments.tune import tune
from mammolens.experiments.tuning_data import tuning_data
from mammolens.training.progress import Stage


@pytest.fixture
def data(split_phantoms, a_quick_config):
    return tuning_data(split_phantoms, a_quick_config, seed=0)


def test_a_search_leaves_its_trials_and_the_best_of_them(a_quick_config, a_space, data, tmp_path):
    seen = []
    trials = tune(a_quick_config, a_space, data, tmp_path, trials=3, on_trial=lambda done: seen.append(len(done)))
    assert seen == [0, 1, 2, 3]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "space.yaml") == [
        "best.yaml", "trials.csv", "trials.journal",
    ]  # fmt: skip
    best = max(trials, key=lambda trial: (trial.auroc.value, -trial.number))
    assert load_config(tmp_path / "best.yaml").training.learning_rate == best.values["training.learning_rate"]
    assert trials[0].values["training.learning_rate"] == 0.01


def test_the_test_split_is_never_opened(a_quick_config, a_space, split_phantoms, tmp_path):
    gone = replace(
        split_phantoms,
        cases=tuple(
            replace(case, path=Path("/nowhere") / case.path.name) if case.split is Split.TEST else case
            for case in split_phantoms.cases
        ),
    )
    there = tune(
        a_quick_config, a_space, tuning_data(split_phantoms, a_quick_config, seed=0), tmp_path / "there", trials=2
    )
    not_there = tune(a_quick_config, a_space, tuning_data(gone, a_quick_config, seed=0), tmp_path / "gone", trials=2)
    assert [trial.auroc for trial in not_there] == [trial.auroc for trial in there]
    assert all(trial.outcome is TrialStatus.MEASURED for trial in there)


def test_a_search_that_was_stopped_goes_on_to_the_same_trials(a_quick_config, a_space, data, tmp_path):
    undisturbed = tune(a_quick_config, a_space, data, tmp_path / "whole", trials=3)
    learned = 0

    def stop(progress):
        nonlocal learned
        learned += progress.stage is Stage.LEARN
        if learned == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(a_quick_config, a_space, data, tmp_path / "parts", trials=3, progress=stop)
    assert (tmp_path / "parts" / "best.yaml").exists()
    resumed = tune(a_quick_config, a_space, data, tmp_path / "parts", trials=3, resume=True)
    assert [(t.values, t.auroc) for t in resumed] == [(t.values, t.auroc) for t in undisturbed]


def test_a_finished_search_only_tells_its_trials(a_quick_config, a_space, data, tmp_path):
    trials = tune(a_quick_config, a_space, data, tmp_path, trials=1)
    unseen = []
    assert tune(a_quick_config, a_space, data, tmp_path, trials=1, resume=True, progress=unseen.append) == trials
    assert unseen == []


def test_no_trial_begins_after_the_budget(a_quick_config, a_space, data, tmp_path):
    assert tune(a_quick_config, a_space, data, tmp_path, trials=5, seconds=0.0) == []


def test_a_trial_that_cannot_be_trained_is_pruned_with_the_reason(a_quick_config, data, tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("preprocessing.size: {choices: [32, 33]}")
    space = load_space(path, a_quick_config)
    trials = tune(a_quick_config, space, data, tmp_path / "out", trials=6)
    pruned = [trial for trial in trials if trial.outcome is TrialStatus.PRUNED]
    assert {trial.values["preprocessing.size"] for trial in pruned} == {33}
    assert "preprocessing.size: Input should be a multiple of 4" in pruned[0].reason
    assert "multiple of 4" in (tmp_path / "out" / "trials.csv").read_text()
    assert load_config(tmp_path / "out" / "best.yaml").preprocessing.size == 32


def test_a_space_in_which_nothing_can_be_trained_is_an_error(a_quick_config, data, tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("network.options.width: {choices: [0, -1]}")
    with pytest.raises(ConfigError, match=r"none of 2 trials could be measured; the first: network\.options: width"):
        tune(a_quick_config, load_space(path, a_quick_config), data, tmp_path / "out", trials=2)


def test_a_search_goes_on_with_its_own_data_only(a_quick_config, a_space, data, tmp_path):
    tune(a_quick_config, a_space, data, tmp_path, trials=1)
    for other in (replace(data, normals=data.normals[1:]), replace(data, synthetic=True)):
        with pytest.raises(ConfigError, match="holds trials of another configuration"):
            tune(a_quick_config, a_space, other, tmp_path, trials=2, resume=True)
    with pytest.raises(ConfigError, match="holds trials of another configuration"):
        tune(a_quick_config, a_space, data, tmp_path, trials=2, resume=True, seed=1)
