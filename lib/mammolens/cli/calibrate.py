"""``mammolens calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import one_line_errors, out, progress_bar, say, say_error, say_warning
from mammolens.cli.exit_codes import ExitCode
from mammolens.cli.flagging import warn_if_it_cannot_flag
from mammolens.cli.options import Data, Device, Kind, Precision, Table
from mammolens.cli.training_bar import bar_observer


def calibrate(
    data: Data,
    model: Annotated[
        Path | None,
        typer.Argument(help="Model directory; the pretrained one of the package by default.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Model directory to write; must not exist.", show_default=False),
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Replace MODEL itself.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="YAML file whose section 'calibration' replaces the model's.", show_default=False
        ),
    ] = None,
    device: Device = "auto",
    precision: Precision = "float32",
    kind: Kind = None,
    table: Table = None,
) -> None:
    """Calibrate a model on a site's own normal mammograms, without training it again.

    Thresholds, p-values and heat levels then refer to these normal exams. Patients used for training are
    excluded if the training record identifies them; if it cannot, a warning says so. Metrics measured with
    the previous calibration are deleted: run 'evaluate --record' again.

    Examples:
        mammolens calibrate -d /data/our-normals -o runs/ours

        mammolens calibrate runs/mine -d /data/our-normals -o runs/ours
    """
    with one_line_errors():
        from mammolens.config import load_any_config
        from mammolens.datasets.formats import open_datasets
        from mammolens.models.devices import choose_device
        from mammolens.models.store import pretrained_directory
        from mammolens.training.recalibrate import recalibrate

        if in_place == (output is not None):
            say_error("give either --output or --in-place")
            raise typer.Exit(ExitCode.USAGE)
        if model is None and in_place:
            say_error("--in-place replaces MODEL: name it, or give --output")
            raise typer.Exit(ExitCode.USAGE)
        model = model or pretrained_directory()
        settings = load_any_config(config).calibration if config else None
        dataset = open_datasets(data, kind, table)
        with progress_bar() as bar:
            made = recalibrate(
                model,
                dataset,
                output or model,
                settings=settings,
                progress=bar_observer(bar),
                device=choose_device(device, precision),
            )
        calibration = made.calibration
        patients = calibration.image_scales.pooled.patients
        say(f"calibrated on {len(calibration.images)} images of {patients} normal patients")
        warn_if_it_cannot_flag(calibration)
        if made.calcifications is not None:
            say(made.calcifications)
        if made.doubt:
            say_warning(made.doubt)
        say(f"wrote {output or model}")
        out().print(made.model_id)
