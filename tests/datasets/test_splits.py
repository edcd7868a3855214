from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammolens.datasets.base import Case
from mammolens.datasets.splits import draw_share, fold_of, split_by_patient
from mammolens.enums import Split
from mammolens.errors import DatasetError

FRACTIONS = {Split.TRAIN: 0.7, Split.VALIDATION: 0.1, Split.CALIBRATION: 0.2}


def cases_of(patients: int, images: int = 2, sites: tuple[str | None, ...] = (None,)) -> list[Case]:
    return [
        Case(Path(f"{patient}_{image}.png"), f"p{patient}", site=sites[patient % len(sites)])
        for patient in range(patients)
        for image in range(images)
    ]


@given(patients=st.integers(3, 60), seed=st.integers(0, 2**32), shuffle=st.randoms(use_true_random=False))
def test_every_image_is_in_one_split_and_every_patient_too_in_whatever_order(patients, seed, shuffle):
    cases = cases_of(patients, sites=("1", "2"))
    parts = split_by_patient(cases, FRACTIONS, seed)
    assert sorted(case.path for part in parts.values() for case in part) == sorted(case.path for case in cases)
    assert sum(len({case.patient_id for case in part}) for part in parts.values()) == patients
    assert all(parts[split] for split in FRACTIONS)
    assert all(case.split is split for split, part in parts.items() for case in part)
    shuffle.shuffle(cases)
    assert split_by_patient(cases, FRACTIONS, seed) == parts


def test_another_seed_gives_another_split():
    assert split_by_patient(cases_of(40), FRACTIONS, 0) != split_by_patient(cases_of(40), FRACTIONS, 1)


def test_the_same_seed_gives_the_split_that_it_always_gave():
    parts = split_by_patient(cases_of(6, images=1), FRACTIONS, seed=0)
    names = {split.value: [case.patient_id for case in part] for split, part in parts.items()}
    assert names == {"train": ["p1", "p3", "p4", "p5"], "validation": ["p0"], "calibration": ["p2"]}


def test_a_patient_is_drawn_as_always_whoever_else_there_is():
    assert [round(draw_share(f"p{number}", 0), 4) for number in range(4)] == [0.8709, 0.8125, 0.221, 0.496]
    assert [fold_of(f"p{number}", 3) for number in range(8)] == [1, 1, 2, 2, 0, 1, 2, 0]


def test_fractions_hold_overall_and_within_each_site():
    cases = cases_of(300, images=1, sites=("1", "1", "2"))
    for split, part in split_by_patient(cases, FRACTIONS, 5).items():
        sites = Counter(case.site for case in part)
        assert sites["1"] == pytest.approx(200 * FRACTIONS[split], abs=1)
        assert sites["2"] == pytest.approx(100 * FRACTIONS[split], abs=1)


def test_a_rare_split_gets_a_patient_even_among_few():
    parts = split_by_patient(cases_of(4), {Split.TRAIN: 0.98, Split.TEST: 0.01, Split.CALIBRATION: 0.01}, 0)
    assert [len({case.patient_id for case in part}) for part in parts.values()] == [2, 1, 1]


def test_a_patient_seen_at_two_sites_stays_whole():
    cases = cases_of(10, images=1)
    cases += [Case(Path(f"again_{case.path.name}"), case.patient_id, site="elsewhere") for case in cases]
    random.Random(3).shuffle(cases)
    parts = split_by_patient(cases, FRACTIONS, 0)
    assert sum(len({case.patient_id for case in part}) for part in parts.values()) == 10


@pytest.mark.parametrize(
    ("fractions", "reason"),
    [
        ({}, "needs a fraction above 0"),
        ({Split.TRAIN: 1.0, Split.TEST: 0.0}, "needs a fraction above 0"),
        ({Split.TRAIN: 0.7, Split.TEST: 0.7}, "add up to 1.4"),
        ({Split.TRAIN: float("nan")}, "needs a fraction above 0"),
    ],
)
def test_senseless_fractions_are_refused(fractions, reason):
    with pytest.raises(DatasetError, match=reason):
        split_by_patient(cases_of(10), fractions, 0)


def test_fewer_patients_than_splits_are_refused():
    with pytest.raises(DatasetError, match="2 patients cannot fill 3 splits"):
        split_by_patient(cases_of(2), FRACTIONS, 0)
