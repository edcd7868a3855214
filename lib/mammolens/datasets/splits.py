"""The random draw of patients for splits, folds, ensemble members and the holdout.

It is reproducible and independent of the order of the cases; splits and folds are balanced within each site.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from mammolens.datasets.base import Case
from mammolens.enums import Split
from mammolens.errors import DatasetError

_SOURCE = "split by patient"
_DRAWS: Final = 2**256  # of SHA-256


def draw(patient: str, seed: int | None = None) -> int:
    """A uniform number in [0, 2**256) that depends only on the patient's ID and the seed.

    Never change it: with another draw, a new model would be tested on patients that an earlier one was trained on.
    """
    text = patient if seed is None else f"{seed} {patient}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def draw_share(patient: str, seed: int) -> float:
    """The same as a uniform number in [0, 1]."""
    return draw(patient, seed) / _DRAWS


def split_by_patient(
    cases: Iterable[Case], fractions: Mapping[Split, float], seed: int
) -> dict[Split, tuple[Case, ...]]:
    """Assign every patient, with all images, to exactly one of the splits.

    Patients are ordered by site and, within it, by :func:`draw`; each goes to the split that
    lags most behind its fraction. Each site is therefore split in the same proportions, within one patient per split.

    Args:
        cases: in any order; it does not change the result. Their own ``split`` is ignored.
        fractions: of the patients, each above 0, together 1.
        seed: another seed gives another split.

    Returns:
        For each split its cases, ordered by patient and path, with ``split`` set to it.

    Raises:
        DatasetError: the fractions are invalid, or there are fewer patients than splits.
    """
    _check(fractions)
    images: dict[str, list[Case]] = {}
    for case in sorted(cases, key=lambda case: (case.patient_id, str(case.path))):
        images.setdefault(case.patient_id, []).append(case)
    if len(images) < len(fractions):
        reason = f"{len(images)} patients cannot fill {len(fractions)} splits"
        raise DatasetError(_SOURCE, reason, "give images of more patients")
    part = _share_out(_in_drawn_order(images, seed), fractions)
    return {
        split: tuple(
            replace(case, split=split) for patient in images if part[patient] is split for case in images[patient]
        )
        for split in fractions
    }


def assign_folds(cases: Iterable[Case], folds: int, seed: int) -> dict[str, int]:
    """The fold, from 1, of each patient: as cards are dealt, from the patients of one site and machine to the next.

    So each site and each machine is shared out within one patient a fold, as far as the data set names them; within
    them the order is that of :func:`draw`, and the order of the cases plays no part.
    """
    strata: dict[str, tuple[str, str]] = {}
    for case in cases:
        stratum = (case.site or "", case.attributes.machine_id or "")
        strata[case.patient_id] = min(stratum, strata.get(case.patient_id, stratum))
    order = sorted(strata, key=lambda patient: (*strata[patient], draw(patient, seed)))
    return {patient: place % folds + 1 for place, patient in enumerate(order)}


def fold_of(patient: str, folds: int) -> int:
    """The patient's fold, a number below ``folds``; it does not depend on other patients."""
    return draw(patient) % folds


def _check(fractions: Mapping[Split, float]) -> None:
    if not fractions or any(not fraction > 0 for fraction in fractions.values()):
        raise DatasetError(_SOURCE, "every split needs a fraction above 0", "leave out the splits that you don't want")
    if not math.isclose(sum(fractions.values()), 1.0, abs_tol=1e-6):
        reason = f"the fractions add up to {sum(fractions.values()):g}"
        raise DatasetError(_SOURCE, reason, "make them add up to 1")


def _in_drawn_order(images: Mapping[str, list[Case]], seed: int) -> list[str]:
    def place(patient: str) -> tuple[str, int]:
        site = min(case.site or "" for case in images[patient])
        return site, draw(patient, seed)

    return sorted(images, key=place)


def _share_out(patients: list[str], fractions: Mapping[Split, float]) -> dict[str, Split]:
    counts = dict.fromkeys(fractions, 0)
    part: dict[str, Split] = {}
    for seen, patient in enumerate(patients, start=1):
        split = max(counts, key=lambda split: (fractions[split] * seen - counts[split], split))
        part[patient] = split
        counts[split] += 1
    for empty in [split for split, count in counts.items() if count == 0]:
        rich = max(counts, key=lambda split: (counts[split], split))
        last = next(patient for patient in reversed(patients) if part[patient] is rich)
        part[last] = empty
        counts[rich], counts[empty] = counts[rich] - 1, 1
    return part
