"""``mammolens inspect``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens.cli.console import one_line_errors, out, progress_bar, say
from mammolens.cli.options import Kind, Model, Table

if TYPE_CHECKING:
    from mammolens.inspection.contact_sheet import ContactSheet
    from mammolens.inspection.inspector import Inspector
    from mammolens.inspection.results import Inspection
    from mammolens.inspection.sources import ImageSource

PAGE, DATA = "inspection.html", "inspection.json"


def inspect(
    source: Annotated[str, typer.Argument(help="Folder of mammograms, data set, or DICOMweb address of a PACS.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help=f"Folder for {PAGE}, with a contact sheet, and {DATA}.", show_default=False
        ),
    ] = None,
    model: Model = None,
    table: Table = None,
    kind: Kind = None,
    pixels: Annotated[
        bool,
        typer.Option(
            "--pixels/--headers-only",
            help="Read pixels as well: they show damage, duplicates and most quality flags.",
        ),
    ] = True,
    pictures: Annotated[int, typer.Option(min=0, help="Pictures on the contact sheet.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON instead of tables.")] = False,
) -> None:
    """Show what a folder, a data set or a PACS holds, before you train on it or read it.

    Patients, exams, views, machines, resolutions, transfer syntaxes; what would be refused or flagged and why;
    images that are there twice; patients and images in more than one split; truth and licence of a data set. Nothing is
    changed, and no image is sent anywhere.

    The exit code is 0 unless the source cannot be read.

    Examples:
        mammolens inspect exports/ -o inspection

        mammolens inspect dataset/ --headers-only --json

        mammolens inspect http://127.0.0.1:8042/dicom-web --headers-only
    """
    with one_line_errors():
        from mammolens.files import write_text
        from mammolens.inspection.contact_sheet import ContactSheet
        from mammolens.inspection.inspector import Inspector
        from mammolens.inspection.page import page

        with _opened(source, kind, table) as images:
            inspector, sheet = Inspector(images), ContactSheet(pictures if output else 0)
            _read(inspector, sheet, images, model, pixels=pixels)
        found = inspector.result()
        if as_json:
            typer.echo(found.model_dump_json(indent=1))
        else:
            _print(found)
        if output:
            write_text(output / DATA, found.model_dump_json(indent=1) + "\n")
            write_text(output / PAGE, page(found, images, sheet))
            say(f"see {output / PAGE}")


@contextmanager
def _opened(source: str, kind: str | None, table: Path | None) -> Iterator[ImageSource]:
    """A folder or data set, or a PACS of which the headers are fetched with a progress bar."""
    from mammolens.errors import DatasetError
    from mammolens.inspection.sources import open_source

    if not source.startswith(("http://", "https://")):
        yield open_source(Path(source), kind, table)
        return
    if kind or table:
        raise DatasetError("--table" if table else "--kind", "does not apply to a PACS", "leave it out")
    from mammolens.cli.pacs_process import pacs_source

    with ExitStack() as stack:
        with progress_bar() as bar:
            task = bar.add_task("fetching headers", total=None)
            images = stack.enter_context(pacs_source(source, lambda all_: bar.update(task, total=all_, advance=1)))
        yield images


def _read(inspector: Inspector, sheet: ContactSheet, source: ImageSource, model: Path | None, *, pixels: bool) -> None:
    """Headers, then pixels, each with a progress bar."""
    with progress_bar() as bar:
        headers = bar.add_task("headers", total=len(source.images))
        inspector.read_headers(lambda: bar.advance(headers))
        if pixels:
            from mammolens.inference.predictor import Predictor
            from mammolens.models.store import pretrained_directory

            task = bar.add_task("pixels", total=len(source.images))
            predictor = Predictor.load(model or pretrained_directory())
            inspector.read_pixels(predictor, sheet, lambda: bar.advance(task))


def _print(found: Inspection) -> None:
    from mammolens.cli.inspection_tables import inspection_tables

    for table in inspection_tables(found):
        out().print(table)
