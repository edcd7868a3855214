"""``mammolens cross-fit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import one_line_errors, progress_bar, say, say_error
from mammolens.cli.figures import print_figures
from mammolens.cli.options import Config, Data, Device, Exposure, Kind, Table, configuration
from mammolens.cli.training_bar import bar_observer


def cross_fit(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for models, scores and report.")],
    config: Config = None,
    kind: Kind = None,
    table: Table = None,
    exposure: Exposure = None,
    start_from: Annotated[
        Path | None,
        typer.Option(
            "--start-from",
            help="Model directory whose weights to begin with; it must not be trained on these patients.",
        ),
    ] = None,
    device: Device = "auto",
    folds: Annotated[int, typer.Option("--folds", min=2, help="Number of folds, and of models.")] = 5,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against", help="scores.csv of another cross-fit run, to compare with; repeatable.", show_default=False
        ),
    ] = None,
    n_bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=1, help="Resamples of patients for the intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the folds and of the bootstrap.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
) -> None:
    """Evaluate a configuration by cross-fitting: models score only patients they were not trained on.

    Clean-negative patients of all splits are assigned to folds within each site and machine. For each fold, a
    model is trained on the other folds and scores this one and all abnormal images. Configurations that also
    train on known lesions need lesions of other patients: --exposure.

    Example: mammolens cross-fit -c configs/restorer.yaml -d /data/rsna640 -o runs/cross-fit --folds 5
    """
    with one_line_errors(when_stopped="stopped; run the same command with --resume to continue"):
        from mammolens.config import CalcificationConfig, ModelConfig
        from mammolens.datasets.formats import open_dataset, open_datasets
        from mammolens.errors import ConfigError
        from mammolens.evaluation.report import HTML
        from mammolens.evaluation.scored_set import read_scores
        from mammolens.evaluation.texts import rows
        from mammolens.experiments.cross_fit import cross_fit as run
        from mammolens.experiments.cross_report import report
        from mammolens.training.ensemble import read_plan

        plan = read_plan(configuration(config, exposure))
        if isinstance(plan, CalcificationConfig):
            reason = "is a calcification branch, which is a part of a model and has no score of its own"
            raise ConfigError(plan.name, reason, "cross-fit a model, such as configs/restorer.yaml")
        settings = plan if isinstance(plan, ModelConfig) else plan.config
        dataset = open_datasets(data, kind, table)
        lesions = open_dataset(exposure) if exposure else None
        for other in against or ():
            read_scores(other)  # report a mistake now rather than after hours
        with progress_bar() as bar:
            over_folds = bar.add_task("folds", total=folds)
            scoring = bar.add_task("score", total=None)
            found = run(
                plan, dataset, output, exposure=lesions, start_from=start_from, folds=folds, seed=seed, resume=resume,
                progress=bar_observer(bar), device=device,
                on_fold=lambda number: bar.update(over_folds, completed=number - 1),
                on_scored=lambda done, total: bar.update(scoring, completed=done, total=total),
                on_error=lambda error: say_error(str(error)),
            )  # fmt: skip
            bar.update(over_folds, completed=folds)
        evaluation = report(found, settings, dataset, output, against=against or (), n_bootstrap=n_bootstrap, seed=seed)
        print_figures(rows(evaluation))
        say(f"wrote {output / HTML}")
