from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.datasets.base import Lesion
from mammolens.enums import Verdict
from mammolens.labelapp.exams.decisions import Decisions, NewDecision
from mammolens.labelapp.learning.training_data import TrainingData
from mammolens.labelapp.parameters import DrawnRegion

HUGE = 1.5e308  # finite, and twice it is not


@pytest.mark.parametrize(
    "outside",
    [
        ((-9.0, 10.0), (-1.0, 10.0), (-1.0, 20.0)),
        ((104.0, 10.0), (120.0, 10.0), (120.0, 20.0)),
        ((10.0, 128.0), (10.0, 129.0), (11.0, 129.0)),
        ((HUGE, HUGE), (HUGE, HUGE / 2), (HUGE / 2, HUGE)),
        ((HUGE, 10.0), (HUGE, HUGE), (HUGE, 20.0)),
    ],
)
def test_a_region_outside_the_image_assesses_nobody(
    a_site: TrainingData, decisions: Decisions, outside: tuple[tuple[float, float], ...]
) -> None:
    one, two = list(a_site.exams.all().values())[:2]
    across = DrawnRegion(image=one.images[0].image_id, points=((-9.0, 10.0), (1.0, 10.0), (1.0, 20.0)))
    # Not checked, as a decision that was imported.
    elsewhere = [DrawnRegion.model_construct(image=exam.image_ids[0], points=list(outside)) for exam in (one, two)]
    decisions.record(one, NewDecision(Verdict.FINDING, "grace", drawn=(elsewhere[0], across)))
    decisions.record(two, NewDecision(Verdict.FINDING, "grace", drawn=(elsewhere[1],)))
    (case,) = a_site.findings().cases
    assert case.lesions == (Lesion(15.0, -4.0, 5.0, 5.0, shape="box"),)


def test_a_marked_image_that_cannot_be_read_assesses_nobody(a_site: TrainingData, decisions: Decisions) -> None:
    exam = next(iter(a_site.exams.all().values()))
    image_id = exam.images[0].image_id
    drawn = DrawnRegion(image=image_id, points=((5.0, 5.0), (9.0, 5.0), (9.0, 9.0)))
    decisions.record(exam, NewDecision(Verdict.FINDING, "grace", drawn=(drawn,)))
    with Path(a_site.images.get_image_uri(image_id)).open("r+b") as file:
        file.truncate(200)
    assert a_site.findings().cases == ()
