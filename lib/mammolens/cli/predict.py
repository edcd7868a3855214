"""``mammolens predict``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mammolens.cli.console import one_line_errors, out, progress_bar, say, say_error
from mammolens.cli.exit_codes import ExitCode
from mammolens.cli.flagging import warn_if_it_cannot_flag
from mammolens.cli.options import Device, Model, Precision, Runtime, Table
from mammolens.enums import MapSize, RuntimeName

if TYPE_CHECKING:
    from mammolens.dicom.derived.kinds import DerivedKind
    from mammolens.errors import InputError
    from mammolens.inference.predictor import Predictor
    from mammolens.types import AnomalyRecord, ImageAttributes


def predict(
    paths: Annotated[list[Path], typer.Argument(help="Mammograms (DICOM, PNG, JPEG) and folders of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder; created if missing.")],
    model: Model = None,
    device: Device = "auto",
    precision: Precision = "float32",
    table: Table = None,
    json_lines: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON lines instead of a table.")
    ] = False,
    tables: Annotated[
        bool, typer.Option("--csv", help="Also write images.csv, a row per image, and exams.csv, a row per exam.")
    ] = False,
    maps: Annotated[
        MapSize,
        typer.Option(help="Anomaly maps as .nrrd and .nii.gz: none, small (512 rows) or full (of the image's size)."),
    ] = MapSize.FULL,
    overlays: Annotated[bool, typer.Option(help="Write overlay pictures as .png.")] = True,
    dicom: Annotated[
        list[str] | None,
        typer.Option(
            help="DICOM objects to write, separated by commas, or the option repeated: segmentation, "
            "parametric_map, secondary_capture, presentation_state (per image), report, cad_report (per exam). "
            "The input images must be DICOM.",
            show_default=False,
        ),
    ] = None,
    runtime: Runtime = RuntimeName.TORCH,
) -> None:
    """Show where and how much mammograms deviate from normal.

    Writes OUT/results.jsonl (one line per image; docs/schema/anomaly-record.schema.json) and, for each image,
    the heat map as a picture and as a float volume in the image's geometry. Images of one exam (same exam_id in
    the table, else Study Instance UID, else patient) are fused; an image without any of these is an exam of its
    own. Unusable files are reported on stderr and skipped; the exit code is then 3. After Ctrl-C, OUT/results.jsonl
    has what was analysed, and the same command continues.

    With --dicom, the results are also written as DICOM objects that reference the images and can be stored in
    the PACS (docs/dicom-objects.md): OUT/NAME.KIND.dcm for an image, OUT/exam_ID.KIND.dcm for an exam.

    Examples:
        mammolens predict exam/ -o out

        mammolens predict exam/ -o out --dicom segmentation,report
    """
    when_stopped = f"stopped; the images analysed so far are in {output}; run the same command to continue"
    with one_line_errors(when_stopped):
        from mammolens.cli.result_tables import result_tables
        from mammolens.inference.csv_tables import write_tables
        from mammolens.inference.dicom_outputs import kinds_named
        from mammolens.inference.predictor import Predictor
        from mammolens.models.devices import choose_device
        from mammolens.models.store import pretrained_directory

        kinds = kinds_named(",".join(dicom), "--dicom") if dicom else ()
        files, missing, passed_over = _images(paths)
        if not files:
            raise typer.Exit(ExitCode.INPUT)
        attributes, unusable = _attributes(files, table)
        missing += len(unusable)
        files = [file for file in files if file not in unusable]
        if not files:
            raise typer.Exit(ExitCode.INPUT)
        predictor = Predictor.load(
            model or pretrained_directory(), runtime=runtime, device=choose_device(device, precision)
        )
        warn_if_it_cannot_flag(predictor.calibration)
        records, failures = run(predictor, files, attributes, output, maps=maps, overlays=overlays, dicom=kinds)
        if tables:
            write_tables(records, output)
        if json_lines:
            for record in records:
                typer.echo(record.model_dump_json())
        else:
            for table_for_people in result_tables(records):
                out().print(table_for_people)
        others = f", {passed_over} other files skipped" if passed_over else ""
        say(f"{len(records)} images analysed, {len(files) - len(records) + missing} unusable{others}; see {output}")
        if failures + missing:
            raise typer.Exit(ExitCode.INPUT)


def run(
    predictor: Predictor,
    files: Sequence[Path],
    attributes: dict[Path, ImageAttributes],
    output: Path,
    *,
    maps: MapSize,
    overlays: bool,
    dicom: Sequence[DerivedKind] = (),
) -> tuple[list[AnomalyRecord], int]:
    """Analyse files with a progress bar and write their outputs, exam by exam.

    Exams that an earlier run of the same command finished before it was stopped are not analysed again.

    Returns:
        The records, and how often a file could not be used or a DICOM object not be made.
    """
    from mammolens.inference.batch import group_exams, predict_exam_files
    from mammolens.inference.dicom_outputs import DicomOutputs
    from mammolens.inference.outputs import output_stems, write_maps, write_overlay
    from mammolens.inference.results_file import ResultsFile, exam_fingerprint

    stems, records, failures = output_stems(files), [], 0
    output.mkdir(parents=True, exist_ok=True)
    with progress_bar() as bar:
        task = bar.add_task("analysing", total=len(files))

        def fail(error: InputError) -> None:
            nonlocal failures
            failures += 1
            say_error(str(error))

        def pass_over(error: InputError) -> None:
            fail(error)
            bar.advance(task)

        objects = DicomOutputs(dicom, output, fail)
        settings = [predictor.model_id, predictor.calibration_id, maps, str(overlays), *dicom]
        exams = {
            exam_fingerprint(exam, [stems[path] for path in exam.paths], settings): exam
            for exam in group_exams(files, attributes, pass_over)
        }
        with ResultsFile(output, exams.keys()) as results:
            if done := sum(len(kept) for kept in results.finished.values()):
                say(f"continuing: {done} of {len(files)} images are already analysed")
            for fingerprint, exam in exams.items():
                if kept := results.finished.get(fingerprint):
                    records += kept
                    objects.pass_over(kept[0].exam)
                    bar.advance(task, len(kept))
                    continue
                failures_before = failures
                for mammogram, result in predict_exam_files(predictor, exam, pass_over):
                    stem = stems[mammogram.header.path]
                    write_maps(result, output, stem, maps)
                    if overlays:
                        write_overlay(result, mammogram, output, stem)
                    objects.add(mammogram, result, stem)
                    results.write(result.record)
                    records.append(result.record)
                    bar.advance(task)
                objects.finish()
                results.exam_done(fingerprint, complete=failures == failures_before)
    return records, failures


def _images(paths: Sequence[Path]) -> tuple[list[Path], int, int]:
    """The images that were named or found in folders, how many paths hold none, and how many files were passed over."""
    from mammolens.dicom.discovery import find_images
    from mammolens.errors import InputError

    files: dict[Path, None] = {}
    passed_over: set[Path] = set()
    missing = 0
    for path in paths:
        try:
            found = find_images([path])
        except InputError as error:
            say_error(str(error))
            missing += 1
        else:
            files.update(dict.fromkeys(found.images))
            passed_over.update(found.passed_over)
    return list(files), missing, len(passed_over - files.keys())


def _attributes(files: Sequence[Path], table: Path | None) -> tuple[dict[Path, ImageAttributes], set[Path]]:
    """What a table says of the files, and of which it says nothing that can be used; errors are reported."""
    if table is None:
        return {}, set()
    from mammolens.datasets.table import find_image, read_table
    from mammolens.errors import DatasetError

    read = read_table(table)
    images = {file: image for file in files if (image := find_image(read, file)) is not None}
    if files and not images:
        reason = f"lists none of the {len(files)} images, such as {files[0]}"
        raise DatasetError(table, reason, "write their paths in the column 'image'")
    listed = set(images.values())
    for error in (*(error for image, error in read.unusable.items() if image in listed), *read.nameless):
        say_error(str(error))
    attributes = {file: read.rows[image].attributes for file, image in images.items() if image in read.rows}
    return attributes, images.keys() - attributes.keys()
