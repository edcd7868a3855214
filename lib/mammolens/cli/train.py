"""``mammolens train``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import one_line_errors, out, progress_bar, say
from mammolens.cli.flagging import warn_if_it_cannot_flag
from mammolens.cli.options import Config, Data, Device, Exposure, Kind, Table, configuration
from mammolens.cli.training_bar import bar_observer


def train(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="Model directory to write; must not exist.")],
    config: Config = None,
    kind: Kind = None,
    table: Table = None,
    exposure: Exposure = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    start_from: Annotated[
        Path | None, typer.Option("--start-from", help="Model directory whose weights to start from.")
    ] = None,
    device: Device = "auto",
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed; by default the configuration's.")
    ] = None,
) -> None:
    """Train and calibrate a model on normal mammograms.

    Patients, not images, are split into training, validation and calibration sets. Use --resume to
    continue a stopped run.

    'torchrun --nproc-per-node N -m mammolens train ...' trains with N processes.

    With configs/calcifications.yaml, train the calcification branch of a model instead, on images of at most 0.3 mm per
    pixel.

    Example: mammolens train -d our-normals -o runs/ours
    """
    from mammolens.training.distributed import on_first, process_group

    stopped = "stopped; run the same command with --resume to continue"
    with one_line_errors(stopped), process_group() as first:
        from mammolens.config import CalcificationConfig
        from mammolens.datasets.formats import open_dataset, open_datasets
        from mammolens.inference.predictor import load_calibration
        from mammolens.models.directory import model_id_of
        from mammolens.training.ensemble import read_plan, seeded
        from mammolens.training.ensemble import train_plan as run

        settings = read_plan(configuration(config, exposure))
        if seed is not None:
            settings = seeded(settings, seed)
        dataset = on_first(partial(open_datasets, data, kind, table))
        with progress_bar(shown=first) as bar:
            run(
                settings,
                dataset,
                output,
                exposure=on_first(partial(open_dataset, exposure)) if exposure else None,
                progress=bar_observer(bar, epochs_in_words=True),
                resume=resume,
                start_from=start_from,
                device=device,
            )
        if not first:
            return
        if isinstance(settings, CalcificationConfig):
            say(f"wrote {output}, a model's calcification branch once it is the folder 'calcifications' of that model")
            say("then run 'mammolens models seal MODEL' and calibrate the model on your own normal images")
            return
        warn_if_it_cannot_flag(load_calibration(output))
        say(f"wrote {output}; see {output / 'MODEL_CARD.md'}")
        out().print(model_id_of(output))
