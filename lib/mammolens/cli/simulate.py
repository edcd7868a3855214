"""``mammolens simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import one_line_errors, out, say


def simulate(
    scores: Annotated[
        Path, typer.Argument(help="scores.csv of `mammolens evaluate`, or its folder.", show_default=False)
    ],
    report: Annotated[Path | None, typer.Option("--report", help="HTML page.", show_default=False)] = None,
    low: Annotated[
        float, typer.Option("--low", min=0, max=1, help="Share of normal exams with the lowest scores.")
    ] = 0.3,
    low_readings: Annotated[int, typer.Option("--low-readings", min=0, help="Number of readings of these exams.")] = 1,
    high: Annotated[
        float, typer.Option("--high", min=0, max=1, help="Share of normal exams with the highest scores.")
    ] = 0.05,
    high_readings: Annotated[
        int, typer.Option("--high-readings", min=0, help="Number of readings of these exams.")
    ] = 3,
    readings: Annotated[
        int, typer.Option("--readings", min=1, help="Number of readings of all other exams, and of every exam today.")
    ] = 2,
    sensitivity: Annotated[float, typer.Option("--sensitivity", min=0, max=1, help="Assumed for one reading.")] = 0.869,
    specificity: Annotated[float, typer.Option("--specificity", min=0, max=1, help="Assumed for one reading.")] = 0.889,
    prevalence: Annotated[
        float, typer.Option("--prevalence", min=0, max=1, help="Assumed share of screening exams with a cancer.")
    ] = 0.006,
    n_bootstrap: Annotated[
        int, typer.Option("--bootstrap", min=1, help="Resamples of patients for the intervals.")
    ] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Simulate reading by score: who is read once, who gets another reader.

    Reports workload, cancers found and false recalls per 1,000 screening exams, today and under the policy, with
    95 % bootstrap intervals over patients, from exams whose outcome is known. Readers are assumed, not measured.

    Example: mammolens simulate runs/evaluation/scores.csv --low 0.3 --high 0.05 --report policy.html
    """
    with one_line_errors():
        from rich.table import Table

        from mammolens.evaluation.policy_page import SHARES, policy_page, policy_rows, policy_words
        from mammolens.evaluation.reading_policy import ReadingPolicy, Screening, simulate_shares
        from mammolens.evaluation.reading_policy import simulate as simulated
        from mammolens.evaluation.records import SCORES_CSV
        from mammolens.evaluation.scored import check_images, fused
        from mammolens.evaluation.scored_set import read_scored_set
        from mammolens.files import write_text

        policy = ReadingPolicy(low, high, low_readings, readings, high_readings)
        screening = Screening(sensitivity, specificity, prevalence)
        found = read_scored_set(scores / SCORES_CSV if scores.is_dir() else scores)
        check_images(found.images)
        exams = fused(found.images, "exam", found.fusion)
        simulation = simulated(exams, policy, screening, n_bootstrap=n_bootstrap, seed=seed)
        table = Table("per 1,000 exams", "today", "policy [95 %]", "difference [95 %]", title=policy_words(policy))
        table.title_justify = "left"
        for row in policy_rows(simulation):
            table.add_row(*row)
        out().print(table)
        if report is not None:
            others = simulate_shares(exams, policy, screening, SHARES, n_bootstrap=n_bootstrap, seed=seed)
            write_text(report, policy_page(simulation, others, title=found.title, model=found.model))
            say(f"wrote {report}")
