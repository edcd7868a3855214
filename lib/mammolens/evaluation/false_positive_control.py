"""False-positive-rate control: the realised rate overall, by site and by machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mammolens.calibration.realised_rate import EvaluatedPatients
from mammolens.config import FusionConfig
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.exams import exams_with_decision
from mammolens.evaluation.grouping import by_machine, by_site
from mammolens.evaluation.results import FalsePositiveControl
from mammolens.evaluation.scored import ScoredImage, Unit, columns


def false_positive_control(
    images: Sequence[ScoredImage], alpha: float, fusion: FusionConfig, rule: DecisionRule
) -> Iterator[FalsePositiveControl]:
    """Realised and nominal rate of images, then of exams whose decision is known.

    Yields nothing for a rule that does not control the rate; the band begins at 0 if the rate is meant to lie below
    alpha.
    """
    if not rule.controls_rate:
        return
    units: list[tuple[Unit, Sequence[ScoredImage]]] = [("image", images), ("exam", exams_with_decision(images, fusion))]
    for unit, members in units:
        for name, group in [*by_site(members), *by_machine(members)]:
            rows = columns(group)
            if count := int((~rows.abnormal).sum()):
                evaluated = evaluated_patients(group)
                patients = sum(part.patients for part in evaluated)
                realised = float(rows.flagged[~rows.abnormal].mean())
                yield FalsePositiveControl(name, unit, patients, count, realised, *rule.rate_band(evaluated, alpha))


def evaluated_patients(units: Sequence[ScoredImage]) -> tuple[EvaluatedPatients, ...]:
    """The normal patients by the number of calibration patients behind the p-value of their first image or exam."""
    first = {unit.patient_id: unit.calibration_patients for unit in reversed(units) if not unit.abnormal}
    return tuple(EvaluatedPatients(count, calibration) for calibration, count in Counter(first.values()).items())
