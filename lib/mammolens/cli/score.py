"""``mammolens score``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from mammolens.cli.console import one_line_errors, out, progress_bar, say, say_warning
from mammolens.cli.options import Device, Model, Precision, Runtime, Table
from mammolens.enums import RuntimeName

if TYPE_CHECKING:
    from collections import Counter

    from rich.progress import Progress, TaskID

    from mammolens.archive.exam_index import Known, Shard
    from mammolens.archive.rows import FailureKind
    from mammolens.archive.score import Engine
    from mammolens.archive.score_files import Manifest
    from mammolens.archive.sources import ArchiveSource

_LINE_EVERY_S: Final = 60.0  # in the log of a job, which shows no bar


class ScoreEngine(StrEnum):
    """What works."""

    LOCAL = "local"
    RAY = "ray"


def score(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder; text file (.txt) with a path or address per line; address of an object store, such as "
            "s3://bucket/folder; or DICOMweb address of a PACS (http...)."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the results; continued if it exists.")],
    model: Model = None,
    table: Table = None,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Score part I of N, by patient, for job arrays.", show_default=False)
    ] = "1/1",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default one per core.", show_default=False)
    ] = None,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Keep small pictures for the worklist; takes several times as long.")
    ] = False,
    all_details: Annotated[
        bool,
        typer.Option(
            "--all-details",
            help="Decode JPEG 2000 with its finest details, as `predict` does: slower, and scores hardly change.",
        ),
    ] = False,
    engine: Annotated[
        ScoreEngine, typer.Option(help="local: processes of this computer; ray: a Ray cluster (docs/scale.md).")
    ] = ScoreEngine.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(help="Head of the Ray cluster, HOST:PORT; by default Ray starts here.", show_default=False),
    ] = None,
    index_only: Annotated[
        bool, typer.Option("--index-only", help="Only read the headers: do this before the jobs of an array start.")
    ] = False,
    device: Device = "auto",
    precision: Precision = "float32",
    runtime: Runtime = RuntimeName.TORCH,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Score an archive of any size: rows of scores, no maps.

    Use it for thousands of exams; `mammolens predict` analyses a few, with findings, maps and pictures. Both give the
    same scores, except that those of lossless JPEG 2000 differ slightly without --all-details.

    Writes OUT/images and OUT/exams, Parquet files with a row per image and per exam (docs/scale.md), also for images
    that cannot be scored, and OUT/manifests, which say what scored them. After any stop, also by kill or a power cut,
    the same command continues; every image has exactly one row. The images are those of the first run: results of a
    source that has grown since need a new folder.

    The exit code is 0 even if images could not be scored: see the column 'failure'.

    Examples:
        mammolens score /archive -o scores

        mammolens score s3://bucket/mammograms -o scores --shard 3/20

        mammolens score http://127.0.0.1:8042/dicom-web -o scores
    """
    with one_line_errors(f"stopped; the scores so far are in {output}; run the same command to continue"):
        from mammolens.archive.exam_scoring import Scoring
        from mammolens.archive.score import index_archive, score_archive
        from mammolens.models.devices import choose_device
        from mammolens.models.store import pretrained_directory

        part, known = _shard(shard), _known(table)
        scoring = Scoring(
            (model or pretrained_directory()).resolve(),
            thumbnails,
            runtime,
            choose_device(device, precision),
            all_details,
        )
        with _opened(source) as archive, _engine(engine, address, workers) as worker, progress_bar("images") as bar:
            _check_reach(archive, engine)
            observer = _BarObserver(bar)
            if index_only:
                index_archive(archive, output, worker, known=known, observer=observer)
                return
            manifest = score_archive(archive, output, scoring, worker, shard=part, known=known, observer=observer)
        if as_json:
            typer.echo(manifest.model_dump_json())
        else:
            _print(manifest, output)


