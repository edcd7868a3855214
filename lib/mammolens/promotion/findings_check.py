"""Does the strongest spot lie on marked findings as often as with the model in use?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mammolens.datasets.base import Case
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError
from mammolens.evaluation.bootstrap import PatientBootstrap
from mammolens.evaluation.evaluation_grid import EvaluationGrid
from mammolens.evaluation.localisation import localise
from mammolens.evaluation.metrics import Weights
from mammolens.evaluation.scored import Floats
from mammolens.inference.batch import OnError
from mammolens.inference.predictor import Predictor
from mammolens.promotion.gate_result import CheckName, CheckResult, CheckStatus
from mammolens.promotion.non_inferiority import compared
from mammolens.promotion.paired_scores import ModelPair
from mammolens.promotion.policy import PromotionPolicy
from mammolens.types import Mammogram


def check_findings(
    models: ModelPair, cases: Sequence[Case], policy: PromotionPolicy, on_error: OnError, on_done: Callable[[], None]
) -> CheckResult | None:
    """Compare hits of the strongest spot on marked regions; ``None`` if no image is marked.

    Args:
        models: serving and candidate.
        cases: those without a lesion are passed over.
        policy: margin, fewest patients, level.
        on_error: called with the error of each image that cannot be used; it is left out for both.
        on_done: called after each marked image.
    """
    patients: list[str] = []
    hits: list[list[bool]] = []
    for case in cases:
        if case.lesions:
            try:
                mammogram = read_mammogram(case.path, case.attributes)
                grid = EvaluationGrid.of(mammogram, case.lesions)
                hits.append([_hit(model, mammogram, grid) for model in models])
                patients.append(case.patient_id)
            except InputError as error:
                on_error(error)
            on_done()
    if not hits:
        return None
    table = np.array(hits, dtype=np.float64)
    names = np.array(patients, dtype=np.str_)
    bootstrap = PatientBootstrap.of(names, np.ones(len(names), dtype=np.bool_), policy.resamples, policy.synthetic_seed)
    lost = table[:, 0] - table[:, 1]
    found = bootstrap.interval(lambda weights: _mean(lost, weights), policy.level)
    rates = table.mean(axis=0)
    what = f"strongest spot on a marked finding in {rates[1]:.0%} of {len(names)} images, model in use {rates[0]:.0%}"
    check = compared(CheckName.FINDINGS, found, policy.findings_margin, what)
    if found.n_patients >= policy.min_findings:
        return check
    sentence = f"{what}; not tested: {found.n_patients} patients, {policy.min_findings} needed"
    return check.model_copy(update={"outcome": CheckStatus.NOT_TESTED, "sentence": sentence})


def _hit(model: Predictor, mammogram: Mammogram, grid: EvaluationGrid) -> bool:
    placed = grid.resampled(model.predict(mammogram).anomaly_map)
    return localise(placed, grid.breast, grid.inner, grid.lesions).hit


def _mean(values: Floats, weights: Weights) -> Floats:
    return np.asarray((weights * values).sum(axis=-1) / weights.sum(axis=-1))
