"""``mammolens tune``."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens.cli.console import one_line_errors, out, progress_bar, say
from mammolens.cli.options import Config, Data, Device, Exposure, Kind, Table, configuration
from mammolens.cli.training_bar import bar_observer

if TYPE_CHECKING:
    from rich.progress import Progress

    from mammolens.experiments.study import Trial

_SHOWN = 10  # trials in the table


def tune(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for trials.csv and best.yaml.")],
    space: Annotated[
        Path | None,
        typer.Option(
            "--space", help="YAML search space; by default tune/NAME.yaml beside the configuration.", show_default=False
        ),
    ] = None,
    config: Config = None,
    kind: Kind = None,
    table: Table = None,
    exposure: Exposure = None,
    device: Device = "auto",
    trials: Annotated[
        int, typer.Option("--trials", "-n", min=1, help="Number of trials, including earlier ones.")
    ] = 30,
    budget: Annotated[
        float | None,
        typer.Option("--budget", min=0, help="Minutes after which no new trial starts.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the search, not of the training.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an earlier search.")] = False,
    memory: Annotated[float, typer.Option("--memory", min=0, help="Cache for prepared images, in GiB.")] = 4.0,
) -> None:
    """Search for a better configuration without using the test split.

    Each trial trains on three quarters of the training patients. Its figure is the AUROC of the others vs. the
    cancers of the exposure split (without any: vs. the same images with synthetic lesions). best.yaml is a
    configuration for 'mammolens train'.

    Example: mammolens tune -c configs/restorer.yaml -d /data/rsna640 -o runs/tune --trials 30 --budget 120
    """
    with one_line_errors(when_stopped="stopped; run the same command with --resume to continue"):
        _require_optuna()
        from mammolens.config import load_config
        from mammolens.datasets.formats import open_dataset, open_datasets
        from mammolens.experiments.prepared_cache import GIBIBYTE
        from mammolens.experiments.space import load_space
        from mammolens.experiments.trial_files import BEST, TRIALS
        from mammolens.experiments.tune import tune as run
        from mammolens.experiments.tuning_data import tuning_data

        settings = load_config(configuration(config, exposure))
        beside = configuration(config, exposure)
        choices = load_space(space or beside.parent / "tune" / beside.name, settings)
        lesions = open_dataset(exposure) if exposure else None
        measured = tuning_data(open_datasets(data, kind, table), settings, seed=seed, exposure=lesions)
        say(f"evaluating on {measured}")
        with progress_bar() as bar:
            finished = run(
                settings, choices, measured, output, trials=trials, seconds=budget and budget * 60, seed=seed,
                resume=resume, memory_bytes=int(memory * GIBIBYTE), progress=bar_observer(bar),
                on_trial=_best(bar, trials), device=device,
            )  # fmt: skip
        if not finished:
            say("no trial finished: the budget is too small")
            return
        _print(finished)
        sources = [*(("-d", path) for path in data), ("--kind", kind), ("--table", table), ("--exposure", exposure)]
        given = [word for option, value in sources if value is not None for word in (option, str(value))]
        command = shlex.join(
            ["mammolens", "train", "-c", str(output / BEST), *given, "-o", str(output.with_name(f"{output.name}-best"))]
        )
        say(f"wrote {output / TRIALS}; train the best with: {command}")


def _require_optuna() -> None:
    if find_spec("optuna") is None:
        from mammolens.errors import ConfigError

        raise ConfigError("optuna", "is not installed", "run 'make install', or pip install 'mammolens[tune]'")


def _best(bar: Progress, wanted: int) -> Callable[[Sequence[Trial]], None]:
    task = bar.add_task("trials", total=wanted)

    def show(finished: Sequence[Trial]) -> None:
        figures = [trial.auroc.value for trial in finished if trial.auroc]
        words = f"trials, best {max(figures):.3f}" if figures else "trials"
        bar.update(task, completed=len(finished), description=words)

    return show


def _print(trials: Sequence[Trial]) -> None:
    from rich.table import Table as RichTable

    from mammolens.evaluation.texts import interval_text
    from mammolens.experiments.trial_files import value_text

    ranked = sorted(trials, key=lambda trial: (-trial.auroc.value if trial.auroc else 1.0, trial.number))[:_SHOWN]
    caption = f"best {len(ranked)} of {len(trials)} trials; intervals over patients"
    table = RichTable(title="Image AUROC within sites, held-out patients", caption=caption)
    for heading in ("trial", "AUROC", *(field.rpartition(".")[2] for field in ranked[0].values)):
        table.add_column(heading, justify="left")
    for trial in ranked:
        figure = interval_text(trial.auroc) if trial.auroc else f"{trial.outcome}: {trial.reason}"
        table.add_row(str(trial.number), figure, *(value_text(value) for value in trial.values.values()))
    out().print(table)
