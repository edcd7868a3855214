"""Cross-fitting: one model per fold of clean-negative patients; no patient is scored by a model trained on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.datasets.splits import assign_folds
from mammolens.errors import ConfigError, DatasetError, ModelError
from mammolens.evaluation.records import scores_csv
from mammolens.evaluation.scored import ScoredImage
from mammolens.evaluation.scored_set import read_scores
from mammolens.evaluation.scoring import score_cases
from mammolens.experiments.fold_scores import combined
from mammolens.experiments.folds import Fold, cross_folds
from mammolens.files import write_text
from mammolens.inference.batch import OnError
from mammolens.inference.predictor import Predictor
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device
from mammolens.models.directory import load_model, model_id_of
from mammolens.training.ensemble import EnsemblePlan, train_plan
from mammolens.training.progress import Observer, ignore_progress
from mammolens.training.unseen import may_have_learned_from

PLAN, MODEL, SCORES = "cross-fit.json", "model", "scores.csv"
OnScored = Callable[[int, int], None]  # images done and images altogether, of the fold that is being scored


@dataclass(frozen=True, slots=True)
class ScoredFold:
    """The scores of one model for the patients that it was not trained on; ``model_id`` is the model's."""

    number: int
    model_id: str
    images: tuple[ScoredImage, ...]


@dataclass(frozen=True, slots=True)
class CrossFit:
    """All folds, and one scored image a file (:mod:`mammolens.experiments.fold_scores`)."""

    folds: tuple[ScoredFold, ...]
    images: tuple[ScoredImage, ...]


def cross_fit(
    config: ModelConfig | EnsemblePlan,
    dataset: Dataset,
    output: Path,
    *,
    exposure: Dataset | None = None,
    start_from: Path | None = None,
    folds: int = 5,
    seed: int = 0,
    resume: bool = False,
    progress: Observer = ignore_progress,
    on_fold: Callable[[int], None] = lambda _: None,
    on_scored: OnScored = lambda _, __: None,
    on_error: OnError = lambda _: None,
    device: str | Device = AUTO,
) -> CrossFit:
    """Train a model a fold on the other folds' normal patients; let it score its own and all abnormal images.

    Calibration patients are drawn from the learning ones. A fold ends as ``fold-N/model`` and ``fold-N/scores.csv``;
    a run that was stopped goes on at the epoch or the fold where it was.

    Args:
        config: of the models.
        dataset: with normal and abnormal images; its splits are ignored.
        output: the folder, made if missing.
        exposure: known abnormal images with outlined lesions that every model learns from, where the configuration
            says so; of other patients than ``dataset``.
        start_from: model directory whose weights every training begins with; it learned from none of ``dataset``.
        folds: how many.
        seed: of the assignment to folds; the configuration's own seed is every model's.
        resume: go on with the folds that are there.
        progress: called at every step of every training.
        on_fold: called with each fold's number before it begins.
        on_scored: called with each scored image.
        on_error: called with the error of each image that cannot be used; the others go on.
        device: to train and to score on.

    Raises:
        ConfigError: the configuration learns from known abnormal images, and those of ``dataset`` are scored here; or a
            member of an ensemble is trained already, perhaps on patients who are.
        DatasetError: too few patients, no abnormal image, an image of both data sets, or the output holds another
            cross-fitting.
        ModelError: ``start_from`` learned from ``dataset``, or is not of the configuration's network.
    """
    _refuse_trained_members(config)
    if _learns_from_lesions(config) and exposure is None:
        reason = "the models would score cancers they were trained on"
        raise ConfigError("training.exposure_share", reason, "give lesions of other patients as --exposure")
    _refuse_shared(dataset, exposure)
    origin = None if start_from is None else _unseen_start(start_from, dataset)
    plan = cross_folds(dataset, folds, seed)
    _claim(output, _fingerprint(config, plan, exposure, origin), resume)
    done = []
    for fold in plan:
        on_fold(fold.number)
        folder = output / f"fold-{fold.number}"
        done.append(_fold(config, fold, exposure, start_from, folder, resume, progress, on_scored, on_error, device))
    abnormal = [case for case in plan[0].scored if case.abnormal]
    images = combined({fold.number: fold.images for fold in done}, assign_folds(abnormal, folds, seed))
    return CrossFit(tuple(done), tuple(images))


