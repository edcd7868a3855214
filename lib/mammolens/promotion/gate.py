"""The gate: a candidate replaces the model in use only if it is shown not to be worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case
from mammolens.errors import InputError
from mammolens.inference.batch import OnError
from mammolens.inference.predictor import Predictor
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device
from mammolens.models.directory import WEIGHTS
from mammolens.promotion.calibration_checks import check_held_out, check_rate, check_uniformity
from mammolens.promotion.findings_check import check_findings
from mammolens.promotion.gate_result import CheckResult, GateResult
from mammolens.promotion.paired_scores import ModelPair, PairedScores, score_pair
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.sentinel_check import check_sentinels
from mammolens.promotion.synthetic_lesion_checks import check_synthetic_lesions, same_weights

Progress = Callable[[int, int], None]  # images done, of all


def run_gate(
    serving: Path,
    candidate: Path,
    normals: Sequence[Case],
    *,
    findings: Sequence[Case] = (),
    sentinels: Sequence[Case] = (),
    policy: PromotionPolicy | None = None,
    on_error: OnError = lambda error: None,
    progress: Progress = lambda done, total: None,
    device: str | Device = AUTO,
) -> GateResult:
    """Compare a candidate with the model in use; changes nothing.

    If the candidate only recalibrates the weights in use, its maps and raw scores are the same; lesions and findings
    are then not compared.

    All checks run even if one has failed, so that the reasons are complete.

    Args:
        serving: model directory.
        candidate: model directory.
        normals: normal images of patients on whom neither model was trained or calibrated
            (:func:`mammolens.promotion.holdout.hold_out`).
        findings: images with marked lesions, if there are any.
        sentinels: exams with known truth that must not be misclassified, if the site has any.
        policy: margins; the defaults if none is given.
        on_error: called with the error of each image that cannot be used; it is left out for both models.
        progress: called for every image.
        device: to score on.

    Raises:
        ModelError: one of the models cannot be loaded.
    """
    policy = policy or PromotionPolicy()
    models = ModelPair(Predictor.load(serving, device=device), Predictor.load(candidate, device=device))
    same = _see_the_same(serving, candidate, models)
    findings = () if same else findings
    left_out: set[str] = set()
    done, total = 0, _images(normals, findings, sentinels)

    def fail(error: InputError) -> None:
        left_out.add(error.source)
        on_error(error)

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    scores = score_pair(models, normals, policy, fail, step, insert_lesions=not same)
    checks = [
        *_of_normals(models, scores, policy, same=same),
        check_findings(models, findings, policy, fail, step),
        check_sentinels(models, sentinels, policy, fail, step),
    ]
    return GateResult(
        serving=models.serving.model_id,
        candidate=models.candidate.model_id,
        checks=tuple(check for check in checks if check is not None),
        images_left_out=len(left_out),
        policy=policy,
    )


def _of_normals(models: ModelPair, scores: PairedScores, policy: PromotionPolicy, *, same: bool) -> list[CheckResult]:
    serving, candidate = scores.exams
    enough = check_held_out(len(candidate.flagged), policy)
    if not len(candidate.flagged):
        return [enough]
    return [
        enough,
        check_rate(serving, candidate, models.candidate.calibration, policy),
        check_uniformity(serving, candidate, policy),
        *([same_weights()] if same else check_synthetic_lesions(scores, policy)),
    ]


def _see_the_same(serving: Path, candidate: Path, models: ModelPair) -> bool:
    """Whether both make the same map and the same raw score of every image."""
    old, new = (one.config for one in models)
    # A calcification branch is added in units of the calibration.
    if any(one.calibration.calcifications is not None for one in models):
        return False
    # An ensemble fuses scores that its members' calibrations standardise: recalibrated, it may rank images differently.
    if not (isinstance(old, ModelConfig) and isinstance(new, ModelConfig)):
        return False
    same = (old.preprocessing, old.network, old.scoring) == (new.preprocessing, new.network, new.scoring)
    return same and (serving / WEIGHTS).read_bytes() == (candidate / WEIGHTS).read_bytes()


def _images(normals: Sequence[Case], findings: Sequence[Case], sentinels: Sequence[Case]) -> int:
    marked = sum(bool(case.lesions) for case in findings)
    return len(normals) + marked + 2 * sum(case.abnormal is not None for case in sentinels)
