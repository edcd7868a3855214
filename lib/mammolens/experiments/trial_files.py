"""What a search leaves behind: every trial as a table, the best one as a configuration to train."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mammolens.config import ModelConfig
from mammolens.evaluation.texts import interval_text
from mammolens.experiments.fields import with_values
from mammolens.experiments.study import Trial
from mammolens.files import write_text

TRIALS, BEST = "trials.csv", "best.yaml"


def write_trials(
    trials: Sequence[Trial], best: Trial | None, config: ModelConfig, measured_on: str, output: Path
) -> None:
    """Write ``trials.csv``, and ``best.yaml`` where there is a best one; each file whole or not at all.

    Args:
        trials: at least one.
        best: of them.
        config: that they vary.
        measured_on: which patients were compared with which, in words.
        output: the folder.
    """
    write_text(output / TRIALS, trials_csv(trials))
    if best is not None and best.auroc is not None:
        remark = (
            f"# Best of {len(trials)} trials of 'mammolens tune': trial {best.number}.\n"
            f"# Image AUROC within sites {interval_text(best.auroc)} on {measured_on}.\n"
            "# The best of several trials is optimistic: evaluate it on the test split.\n"
        )
        write_text(output / BEST, remark + with_values(config, best.values).to_yaml())


def trials_csv(trials: Sequence[Trial]) -> str:
    """One line a trial, the varied fields last under their dotted names; empty where there is no figure."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    fields = list(trials[0].values)
    table.writerow(["trial", "outcome", "auroc_within_sites", "low", "high", "patients", "seconds", "reason", *fields])
    for trial in trials:
        found = trial.auroc
        figure = ("", "", "", "") if found is None else (found.value, found.low, found.high, found.n_patients)
        values = [value_text(trial.values[field]) for field in fields]
        table.writerow([trial.number, trial.outcome, *figure, f"{trial.seconds:.1f}", trial.reason, *values])
    return text.getvalue()


def value_text(value: Any) -> str:
    """A field's value as a person reads it."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value)
