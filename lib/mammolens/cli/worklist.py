"""``mammolens worklist``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from mammolens.cli.console import one_line_errors, say, say_warning

PAGE: Final = "worklist.html"
TABLE: Final = "worklist.csv"


def worklist(
    results: Annotated[Path, typer.Argument(help="Output folder of 'mammolens score'.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to write to; that of the results by default.", show_default=False),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Exams in the page; the CSV file has all.")] = 1000,
) -> None:
    """Turn stored scores into a worklist, the most anomalous exam first.

    Writes worklist.html, one file with the exams to sort and filter, the share of exams above each percentile, and
    distributions by machine and month; and worklist.csv with all exams. If the scores were made with --thumbnails, the
    first 200 exams have pictures.

    Examples:
        mammolens worklist scores

        mammolens worklist scores -o report --most 200
    """
    with one_line_errors():
        from mammolens.archive.worklist import read_worklist, write_csv
        from mammolens.archive.worklist_page import worklist_page
        from mammolens.files import write_text

        found = read_worklist(results)
        folder = output or results
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(found, folder / TABLE)
        write_text(folder / PAGE, worklist_page(found, TABLE, most))
        if missing := found.missing_shards:
            numbers = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
            say_warning(f"{len(missing)} of {found.manifests[0].shards} shards are not complete: {numbers}")
        say(f"{found.exams.num_rows} exams; see {folder / PAGE} and {folder / TABLE}")
