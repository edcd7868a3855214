"""``mammolens evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens.cli.console import one_line_errors, progress_bar, say, say_error
from mammolens.cli.figures import print_figures
from mammolens.cli.options import Kind, Model, Table

if TYPE_CHECKING:
    from mammolens.datasets.base import Dataset
    from mammolens.errors import InputError
    from mammolens.evaluation.pictures import Picture
    from mammolens.evaluation.reading import ScoredSet
    from mammolens.inference.predictor import Predictor


_NEEDS_IMAGES = ("data", "model", "against", "kind", "table", "split", "pictures", "record")


def evaluate(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", "-d", help="Folder of a data set; its kind is told by its layout.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for pages, figures and scores.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help="The HTML page; without --output the rest goes into a folder of that name.",
            show_default=False,
        ),
    ] = None,
    model: Model = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", help="Another model directory to compare with; may be given several times."),
    ] = None,
    kind: Kind = None,
    table: Table = None,
    split: Annotated[
        str, typer.Option("--split", help="Which split to score; 'all' for every case with a truth.")
    ] = "test",
    n_bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=1, help="Resamples of patients for the intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
    pictures: Annotated[
        int, typer.Option("--pictures", min=0, help="How many false positives, and misses, the HTML page shows.")
    ] = 6,
    record: Annotated[
        bool, typer.Option("--record", help="Also write the figures into the model's directory and card.")
    ] = False,
    from_scores: Annotated[
        Path | None,
        typer.Option("--from-scores", help="Measure an earlier scores.csv again, without a model or its images."),
    ] = None,
) -> None:
    """Measure a model on patients that it never saw.

    AUROC, AUPRC, sensitivity at 90 and 95 % specificity, triage, the false-positive rate that the decision
    really has, and where lesions are marked how well the heat lies on them: each with a 95 % interval from a
    bootstrap over patients, overall, within each site and in subgroups, beside baselines and other models.

    Example: mammolens evaluate -d /data/rsna640 --report runs/evaluation.html
    """
    with one_line_errors():
        from mammolens.evaluation.evaluate import evaluate as measure
        from mammolens.evaluation.report import write_report
        from mammolens.evaluation.texts import rows

        folder = _folder(output, report)
        shown: list[Picture] = []
        if from_scores is not None:
            _refuse_options_of_scoring(context)
            from mammolens.evaluation.reading import read_scored_set

            found = read_scored_set(from_scores)
        elif data is not None:
            from mammolens.datasets.registry import open_dataset

            models = _models(model, against or [])
            cases = _cases(open_dataset(data, kind, table), split)
            found, shown = _score(models, cases, split, pictures)
        else:
            raise typer.BadParameter("give --data FOLDER or --from-scores FILE")
        evaluation = measure(
            found.images, alpha=found.alpha, n_bootstrap=n_bootstrap, seed=seed, fusion=found.fusion, rule=found.rule
        )
        about = {"title": found.title, "model": found.model}
        written = write_report(
            evaluation, found.images, folder, notes=found.notes, pictures=shown, report=report, **about
        )
        print_figures(rows(evaluation))
        say(f"wrote {written[0]}")
        if record:
            from mammolens.evaluation.model_card import record_in_model
            from mammolens.models.store import pretrained_directory

            directory = model or pretrained_directory()
            record_in_model(evaluation, directory, **about)
            say(f"recorded in {directory}")


def _refuse_options_of_scoring(context: typer.Context) -> None:
    """Without a model and images there is nothing that these options could change."""
    sources = {name: context.get_parameter_source(name) for name in _NEEDS_IMAGES}
    # By name: which click the enum is of depends on typer's version, of which later ones bring their own.
    if given := [name for name, source in sources.items() if source is not None and source.name != "DEFAULT"]:
        options = ", ".join(f"--{name}" for name in given)
        raise typer.BadParameter(f"--from-scores measures what stands in the file; leave out {options}")


def _folder(output: Path | None, report: Path | None) -> Path:
    """Where everything but the HTML page goes."""
    if output is not None:
        return output
    if report is None or not report.suffix:
        raise typer.BadParameter("give --output FOLDER or --report NAME.html")
    return report.with_suffix("")


def _cases(dataset: Dataset, split: str) -> Dataset:
    from mammolens.enums import Split, member
    from mammolens.errors import DatasetError

    known = dataset.where(lambda case: case.abnormal is not None)
    if split == "all":
        return known
    wanted = member(Split, split)
    if wanted is None:
        raise DatasetError("--split", f"there is no split '{split}'", f"use all or one of {', '.join(Split)}")
    chosen = known.in_split(wanted)
    if not chosen.cases:
        raise DatasetError(dataset.name, f"has no case with a truth in split '{split}'", "try --split all")
    return chosen


def _models(model: Path | None, against: Sequence[Path]) -> list[Predictor]:
    """The model, the shipped detector, the original method, and those that are named, each once."""
    from mammolens.inference.predictor import Predictor
    from mammolens.models.store import BASELINE, pretrained_directory

    shipped, original = pretrained_directory(), pretrained_directory(BASELINE)
    loaded = [Predictor.load(directory) for directory in (model or shipped, shipped, original, *against)]
    return list({predictor.model_id: predictor for predictor in loaded}.values())


def _score(models: Sequence[Predictor], cases: Dataset, split: str, pictures: int) -> tuple[ScoredSet, list[Picture]]:
    """Score the cases with a progress bar, with the first model beside the others."""
    from mammolens.evaluation.decision_rule import DecisionRule
    from mammolens.evaluation.pictures import Gallery
    from mammolens.evaluation.reading import ScoredSet
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
    notes = [f"Data: {cases.name}; licence: {cases.licence}", cases.citation]
    notes += [f"Compared with {name}; whether it learned from these patients is not known here" for name in others]
    config = predictor.config
    found = ScoredSet(
        tuple(images),
        f"{cases.name}, split {split}",
        predictor.model_id,
        tuple(note for note in notes if note),
        config.calibration.alpha,
        config.scoring.fusion,
        DecisionRule.of(config.calibration),
    )
    return found, gallery.pictures()
