from __future__ import annotations

from dataclasses import replace

import pytest

from mammolens.errors import ConfigError, DatasetError
from mammolens.experiments.fields import with_values
from mammolens.experiments.objective import Objective
from mammolens.experiments.prepared_cache import PreparedImageCache
from mammolens.experiments.tuning_data import tuning_data
from mammolens.training.progress import Stage, ignore_progress


@pytest.fixture
def objective_of(tmp_path):
    def make(data):
        return Objective(data, tmp_path / "trial", PreparedImageCache(10**8), seed=0)

    return make


def test_the_same_configuration_gets_the_same_figure_and_leaves_nothing(
    split_phantoms, a_quick_config, objective_of, tmp_path
):
    objective = objective_of(tuning_data(split_phantoms, a_quick_config, seed=0))
    first = objective(a_quick_config, ignore_progress)
    assert 0 <= first.low <= first.value <= first.high <= 1
    assert first.n_patients == 3
    assert objective(a_quick_config, ignore_progress) == first
    assert list(tmp_path.iterdir()) == []


def test_planted_lesions_are_all_that_tells_abnormal_from_normal(few_phantoms, a_quick_config, objective_of):
    data = tuning_data(few_phantoms, a_quick_config, seed=0)
    without_lesions = objective_of(replace(data, synthetic=False))(a_quick_config, ignore_progress)
    assert without_lesions.value == 0.5
    assert objective_of(data)(a_quick_config, ignore_progress).value != 0.5


def test_images_are_read_once_for_all_trials(split_phantoms, a_quick_config, objective_of, monkeypatch):
    from mammolens.transforms.pipeline import Pipeline

    read = []
    plain = Pipeline.load

    def counting(self, path, attributes):
        read.append(path)
        return plain(self, path, attributes)

    monkeypatch.setattr(Pipeline, "load", counting)
    objective = objective_of(tuning_data(split_phantoms, a_quick_config, seed=0))
    objective(a_quick_config, ignore_progress)
    seen = len(read)
    assert seen == len(set(read)) == 8 * 2 + 3 * 2 + 1
    objective(with_values(a_quick_config, {"training.learning_rate": 0.02}), ignore_progress)
    assert len(read) == seen
    objective(with_values(a_quick_config, {"preprocessing.size": 36}), ignore_progress)
    assert len(read) == 2 * seen


def test_pairs_of_different_sites_do_not_count(split_phantoms, a_quick_config, objective_of):
    data = tuning_data(split_phantoms, a_quick_config, seed=0)
    objective = objective_of(data)
    plain = objective(a_quick_config, ignore_progress)
    stranger = replace(data.normals[0], site="elsewhere")
    some = objective_of(replace(data, normals=(stranger, *data.normals[1:])))(a_quick_config, ignore_progress)
    fewer = objective_of(replace(data, normals=data.normals[1:]))(a_quick_config, ignore_progress)
    assert some.value == fewer.value
    assert plain.n_patients == some.n_patients


def test_images_that_cannot_be_used_are_left_out_before_the_first_trial(
    split_phantoms, a_quick_config, objective_of, tmp_path
):
    data = tuning_data(split_phantoms, a_quick_config, seed=0)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(data.normals[0].path.read_bytes()[:3000])
    objective = objective_of(replace(data, normals=(replace(data.normals[0], path=broken), *data.normals[1:])))
    done = []
    objective.leave_out_unusable(a_quick_config, lambda: done.append(1))
    assert len(done) == len(data.normals) + len(data.abnormals)
    assert objective.data.normals == data.normals[1:]


def test_a_configuration_that_cannot_use_all_measuring_images_gets_no_figure(
    split_phantoms, a_quick_config, objective_of, tmp_path
):
    data = tuning_data(split_phantoms, a_quick_config, seed=0)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(data.normals[0].path.read_bytes()[:3000])
    objective = objective_of(replace(data, normals=(replace(data.normals[0], path=broken), *data.normals[1:])))
    with pytest.raises(DatasetError, match="1 of 4 evaluation images cannot be prepared"):
        objective(a_quick_config, ignore_progress)
    assert not (tmp_path / "trial").exists()


def test_sites_without_a_pair_are_told_before_the_first_trial(split_phantoms, a_quick_config, objective_of):
    data = tuning_data(split_phantoms, a_quick_config, seed=0)
    apart = tuple(replace(case, site="elsewhere") for case in data.abnormals)
    with pytest.raises(DatasetError, match="no site has both normal and abnormal held-out images"):
        objective_of(replace(data, abnormals=apart)).leave_out_unusable(a_quick_config, lambda: None)


def test_a_configuration_that_cannot_be_trained_leaves_nothing(split_phantoms, a_quick_config, objective_of, tmp_path):
    objective = objective_of(tuning_data(split_phantoms, a_quick_config, seed=0))
    with pytest.raises(ConfigError, match=r"network\.options"):
        objective(with_values(a_quick_config, {"network.options.depth": 3}), ignore_progress)
    assert not (tmp_path / "trial").exists()


def test_a_trial_that_was_stopped_goes_on_at_its_epoch(split_phantoms, a_quick_config, objective_of):
    config = with_values(a_quick_config, {"training.epochs": 3, "training.patience": 3})
    objective = objective_of(tuning_data(split_phantoms, a_quick_config, seed=0))
    undisturbed = objective(config, ignore_progress)

    def stop(progress):
        if (progress.stage, progress.done) == (Stage.LEARN, 2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        objective(config, stop)
    epochs = []
    again = objective(config, lambda p: epochs.append(p.done) if p.stage is Stage.LEARN else None)
    assert epochs == [3]
    assert again == undisturbed
