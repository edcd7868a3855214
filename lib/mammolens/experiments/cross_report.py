"""A cross-fitting measured: the evaluation's report, the figures of each fold, and differences to other runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from mammolens.config import AnyConfig
from mammolens.datasets.base import Dataset
from mammolens.errors import DatasetError
from mammolens.evaluation.bootstrap import Interval, bootstrap_by_patient
from mammolens.evaluation.metrics import auroc, auroc_within, flagged_share
from mammolens.evaluation.report import write_report
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.score_evaluation import evaluate_as_configured
from mammolens.evaluation.scored import ScoredImage, columns
from mammolens.evaluation.scored_set import read_scores
from mammolens.evaluation.texts import interval_text
from mammolens.experiments.cross_fit import CrossFit, ScoredFold
from mammolens.files import write_text

FOLDS = "folds.csv"
_ImageKey = tuple[str, str, str]


def report(
    found: CrossFit,
    config: AnyConfig,
    dataset: Dataset,
    output: Path,
    *,
    against: Sequence[Path] = (),
    n_bootstrap: int = 2000,
    seed: int = 0,
) -> Evaluation:
    """Measure a cross-fitting and write the evaluation's files and ``folds.csv``.

    Args:
        found: by :func:`~mammolens.experiments.cross_fit.cross_fit`.
        config: of the models.
        dataset: whose name, licence and citation the report gives.
        output: the folder.
        against: ``scores.csv`` of other runs on the same images, compared as paired differences.
        n_bootstrap: resamples of patients.
        seed: of the bootstrap.

    Raises:
        DatasetError: another run's scores cannot be read, or are of other images.
    """
    images: Sequence[ScoredImage] = found.images
    for path in against:
        images = with_scores_of(images, path.resolve().parent.name, path)
    evaluation = evaluate_as_configured(images, config, n_bootstrap=n_bootstrap, seed=seed)
    same_model, same_site = pairs_of_one_model(found.folds, n_bootstrap, seed)
    write_report(
        evaluation,
        images,
        output,
        title=f"{dataset.name}, cross-fitting in {len(found.folds)} folds",
        model=f"{config.name}: {', '.join(fold.model_id for fold in found.folds)}",
        notes=[
            f"Each of the {len(found.folds)} models scored its held-out normal patients and all abnormal images; "
            "scores of an abnormal image are averaged, and the median p-value is taken.",
            "Other images of patients with an abnormal image are not scored: their exams consist of the abnormal "
            "images alone, undiluted by a healthy breast, so exam figures are optimistic.",
            f"Pairs scored by the same model: image AUROC {interval_text(same_model)}; of these, pairs of the same "
            f"site: {interval_text(same_site)}.",
            f"Data: {dataset.name}; licence: {dataset.licence}",
            *([dataset.citation] if dataset.citation else []),
        ],
    )
    write_text(output / FOLDS, folds_csv(found.folds))
    return evaluation


def with_scores_of(images: Sequence[ScoredImage], name: str, scores: Path) -> list[ScoredImage]:
    """The images with another run's score beside their own, where the other run has one.

    Images are identified by patient, exam and file name, so that the data may have moved in between.

    Raises:
        DatasetError: the file cannot be read, or has none of the images.
    """
    other: Mapping[_ImageKey, float] = {_key(image): image.pred_score for image in read_scores(scores)}
    matched = [
        replace(image, other_scores={**image.other_scores, name: other[_key(image)]}) if _key(image) in other else image
        for image in images
    ]
    if not any(_key(image) in other for image in images):
        raise DatasetError(
            scores, "contains only scores of other images", "give scores.csv of a run on the same data set"
        )
    return matched


def pairs_of_one_model(folds: Sequence[ScoredFold], n_bootstrap: int, seed: int) -> tuple[Interval, Interval]:
    """AUROC over pairs that the same model scored, and over those of them that are of the same site.

    Nothing is averaged over models here, and scores of two models are never compared.
    """
    rows = columns([image for fold in folds for image in fold.images])
    models = np.repeat([str(fold.number) for fold in folds], [len(fold.images) for fold in folds])
    groups = (models, np.array([f"{model} {site}" for model, site in zip(models, rows.sites, strict=True)]))
    first, second = (
        bootstrap_by_patient(
            rows.patients, rows.abnormal, partial(auroc_within, rows.abnormal, rows.scores, group),
            n=n_bootstrap, seed=seed,
        )
        for group in groups
    )  # fmt: skip
    return first, second


def folds_csv(folds: Sequence[ScoredFold]) -> str:
    """One line per fold: model, patients scored, AUROC and false-positive rate, without intervals."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["fold", "model", "normal_patients", "normal_images", "abnormal_images", "auroc", "false_positives"])
    table.writerows(_fold_row(fold) for fold in folds)
    return text.getvalue()


def _fold_row(fold: ScoredFold) -> Iterator[object]:
    rows = columns(fold.images)
    normal = ~rows.abnormal
    yield from (fold.number, fold.model_id, len(np.unique(rows.patients[normal])), normal.sum(), rows.abnormal.sum())
    yield from (f"{float(auroc(rows.abnormal, rows.scores)):.4f}", f"{float(flagged_share(rows.flagged, normal)):.4f}")


def _key(image: ScoredImage) -> _ImageKey:
    return image.patient_id, image.exam_id, image.path.name
