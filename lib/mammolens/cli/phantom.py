"""``mammolens phantom``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import one_line_errors, progress_bar, say


def phantom(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to.")],
    patients: Annotated[int, typer.Option("--patients", "-n", min=1, help="Number of normal exams.")] = 4,
    abnormal: Annotated[
        int, typer.Option("--abnormal", min=0, help="Number of additional exams with one lesion each.")
    ] = 0,
    contrast: Annotated[
        float | None,
        typer.Option(
            "--contrast",
            min=0.01,
            max=1.0,
            help="Highest grey level, from 0 to 1, that a lesion adds; 0.25 for masses and 0.5 for calcifications by "
            "default.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed; the same seed gives the same exams.")] = 0,
) -> None:
    """Write synthetic (phantom) mammography exams as DICOM, four views each.

    For demonstrations and tests. They resemble mammograms, but a model trained on them knows nothing about
    real breasts.

    Example: mammolens phantom -o phantoms -n 10
    """
    with one_line_errors(), progress_bar() as bar:
        from mammolens.datasets.phantom_dataset import write_phantom_dataset

        task = bar.add_task("writing", total=None)
        dataset = write_phantom_dataset(output, normals=patients, abnormals=abnormal, contrast=contrast, seed=seed)
        bar.update(task, total=len(dataset.cases), completed=len(dataset.cases))
    say(f"wrote {len(dataset.cases)} images and labels.csv to {output}")