def _fold(
    config: ModelConfig | EnsemblePlan,
    fold: Fold,
    exposure: Dataset | None,
    start_from: Path | None,
    folder: Path,
    resume: bool,
    progress: Observer,
    on_scored: OnScored,
    on_error: OnError,
    device: str | Device,
) -> ScoredFold:
    model, scores = folder / MODEL, folder / SCORES
    if not model.exists():
        train_plan(
            config,
            fold.training,
            model,
            exposure=exposure,
            start_from=start_from,
            progress=progress,
            resume=resume,
            device=device,
        )
    if not scores.exists():
        images = []
        for image in score_cases(Predictor.load(model, device=device), fold.scored, on_error=on_error):
            images.append(image)
            on_scored(len(images), len(fold.scored))
        write_text(scores, scores_csv(images))
    return ScoredFold(fold.number, model_id_of(model), tuple(read_scores(scores)))


def _claim(output: Path, fingerprint: str, resume: bool) -> None:
    """Make the folder this run's own."""
    plan = output / PLAN
    if plan.exists():
        if not resume:
            raise DatasetError(plan, "contains an earlier cross-fitting", "add --resume, or give another output")
        if json.loads(plan.read_text(encoding="utf-8")).get("fingerprint") != fingerprint:
            reason = "is of another configuration, starting model, other data, folds or seed"
            raise DatasetError(plan, reason, "give another output")
    write_text(plan, json.dumps({"fingerprint": fingerprint}))


def _refuse_shared(dataset: Dataset, exposure: Dataset | None) -> None:
    if exposure is not None and (shared := {case.path for case in dataset.cases} & {c.path for c in exposure.cases}):
        reason = f"{len(shared)} of its images are in {dataset.name}, too, whose cancers are scored"
        raise DatasetError(exposure.name, reason, "give lesions of other patients")


def _unseen_start(directory: Path, dataset: Dataset) -> str:
    """Its id, if it did not learn from the data set."""
    model = load_model(directory)
    if may_have_learned_from(model, dataset):
        reason = f"was trained on {dataset.name}, whose patients are scored here"
        raise ModelError(directory, reason, "start from a model not trained on them, or omit --start-from")
    return model.model_id


def _learns_from_lesions(config: ModelConfig | EnsemblePlan) -> bool:
    if isinstance(config, EnsemblePlan):
        return config.learns_from_lesions
    return bool(config.training.exposure_share)


def _refuse_trained_members(config: ModelConfig | EnsemblePlan) -> None:
    if isinstance(config, EnsemblePlan) and config.trained_elsewhere:
        reason = f"{', '.join(config.trained_elsewhere)} may have been trained on patients that are scored here"
        raise ConfigError("ensemble.members", reason, "give their configurations, so that each fold trains its own")


def _fingerprint(
    config: ModelConfig | EnsemblePlan, plan: Sequence[Fold], exposure: Dataset | None, origin: str | None
) -> str:
    described = config.fingerprint() if isinstance(config, EnsemblePlan) else config.model_dump_json()
    digest = hashlib.sha256(f"{described}|{origin}".encode())
    listed = [(fold.number, (*fold.training.cases, *fold.scored)) for fold in plan]
    for name, cases in (*listed, ("exposure", exposure.cases if exposure else ())):
        digest.update(f"|{name}".encode())
        for case in cases:
            digest.update(f"{case.patient_id}/{case.path.name};".encode())
    return digest.hexdigest()
