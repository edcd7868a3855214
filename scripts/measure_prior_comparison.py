"""Measure on phantoms how well places of two exams correspond, and whether a growing lesion is reported as new.

    python scripts/measure_prior_comparison.py [PATIENTS]

Figures are in docs/findings.md. Phantoms only: no patient's images are read, nothing is chosen by the result.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import mammolens
from mammolens import Predictor, read_mammogram
from mammolens.datasets.phantom import PhantomExam, PhantomView, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion
from mammolens.enums import Laterality
from mammolens.inference.prior_comparison import Evidence, corresponding_place, evidence_then_and_now

MODEL = Path(mammolens.__file__).parent / "models" / "pretrained" / "restorer"
GRID = {"rows": 512, "columns": 416, "spacing": (0.5, 0.5)}
PIXEL = 0.5
FIRST_SEED, PLACES = 500, 50


def errors_of(
    first: PhantomView, now: PhantomView, pair: tuple[Evidence, Evidence], generator: np.random.Generator
) -> list[float]:
    """Distances in mm of the mapped place from the true one, at places of the current breast."""
    current, prior = pair
    breast = first.breast_mask if first.laterality is Laterality.LEFT else first.breast_mask[:, ::-1]
    chosen = generator.choice(np.argwhere(breast), PLACES)
    found = []
    for pixel, (row, column) in zip(chosen, now.position.moved((chosen + 0.5) * PIXEL), strict=True):
        small = [length / size - 0.5 for length, size in zip((row, column), current.pixel_size, strict=True)]
        place = corresponding_place((small[0], small[1]), current, prior)
        if place is not None:
            there = [(at + 0.5) * size for at, size in zip(place, prior.pixel_size, strict=True)]
            found.append(float(np.hypot(*(np.array(there) - (pixel + 0.5) * PIXEL))))
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patients", nargs="?", type=int, default=10)
    patients = parser.parse_args().patients
    predictor, generator = Predictor.load(MODEL), np.random.default_rng(0)
    errors: dict[str, list[float]] = {"CC": [], "MLO": []}
    places = dict.fromkeys(errors, 0)
    told: dict[str, list[tuple[float, float] | None]] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + patients):
        for series, before in {
            "new lesion": [],
            "lesion that was half as large": [PhantomLesion(diameter=8.0)],
        }.items():
            exams = [
                make_phantom_exam(seed, lesions=before, **GRID),
                make_phantom_exam(seed, lesions=[PhantomLesion(diameter=16.0, contrast=0.35)], visit=1, **GRID),
            ]
            then, now = (evidence_of(exam, predictor) for exam in exams)
            for number, view in enumerate(exams[1].views):
                prior, (current, peaks) = then[number][0], now[number]
                if not before:
                    errors[view.view] += errors_of(exams[0].views[number], view, (current, prior), generator)
                    places[view.view] += PLACES
                for column, row in peaks:
                    kind = series if view.lesion_mask[row, column] else "normal tissue of both exams"
                    told.setdefault(kind, []).append(evidence_then_and_now(column, row, current, prior))
    for name, values in errors.items():
        shares = np.percentile(values, (50, 90, 100))
        print(f"{name}: {len(values)} of {places[name]} places mapped; error in mm: median {shares[0]:.1f}, "
              f"90 % {shares[1]:.1f}, largest {shares[2]:.1f}")  # fmt: skip
    for name, found in told.items():
        compared = [one for one in found if one is not None]
        new = sum(then < 1 for then, _ in compared)
        change = np.median([now - then for then, now in compared]) if compared else float("nan")
        print(f"{name}: {len(found)} findings, {new} new, {len(compared) - new} seen before, "
              f"{len(found) - len(compared)} not comparable; median change {change:+.1f}")  # fmt: skip


def evidence_of(exam: PhantomExam, predictor: Predictor) -> list[tuple[Evidence, list[tuple[int, int]]]]:
    """The evidence of each view, and the peaks (column, row) of its findings."""
    with TemporaryDirectory() as folder:
        results = predictor.predict_exam([read_mammogram(file) for file in write_phantom_exam(exam, folder)])
    found = []
    for result in results:
        start = predictor.calibration.levels(result.header.acquisition_group)[predictor.config.findings.level]
        evidence = Evidence.of(result, start)
        assert evidence is not None
        found.append((evidence, [finding.peak_location for finding in result.record.findings]))
    return found


if __name__ == "__main__":
    main()