class _BarObserver:
    """Shows a run as a bar for the index and one for the scores; in a log, as a line per minute."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._index: TaskID | None = None
        self._scores: TaskID | None = None
        self._next_line = time.monotonic() + _LINE_EVERY_S

    def indexing(self, images: int) -> None:
        """Show the number of images in the index."""
        if self._index is None:
            self._index = self._bar.add_task("reading headers", total=None)
        self._bar.update(self._index, completed=images)
        self._line(f"headers of {images} images are read")

    def scoring(self, done: int, total: int, failures: Counter[FailureKind]) -> None:
        """Show how many images are done, and why some have no score."""
        text = failures_text(failures)
        described = f"scoring ({text})" if text else "scoring"
        if self._scores is None:
            self._scores = self._bar.add_task(described, total=total, completed=done)
        self._bar.update(self._scores, completed=done, description=described)
        task = self._bar.tasks[-1]
        rate = f", {task.speed:.2f} per second" if task.speed else ""
        left = f", {task.time_remaining / 3600:.1f} hours left" if task.time_remaining is not None else ""
        self._line(f"{done} of {total} images{rate}{left}{f'; without a score: {text}' if text else ''}")

    def _line(self, text: str) -> None:
        if not self._bar.console.is_terminal and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY_S
            say(text)


def failures_text(failures: Counter[FailureKind]) -> str:
    """Counts by reason: '3 pixel data, 1 unsupported'."""
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in failures.most_common())


def _print(manifest: Manifest, output: Path) -> None:
    from collections import Counter

    failed = Counter(manifest.failures)
    scored = manifest.images - failed.total()
    without = f", {failed.total()} without a score ({failures_text(failed)})" if failed else ""
    part = f" of shard {manifest.shard}/{manifest.shards}" if manifest.shards > 1 else ""
    out().print(f"{scored} images scored{without}, {manifest.exams} exams{part}; see {output}", soft_wrap=True)
    out().print(manifest.notice)


def _shard(text: str) -> Shard:
    from mammolens.archive.exam_index import Shard
    from mammolens.errors import ConfigError

    number, _, of = text.partition("/")
    try:
        return Shard(int(number), int(of))
    except ValueError as error:
        raise ConfigError("--shard", f"'{text}' is not part of an archive", "write, for example, 3/20") from error


def _known(table: Path | None) -> Known:
    """Attributes of an image by its path, from a table if there is one."""
    from mammolens.archive.score import nothing_known

    if table is None:
        return nothing_known
    from mammolens.datasets.table import find_image, read_table
    from mammolens.types import ImageAttributes

    read = read_table(table)
    for error in read.nameless:
        say_warning(str(error))

    def known(location: str) -> ImageAttributes:
        image = find_image(read, Path(location))
        if image is not None and image in read.unusable:
            raise read.unusable[image]
        return read.rows[image].attributes if image is not None else ImageAttributes()

    return known


@contextmanager
def _opened(source: str) -> Iterator[ArchiveSource]:
    if not source.startswith(("http://", "https://")):
        from mammolens.archive.sources import open_archive

        yield open_archive(source)
        return
    from mammolens.cli.pacs_process import pacs_archive

    with pacs_archive(source) as archive:
        yield archive


@contextmanager
def _engine(engine: ScoreEngine, address: str | None, workers: int | None) -> Iterator[Engine]:
    from mammolens.errors import ConfigError

    if engine is ScoreEngine.RAY:
        if workers is not None:
            raise ConfigError("--workers", "does not apply to Ray, which uses all cores of the cluster", "leave it out")
        from mammolens.archive.ray_engine import ray_engine

        with ray_engine(address) as cluster:
            yield cluster
        return
    if address is not None:
        raise ConfigError("--address", "applies to a Ray cluster only", "add --engine ray, or leave it out")
    from mammolens.archive.process_engine import ProcessEngine

    yield ProcessEngine(workers or _cores())


def _check_reach(archive: ArchiveSource, engine: ScoreEngine) -> None:
    from mammolens.errors import ConfigError

    if archive.fetch is not None and engine is ScoreEngine.RAY:
        raise ConfigError("--engine", "nodes of a Ray cluster cannot read a PACS", "use --engine local")


def _cores() -> int:
    """Cores that this process may use; a batch system often gives it a part of the computer's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
