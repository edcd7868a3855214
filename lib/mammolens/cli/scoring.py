"""Score a data set with models, for the commands that measure them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mammolens.cli.console import progress_bar, say_error

if TYPE_CHECKING:
    from mammolens.datasets.base import Dataset
    from mammolens.errors import InputError
    from mammolens.evaluation.pictures import Picture
    from mammolens.evaluation.results import Evaluation
    from mammolens.evaluation.scored_set import ScoredSet
    from mammolens.inference.predictor import Predictor


def cases_of(dataset: Dataset, split: str) -> Dataset:
    """The cases of a split whose truth is known; with ``all``, of any split.

    Raises:
        DatasetError: there is no such split, or no such case, or all are normal; checked before hours of scoring.
    """
    from mammolens.enums import Split, member
    from mammolens.errors import DatasetError

    chosen = dataset.where(lambda case: case.abnormal is not None)
    if split != "all":
        wanted = member(Split, split)
        if wanted is None:
            raise DatasetError("--split", f"there is no split '{split}'", f"use all or one of {', '.join(Split)}")
        chosen = chosen.in_split(wanted)
        if not chosen.cases:
            raise DatasetError(dataset.name, f"has no case with a known truth in split '{split}'", "use --split all")
    if not any(case.abnormal for case in chosen.cases):
        reason = f"none of its {len(chosen.cases)} cases is known to be abnormal"
        remedy = "add some, or give a --table that says which are; for the share of normals that are flagged, run"
        raise DatasetError(dataset.name, reason, f"{remedy} 'mammolens predict --csv'")
    return chosen


def models_to_compare(
    model: Path | None, against: Sequence[Path], device: str, precision: str = "float32"
) -> dict[Path, Predictor]:
    """The model (by default the shipped one), the shipped ones beside it, and those that are named, each once.

    Raises:
        ConfigError: there is no such device or precision.
        ModelError: a model is missing or damaged.
    """
    from mammolens.inference.predictor import Predictor
    from mammolens.models.devices import choose_device
    from mammolens.models.store import BASELINE, NORMAL_ONLY, PRETRAINED, pretrained_directory

    shipped = [pretrained_directory(name) for name in (PRETRAINED, NORMAL_ONLY, BASELINE)]
    found: dict[str, tuple[Path, Predictor]] = {}
    placed = choose_device(device, precision)
    for directory in (model or shipped[0], *shipped, *against):
        predictor = Predictor.load(directory, device=placed)
        found.setdefault(predictor.model_id, (directory, predictor))
    return dict(found.values())


def overlap_notes(models: Mapping[Path, Predictor], dataset: Dataset, cases: Dataset) -> list[str]:
    """A sentence for each model that was, or may have been, trained on patients that it is measured on.

    Args:
        models: by directory.
        dataset: as a whole, by which training data are recognised.
        cases: of it, that are scored.
    """
    from mammolens.enums import Split
    from mammolens.training.unseen import overlap

    set_aside = {case.patient_id for case in cases.cases if case.split is Split.TEST}
    notes = []
    for directory, predictor in models.items():
        found = overlap(directory, dataset)
        common = found.patients.intersection(cases.patients)
        if common:
            notes.append(
                f"{predictor.model_id} was trained or calibrated on {len(common)} of these {len(cases.patients)} "
                "patients: its figures are optimistic; evaluate it on other patients"
            )
        elif found.doubt and not set_aside.issuperset(cases.patients):
            notes.append(f"{predictor.model_id}: {found.doubt}")
    return notes


def scored(
    models: Sequence[Predictor], cases: Dataset, split: str, pictures: int, overlaps: Sequence[str] = ()
) -> tuple[ScoredSet, list[Picture]]:
    """Score the cases, with a progress bar; the first model is measured. With pictures of its worst mistakes.

    Args:
        models: the first one is measured.
        cases: with known truth.
        split: that they are, for the title.
        pictures: number of mistakes of each kind.
        overlaps: notes on models that were trained on these patients (:func:`overlap_notes`).
    """
    from mammolens.config import EnsembleConfig
    from mammolens.evaluation.decision_rule import DecisionRule
    from mammolens.evaluation.pictures import Gallery
    from mammolens.evaluation.scored_set import ScoredSet
    from mammolens.evaluation.scoring import score_cases

    predictor, others = models[0], {other.model_id: other for other in models[1:]}
    gallery, images = Gallery(pictures), []
    with progress_bar() as bar:
        task = bar.add_task("scoring", total=len(cases.cases))

        def fail(error: InputError) -> None:
            say_error(str(error))
            bar.advance(task)

        for image in score_cases(predictor, cases.cases, against=others, gallery=gallery, on_error=fail):
            images.append(image)
            bar.advance(task)
    notes = [f"Warning: {note}" for note in overlaps]
    notes += [f"Data: {cases.name}; licence: {cases.licence}", cases.citation]
    unknown = [name for name in others if not any(note.startswith(name) for note in overlaps)]
    notes += [f"Compared with {name}; whether it was trained on these patients is unknown" for name in unknown]
    config = predictor.config
    found = ScoredSet(
        tuple(images),
        f"{cases.name}, split {split}",
        predictor.model_id,
        tuple(note for note in notes if note),
        config.calibration.alpha,
        config.scoring.fusion,
        DecisionRule.of(config.calibration),
        config.ensemble if isinstance(config, EnsembleConfig) else None,
    )
    return found, gallery.pictures()


def measured(found: ScoredSet, n_bootstrap: int, seed: int) -> Evaluation:
    """Measure scored images as their model fuses and decides.

    Raises:
        DatasetError: as :func:`mammolens.evaluation.score_evaluation.evaluate_scores`.
    """
    from mammolens.evaluation.score_evaluation import evaluate_scores

    return evaluate_scores(
        found.images,
        alpha=found.alpha,
        n_bootstrap=n_bootstrap,
        seed=seed,
        fusion=found.fusion,
        rule=found.rule,
        ensemble=found.ensemble,
    )
