from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.promotion.holdout import gate_cases, hold_out


def normals(count, **changes):
    cases = tuple(
        replace(Case(Path(f"{number}-{view}.dcm"), f"P{number}", clean_normal=True), **changes)
        for number in range(count)
        for view in range(2)
    )
    return Dataset("normals", cases, "none")


def test_patients_are_parted_and_none_is_in_both():
    learners, held = hold_out(normals(1000), 0.2)
    assert not set(learners.patients) & set(held.patients)
    assert len(learners.cases) + len(held.cases) == 2000
    assert 160 < len(held.patients) < 240


def test_who_is_held_back_stays_so_as_the_accepted_normals_grow():
    few, many = hold_out(normals(100)), hold_out(normals(500))
    assert set(few[1].patients) <= set(many[1].patients)
    assert set(few[0].patients) <= set(many[0].patients)


def test_another_seed_holds_others_back():
    assert hold_out(normals(100), seed=1)[1].patients != hold_out(normals(100))[1].patients


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_is_one(share):
    with pytest.raises(ValueError, match="within"):
        hold_out(normals(2), share)


def test_candidates_are_assessed_by_the_test_split_where_there_is_one():
    dataset = normals(3)
    split = replace(
        dataset, cases=(*dataset.cases[:4], *(replace(case, split=Split.TEST) for case in dataset.cases[4:]))
    )
    assert gate_cases(split) == split.cases[4:]
    assert gate_cases(dataset) == dataset.cases


def test_a_set_without_a_normal_to_assess_by_is_refused():
    with pytest.raises(DatasetError, match="has no clean normal image in it"):
        gate_cases(normals(2, clean_normal=False))
    with pytest.raises(DatasetError, match="has no clean normal image in its split 'test'"):
        gate_cases(normals(2, split=Split.TRAIN))
