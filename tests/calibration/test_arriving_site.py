"""What calibrating anew on a site's own normal patients is worth, where its scores lie elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalBreast, NormalExam, NormalImage
from mammolens.calibration.standardisation import Acquisition, leave_one_out
from mammolens.config import CalibrationConfig
from mammolens.enums import Laterality

CONFIG = CalibrationConfig(alpha=0.1)
VIEWS = ("CC", "MLO", "CC", "MLO")
SITES = 8


def raw_scores(rng: np.random.Generator, patients: int, *, arriving: bool) -> np.ndarray:
    """``(patients, 4)``; the arriving site's lie elsewhere, are skewed and spread wider."""
    if not arriving:
        return rng.normal(size=(patients, 1)) + rng.normal(size=(patients, 4))
    return 3 + 1.5 * (rng.gumbel(size=(patients, 1)) + rng.gumbel(size=(patients, 4)))


def calibrated_on(raw: np.ndarray, machine: str) -> Calibration:
    """As a calibration makes it: every score standardised by all other patients."""
    patients = np.repeat(np.arange(len(raw)), 4)
    sources = [Acquisition(machine, view) for _ in raw for view in VIEWS]
    scores = leave_one_out(raw.ravel(), patients, sources, CONFIG.standardise)
    images = [
        NormalImage(
            patient=patient,
            view=source.view,
            acquisition_group=machine,
            raw_score=raw_score,
            pred_score=score,
            map_peak=0.5,
        )
        for patient, source, raw_score, score in zip(patients, sources, raw.ravel(), scores, strict=True)
    ]
    exams = [
        NormalExam(
            patient=patient,
            acquisition_group=machine,
            exam_score=np.mean(own),
            asymmetry=None,
            breasts=[
                NormalBreast(laterality=Laterality.LEFT, pred_scores=own[:2]),
                NormalBreast(laterality=Laterality.RIGHT, pred_scores=own[2:]),
            ],
        )
        for patient, own in enumerate(scores.reshape(-1, 4))
    ]
    return Calibration(tuple(images), tuple(exams), CONFIG)


def flagged_share(calibration: Calibration, raw: np.ndarray, machine: str) -> float:
    by = calibration.standardisation
    exams = [
        np.mean([by.score(score, Acquisition(machine, view)) for score, view in zip(own, VIEWS, strict=True)])
        for own in raw
    ]
    return float(np.mean([calibration.exam_p_value(exam, machine, (2, 2)) <= CONFIG.alpha for exam in exams]))


def test_the_calibration_of_others_does_not_keep_its_promise_there():
    rng = np.random.default_rng(0)
    shipped = calibrated_on(raw_scores(rng, 60, arriving=False), "known")
    assert flagged_share(shipped, raw_scores(rng, 300, arriving=True), "new") > 0.5


@pytest.mark.parametrize("patients", [10, 40, 80])
def test_the_sites_own_patients_alone_keep_it_however_few(patients):
    rates = []
    for site in range(SITES):
        rng = np.random.default_rng((patients, site))
        calibration = calibrated_on(raw_scores(rng, patients, arriving=True), "new")
        rates.append(flagged_share(calibration, raw_scores(rng, 300, arriving=True), "new"))
    assert 0.5 * CONFIG.alpha <= np.mean(rates) <= CONFIG.alpha + 2 * np.std(rates) / np.sqrt(SITES)
    assert max(rates) <= 2.5 * CONFIG.alpha
