"""``mammolens reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import one_line_errors, say
from mammolens.cli.options import Device, Model
from mammolens.cli.scoring import cases_of, measured, models_to_compare, scored


def reproduce(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for results.md and one report per data set.")],
    data: Annotated[
        Path,
        typer.Option("--data", "-d", envvar="MAMMOLENS_DATA", help="Folder with the data sets, one subfolder each."),
    ],
    model: Model = None,
    device: Device = "auto",
    against: Annotated[
        list[Path] | None,
        typer.Option("--against", help="Another model directory to compare with; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="inbreast2048, rsna640, mias640 or cbis800; repeatable.")
    ] = None,
    n_bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=1, help="Resamples of patients for the intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Reproduce the figures of docs/results.md.

    Evaluates the model and those it is compared with on each published data set, on unseen patients. Takes some
    minutes per data set.

    Example: MAMMOLENS_DATA=/data mammolens reproduce -o runs/results
    """
    with one_line_errors():
        from mammolens.datasets.formats import open_dataset
        from mammolens.evaluation.report import write_report
        from mammolens.experiments.reproduction import PAGE, page, select_measurements
        from mammolens.files import write_text

        chosen, found = select_measurements(data, only or []), {}
        models = list(models_to_compare(model, against or [], device).values())
        for measurement in chosen:
            say(f"{measurement.name}: {measurement.about}")
            cases = cases_of(open_dataset(data / measurement.name), measurement.split)
            scores, _ = scored(models, cases, measurement.split, pictures=0)
            found[measurement] = measured(scores, n_bootstrap, seed)
            folder = output / measurement.name
            write_report(
                found[measurement], scores.images, folder, title=scores.title, model=scores.model, notes=scores.notes
            )
        write_text(output / PAGE, page(found, models[0].model_id))
        say(f"wrote {output / PAGE}")
