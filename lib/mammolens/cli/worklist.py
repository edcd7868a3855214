"""``mammolens worklist``."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mammolens.cli.console import one_line_errors, progress_bar, say, say_warning
from mammolens.cli.server_requests import ask

if TYPE_CHECKING:
    from mammolens.archive.worklist import Worklist

PAGE: Final = "worklist.html"
TABLE: Final = "worklist.csv"
_SENT: Final = [
    "sop_instance_uid",
    "raw_score",
    "pred_score",
    "laterality",
    "view",
    "acquisition_group",
    "software_versions",
]
_AT_ONCE: Final = 1000  # images of a request: 300 KB
_SECONDS: Final = 600.0  # a server may have to list a PACS first


def worklist(
    results: Annotated[Path, typer.Argument(help="Output folder of 'mammolens score'.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to write to; that of the results by default.", show_default=False),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Exams in the page; the CSV file has all.")] = 1000,
    server: Annotated[
        str | None, typer.Option("--server", "-s", help="Also send the scores to this server.", show_default=False)
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="MAMMOLENS_TOKEN", help="Bearer token, if the server requires authentication.")
    ] = None,
) -> None:
    """Turn stored scores into a worklist, the most anomalous exam first.

    Writes worklist.html, one file with the exams to sort and filter, the share of exams above each percentile, and
    distributions by machine and month; and worklist.csv with all exams. If the scores were made with --thumbnails, the
    first 200 exams have pictures.

    With --server, the worklist of a running server, which must use the same model, calibration and version, gets the
    scores of images that it has and has not analysed; needs an admin. Maps come when an exam is analysed.

    Examples:
        mammolens worklist scores

        mammolens worklist scores -o report --most 200

        mammolens worklist scores --server http://127.0.0.1:8000
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
        if server is not None:
            _send(found, server, token)


def _send(found: Worklist, server: str, token: str | None) -> None:
    """Send all scores; those that were sent before are not stored again."""
    scored_by = found.scored_by()
    rows, done = found.scored_images(_SENT), Counter[str]()
    with progress_bar("images") as bar:
        task = bar.add_task("sending scores", total=found.images_with_score)
        while images := list(islice(rows, _AT_ONCE)):
            body = {**scored_by, "images": images}
            done.update(ask(server, "/mammolens/scores", method="POST", body=body, token=token, seconds=_SECONDS))
            bar.advance(task, len(images))
    say(
        f"the server stored the scores of {done['stored']} images; not stored: {done['already_processed']} that it had "
        f"analysed, {done['unknown']} that it does not have, {found.failures().total()} without a score"
    )
