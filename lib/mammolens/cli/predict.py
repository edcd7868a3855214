"""``mammolens predict``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens.cli.console import err, one_line_errors, out, progress_bar, say_error
from mammolens.cli.exit_codes import ExitCode
from mammolens.cli.options import Model, Table

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from mammolens.errors import InputError
    from mammolens.inference.predictor import Predictor
    from mammolens.types import AnomalyRecord, ImageAttributes


def predict(
    paths: Annotated[list[Path], typer.Argument(help="Mammograms (DICOM, PNG, JPEG) and folders of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write to; made if missing.")],
    model: Model = None,
    table: Table = None,
    json_lines: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON lines, not as a table.")
    ] = False,
    maps: Annotated[bool, typer.Option(help="Write the float maps, .nrrd and .nii.gz.")] = True,
    overlays: Annotated[bool, typer.Option(help="Write the overlay pictures, .png.")] = True,
) -> None:
    """Show where mammograms deviate from normal, and how much.

    Writes OUT/results.jsonl (a line an image; docs/schema/anomaly-record.schema.json), and for each
    image the heatmap as picture and as float volume in the image's own geometry. Images of one exam
    (Study Instance UID, or the table's patient) are fused. Unusable files are named on stderr, the
    others go on; the exit code is 3 then.

    Example: mammolens predict exam/ -o out
    """
    from mammolens.dicom.discovery import find_images
    from mammolens.inference.predictor import Predictor
    from mammolens.models.store import pretrained_directory

    with one_line_errors():
        files = find_images(paths)
        attributes = _attributes(files, table)
        predictor = Predictor.load(model or pretrained_directory())
        records, failures = run(predictor, files, attributes, output, maps=maps, overlays=overlays)
        if json_lines:
            for record in records:
                typer.echo(record.model_dump_json())
        else:
            out().print(result_table(records))
        err().print(f"{len(records)} images judged, {failures} unusable; see {output}", soft_wrap=True)
        if failures:
            raise typer.Exit(ExitCode.INPUT)


def run(
    predictor: Predictor,
    files: Sequence[Path],
    attributes: dict[Path, ImageAttributes],
    output: Path,
    *,
    maps: bool,
    overlays: bool,
) -> tuple[list[AnomalyRecord], int]:
    """Judge files with a progress bar and write their outputs; returns the records and the failures."""
    from mammolens.inference.batch import predict_files
    from mammolens.inference.outputs import RESULTS, output_stems, write_maps, write_overlay

    stems, records, failures = output_stems(files), [], 0
    output.mkdir(parents=True, exist_ok=True)
    partial = output / f"{RESULTS}.partial"
    with progress_bar() as bar, partial.open("w", encoding="utf-8") as lines:
        task = bar.add_task("judging", total=len(files))

        def fail(error: InputError) -> None:
            nonlocal failures
            failures += 1
            say_error(str(error))
            bar.advance(task)

        for mammogram, result in predict_files(predictor, files, attributes, fail):
            stem = stems[mammogram.header.path]
            if maps:
                write_maps(result, output, stem)
            if overlays:
                write_overlay(result, mammogram, output, stem)
            lines.write(result.record.model_dump_json() + "\n")
            lines.flush()
            records.append(result.record)
            bar.advance(task)
    partial.replace(output / RESULTS)
    return records, failures


def result_table(records: Sequence[AnomalyRecord]) -> RichTable:
    """What a person wants to see first, most anomalous exam first."""
    from rich.table import Table as RichTable

    table = RichTable(title="Research use only, not a medical device", title_justify="left")
    for heading in ("exam", "image", "view", "score", "more anomalous than", "exam", "flagged", "notes"):
        table.add_column(heading, justify="right" if heading in ("score", "more anomalous than") else "left")
    for record in sorted(records, key=lambda record: (record.exam_p_value, record.exam, record.p_value)):
        table.add_row(
            record.patient,
            Path(record.path).name,
            f"{record.laterality or '?'} {record.view or '?'}",
            f"{record.pred_score:.5f}",
            f"{record.percentile:.0f} % of normals",
            f"{record.exam_percentile:.0f} %",
            "yes" if record.is_anomalous else "no",
            ", ".join(record.quality_flags),
        )
    return table


def _attributes(files: Sequence[Path], table: Path | None) -> dict[Path, ImageAttributes]:
    if table is None:
        return {}
    from mammolens.datasets.table import find_row, read_table

    rows = read_table(table)
    found = {file: find_row(rows, file) for file in files}
    return {file: row.attributes for file, row in found.items() if row is not None}
