"""``mammolens evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens.cli.console import one_line_errors, say, say_warning
from mammolens.cli.figures import print_figures
from mammolens.cli.options import DATA_HELP, Device, Kind, Model, Precision, Table
from mammolens.cli.scoring import cases_of, measured, models_to_compare, overlap_notes, scored

if TYPE_CHECKING:
    from mammolens.evaluation.pictures import Picture

_NEEDS_IMAGES = ("data", "model", "against", "kind", "table", "split", "pictures", "record")


def evaluate(
    context: typer.Context,
    data: Annotated[list[Path] | None, typer.Option("--data", "-d", help=DATA_HELP, show_default=False)] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for reports, figures and scores.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            help="HTML report; without --output, the other files go into a folder of that name.",
            show_default=False,
        ),
    ] = None,
    model: Model = None,
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", help="Another model directory to compare with; repeatable."),
    ] = None,
    device: Device = "auto",
    precision: Precision = "float32",
    kind: Kind = None,
    table: Table = None,
    split: Annotated[
        str, typer.Option("--split", help="Split to score; 'all' for every case with a known truth.")
    ] = "test",
    n_bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=1, help="Resamples of patients for the intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap.")] = 0,
    pictures: Annotated[
        int, typer.Option("--pictures", min=0, help="Number of false positives and of misses in the HTML report.")
    ] = 6,
    record: Annotated[
        bool, typer.Option("--record", help="Also write the metrics to the model directory and model card.")
    ] = False,
    from_scores: Annotated[
        Path | None,
        typer.Option("--from-scores", help="Evaluate an earlier scores.csv again, without model or images."),
    ] = None,
) -> None:
    """Evaluate a model on unseen patients.

    Reports AUROC, AUPRC, sensitivity at 90 and 95 % specificity, triage, the realised false-positive rate and,
    if lesions are marked, localisation: each with a 95 % bootstrap interval over patients, overall, by site and
    by subgroup, compared with baselines and other models.

    Example: mammolens evaluate -d /data/rsna640 --report runs/evaluation.html
    """
    with one_line_errors():
        from mammolens.evaluation.report import write_report
        from mammolens.evaluation.texts import rows

        folder = _folder(output, report)
        shown: list[Picture] = []
        if from_scores is not None:
            _refuse_options_of_scoring(context)
            from mammolens.evaluation.scored_set import read_scored_set

            found = read_scored_set(from_scores)
        elif data:
            from mammolens.datasets.formats import open_datasets

            models = models_to_compare(model, against or [], device, precision)
            dataset = open_datasets(data, kind, table)
            cases = cases_of(dataset, split)
            overlaps = overlap_notes(models, dataset, cases)
            for note in overlaps:
                say_warning(note)
            found, shown = scored(list(models.values()), cases, split, pictures, overlaps)
        else:
            raise typer.BadParameter("give --data FOLDER or --from-scores FILE")
        evaluation = measured(found, n_bootstrap, seed)
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
        raise typer.BadParameter(f"--from-scores evaluates the scores in the file; leave out {options}")


def _folder(output: Path | None, report: Path | None) -> Path:
    """Where everything but the HTML page goes."""
    if output is not None:
        return output
    if report is None or not report.suffix:
        raise typer.BadParameter("give --output FOLDER or --report NAME.html")
    return report.with_suffix("")
