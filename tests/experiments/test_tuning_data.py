from __future__ import annotations

import pytest

from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.experiments.fields import with_values
from mammolens.experiments.tuning_data import tuning_data
from mammolens.training.partition import partition


def patients(cases) -> set[str]:
    return {case.patient_id for case in cases}


def test_who_measures_is_held_out_of_the_train_split(split_phantoms, a_quick_config):
    data = tuning_data(split_phantoms, a_quick_config, seed=0)
    train = patients(split_phantoms.in_split(Split.TRAIN).cases)
    assert patients(data.normals) < train
    assert len(patients(data.normals)) == 2
    assert patients(data.training.cases) == train - patients(data.normals) | {f"PHANTOM-{n}" for n in (8, 9, 10)}
    assert patients(data.abnormals) == {"PHANTOM-16"}
    assert all(case.abnormal for case in data.abnormals)
    assert not data.synthetic
    assert str(data) == "4 normal images of 2 held-out patients vs. 1 cancer images of 1 patients"


def test_nobody_of_the_test_split_is_there(split_phantoms, a_quick_config):
    data = tuning_data(split_phantoms, a_quick_config, seed=0)
    test = patients(split_phantoms.in_split(Split.TEST).cases)
    assert test
    assert not test & patients((*data.training.cases, *data.normals, *data.abnormals))


def test_trials_train_and_calibrate_on_the_splits_that_are_given(split_phantoms, a_quick_config):
    data = tuning_data(split_phantoms, a_quick_config, seed=0)
    parts = partition(data.training, a_quick_config).by_split
    assert patients(parts[Split.CALIBRATION]) == {"PHANTOM-8", "PHANTOM-9", "PHANTOM-10"}
    assert len(patients((*parts[Split.TRAIN], *parts[Split.VALIDATION]))) == 6


def test_without_an_exposure_split_lesions_are_planted_into_the_held_out(phantoms, a_quick_config):
    data = tuning_data(phantoms, a_quick_config, seed=0)
    assert data.synthetic
    assert data.abnormals == data.normals
    assert not patients(data.normals) & patients(data.training.cases)
    assert not {"PHANTOM-16", "PHANTOM-17"} & patients((*data.training.cases, *data.normals))
    assert str(data).endswith("vs. the same images with a synthetic lesion each")


def test_trials_that_learn_from_lesions_need_those_of_other_patients(split_phantoms, a_quick_config, a_lesion_bank):
    exposed = with_values(a_quick_config, {"training.exposure_share": 0.5})
    with pytest.raises(
        DatasetError, match="trains on known cancers, but those of the exposure split are used for evaluation; give"
    ):
        tuning_data(split_phantoms, exposed, seed=0)
    data = tuning_data(split_phantoms, exposed, seed=0, exposure=a_lesion_bank)
    assert data.exposure is a_lesion_bank
    assert data.abnormals == tuning_data(split_phantoms, a_quick_config, seed=0).abnormals


def test_the_draw_is_the_seeds(split_phantoms, a_quick_config):
    assert tuning_data(split_phantoms, a_quick_config, seed=0) == tuning_data(split_phantoms, a_quick_config, seed=0)
    draws = {frozenset(patients(tuning_data(split_phantoms, a_quick_config, seed=seed).normals)) for seed in range(5)}
    assert len(draws) > 1


def test_too_few_patients_are_told_before_any_trial(phantoms, a_quick_config):
    few = phantoms.where(lambda case: case.patient_id in ("PHANTOM-0", "PHANTOM-1", "PHANTOM-2"))
    with pytest.raises(DatasetError, match="too few normal patients remain"):
        tuning_data(few, a_quick_config, seed=0)
