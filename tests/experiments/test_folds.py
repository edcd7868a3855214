from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammolens.datasets.base import Dataset
from mammolens.datasets.splits import assign_folds
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.experiments.folds import cross_folds


def patients(cases) -> set[str]:
    return {case.patient_id for case in cases}


@given(seed=st.integers(0, 10**6), folds=st.integers(2, 6))
def test_no_patient_is_scored_by_a_model_that_saw_her(phantoms, seed, folds):
    for fold in cross_folds(phantoms, folds, seed):
        assert not patients(fold.training.cases) & patients(fold.scored)


def test_each_normal_is_scored_once_and_each_abnormal_by_every_model(phantoms):
    scored = Counter(case.path for fold in cross_folds(phantoms, 5, 0) for case in fold.scored)
    normals = {case.path for case in phantoms.cases if case.clean_normal}
    abnormals = {case.path for case in phantoms.cases if case.abnormal}
    assert scored == Counter(normals) + Counter(dict.fromkeys(abnormals, 5))
    assert len(normals) == 64
    assert len(abnormals) == 4


def test_models_learn_from_clean_normals_of_all_splits(split_phantoms):
    for fold in cross_folds(split_phantoms, 4, 0):
        assert len(fold.training.patients) == 12
        assert all(case.clean_normal and case.split is None for case in fold.training.cases)
    dealt = {case.patient_id for fold in cross_folds(split_phantoms, 4, 0) for case in fold.training.cases}
    assert dealt == {case.patient_id for case in split_phantoms.cases if case.clean_normal}


def test_a_patient_with_an_abnormal_image_is_no_clean_negative(phantoms):
    # Somebody calls the other breast of the first abnormal woman clean.
    marked = tuple(
        replace(case, clean_normal=True) if case.patient_id == "PHANTOM-16" and not case.abnormal else case
        for case in phantoms.cases
    )
    for fold in cross_folds(replace(phantoms, cases=marked), 5, 0):
        assert "PHANTOM-16" not in patients(fold.training.cases)
        assert all(case.abnormal for case in fold.scored if case.patient_id == "PHANTOM-16")


def test_sites_and_machines_are_shared_out_evenly(cases_of):
    groups = {
        ("1", "a"): " ".join(f"p{n}" for n in range(17)),
        ("1", "b"): " ".join(f"q{n}" for n in range(8)),
        ("2", "a"): " ".join(f"r{n}" for n in range(11)),
    }
    cases = [case for (site, machine), names in groups.items() for case in cases_of(names, site, machine)]
    fold_of = assign_folds(cases, 5, seed=3)
    for names in groups.values():
        counts = Counter(fold_of[name] for name in names.split())
        sizes = [counts[fold] for fold in range(1, 6)]
        assert max(sizes) - min(sizes) <= 1
    sizes = Counter(fold_of.values()).values()
    assert max(sizes) - min(sizes) <= 1


def test_the_deal_is_the_seeds_whatever_the_order(cases_of):
    cases = cases_of(" ".join(f"p{n}" for n in range(20)))
    assert assign_folds(cases, 5, 0) == assign_folds(cases[::-1], 5, 0)
    assert assign_folds(cases, 5, 0) != assign_folds(cases, 5, 1)


def test_too_few_patients_and_no_abnormal_image_are_told(cases_of):
    normals = cases_of("a b c")
    ill = replace(cases_of("d")[0], abnormal=True, clean_normal=False, split=Split.TEST)
    with pytest.raises(DatasetError, match="set: 3 clean-negative patients cannot be divided into 4 folds"):
        cross_folds(Dataset("set", (*normals, ill), ""), 4, 0)
    with pytest.raises(DatasetError, match="set: has no abnormal image"):
        cross_folds(Dataset("set", normals, ""), 2, 0)
