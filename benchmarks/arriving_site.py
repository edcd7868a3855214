"""Realised rates at an arriving site, by how it calibrates; by hand: ``.venv/bin/python benchmarks/arriving_site.py``.

Scores are drawn, not of images. A model was calibrated on 180 patients of six machines; a machine arrives whose scores
lie elsewhere, spread wider and may have another shape, and 10, 40 or 160 of its normal patients calibrate. Of each
patient there are four images, whose standardised scores are averaged to the exam's. Where both calibrate, shipped
patients count one each as long as the site has fewer than 20, or in p-values a part each at any number (Tibshirani et
al., NeurIPS 2019; Barber et al., Annals of Statistics 2023).
"""

from __future__ import annotations

import argparse
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mammolens.calibration.standardisation import Acquisition, Standardisation, leave_one_out
from mammolens.config import Standardise

ALPHA, SIZES, ARRIVED = 0.10, (10, 40, 160), 2000
SHIPPED, MACHINES, ENOUGH = 180, 6, 20  # the last: calibration.group_patients
BY: Standardise = "acquisition_group_view"
SITES = {
    "elsewhere and wider": (1.5, 1.4, False),
    "the same, skewed": (1.5, 1.4, True),
    "like the machines before": (0.0, 1.0, False),
}
WAYS = (
    "shipped patients only",
    "its own only",
    "both, its own alone from 20 on",
    "both, the shipped weighing 20 together",
    "both, the shipped n0 / (n0 + n) each",
)

Scores = NDArray[np.float64]


class Patients:
    """Raw scores of patients of one machine, ``(n, 4)``: the views CC and MLO of either breast."""

    def __init__(self, raw: Scores, machine: str) -> None:
        self.raw, self.sources = raw, [Acquisition(machine, view) for view in ("CC", "MLO", "CC", "MLO")]

    @classmethod
    def draw(
        cls, rng: np.random.Generator, n: int, machine: str, shift: float, spread: float, skewed: bool
    ) -> Patients:
        def noise(images: int) -> Scores:
            normal = rng.normal(size=(n, images))
            return (-np.log(-np.log(rng.random((n, images)))) - 0.5772) / 1.2825 if skewed else normal

        view = np.array([0.0, 0.5, 0.0, 0.5])
        return cls(shift + spread * 0.7 * (noise(1) + noise(4)) + view, machine)

    def first(self, n: int) -> Patients:
        return Patients(self.raw[:n], str(self.sources[0].acquisition_group))

    def exams(self, by: Standardisation) -> Scores:
        """``(n,)`` exam scores; the standardisation is affine in the raw score."""
        start = np.array([by.score(0.0, source) for source in self.sources])
        slope = np.array([by.score(1.0, source) for source in self.sources]) - start
        return np.asarray((start + slope * self.raw).mean(axis=1))


def columns(groups: list[Patients]) -> tuple[Scores, NDArray[np.int64], list[Acquisition]]:
    raw = np.concatenate([group.raw.ravel() for group in groups])
    sources = [source for group in groups for _ in group.raw for source in group.sources]
    return raw, np.repeat(np.arange(len(raw) // 4), 4), sources


def exams_of_the_last(groups: list[Patients]) -> Scores:
    """Exam scores of the last group's patients, each standardised by everybody else."""
    raw, patients, sources = columns(groups)
    last = groups[-1]
    found = []
    for place in range(len(last.raw)):
        others = patients != patients[-1] - len(last.raw) + 1 + place
        kept = [source for source, other in zip(sources, others, strict=True) if other]
        by = Standardisation.fit(raw[others], patients[others], kept, BY)
        found.append(Patients(last.raw[place : place + 1], str(last.sources[0].acquisition_group)).exams(by)[0])
    return np.array(found)


def rate(new: Scores, site: Scores, shipped: Scores, weight: float) -> float:
    """Share of new patients whose weighted conformal p-value is at most alpha."""
    at_least = [len(scores) - np.searchsorted(np.sort(scores), new) for scores in (site, shipped)]
    p_values = (1 + at_least[0] + weight * at_least[1]) / (1 + len(site) + weight * len(shipped))
    return float((p_values <= ALPHA + 1e-12).mean())


@cache
def shipped_calibration(seed: int) -> tuple[list[Patients], Scores]:
    rng = np.random.default_rng(seed)
    groups = [
        Patients.draw(rng, SHIPPED // MACHINES, f"machine {n}", rng.normal(), np.exp(0.25 * rng.normal()), False)
        for n in range(MACHINES)
    ]
    return groups, leave_one_out(*columns(groups), BY).reshape(-1, 4).mean(axis=1)


def rates(seed: int, shift: float, spread: float, skewed: bool) -> Scores:
    """Of one arriving site, ``(ways, sizes)``."""
    groups, shipped = shipped_calibration(seed)
    rng, nobody = np.random.default_rng((seed, 1)), np.empty(0)
    new, site = (Patients.draw(rng, n, "new", shift, spread, skewed) for n in (ARRIVED, max(SIZES)))
    found = []
    for n in SIZES:
        own = site.first(n)
        alone, both = (Standardisation.fit(*columns(part), BY) for part in ([own], [*groups, own]))
        by_both, exams = new.exams(both), exams_of_the_last([*groups, own])
        own_scale = nobody if n >= ENOUGH else shipped
        found.append(
            [
                rate(new.exams(Standardisation.fit(*columns(groups), BY)), nobody, shipped, 1),
                rate(new.exams(alone), exams_of_the_last([own]), nobody, 1),
                rate(by_both, exams, own_scale, 1),
                rate(by_both, exams, shipped, ENOUGH / SHIPPED),
                rate(by_both, exams, shipped, SHIPPED / (SHIPPED + n)),
            ]
        )
    return np.array(found).T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=40, help="drawn of each kind")
    sites = parser.parse_args().sites
    print(f"Flagged of normal exams at {ALPHA:.0%} promised: mean, standard deviation and highest of {sites} sites\n")
    print("| the site's scores | calibrated on |" + "".join(f" {n} patients |" for n in SIZES))
    print("|---|---|" + "---|" * len(SIZES))
    for kind, (shift, spread, skewed) in SITES.items():
        found = 100 * np.array([rates(seed, shift, spread, skewed) for seed in range(sites)])
        for row, way in enumerate(WAYS):
            cells = [f"{s.mean():.0f} ± {s.std():.0f}, {s.max():.0f} %" for s in found[:, row].T]
            print(f"| {kind} | {way} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
