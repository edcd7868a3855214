"""What Ray costs: exams through Ray's engine and through the local one, with 1 and 2 workers.

Run by hand: ``python benchmarks/ray_engine.py``. Ray starts on this computer with as many cores as workers. 'Empty'
exams are tasks and rows of four images, which nobody reads or scores. Processor seconds are of all processes, and of
the one that hands out the exams; on a busy computer they say more than seconds. The first exams, which start the
workers and load the model, are not counted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil
import ray
from archive import write_archive

from mammolens.archive.exam_scoring import Scoring, crashed_exam, score_exam
from mammolens.archive.process_engine import ProcessEngine
from mammolens.archive.ray_engine import RayEngine
from mammolens.archive.tasks import ExamRows, ExamTask, ImageTask
from mammolens.models.store import pretrained_directory
from mammolens.types import ImageAttributes

_FIRST = 16  # exams that are not counted


class Used(NamedTuple):
    """Seconds, processor seconds of all processes, and of this one."""

    seconds: float
    everywhere: float
    here: float


def used() -> Used:
    """Until now, by this process and those that it or Ray started and that still run."""
    me, everywhere = psutil.Process(), 0.0
    for one in [me, *me.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.Error:
            continue
        everywhere += times.user + times.system
    return Used(time.monotonic(), everywhere, time.process_time())


def exams_of(files: Sequence[Path]) -> list[ExamTask]:
    """An exam for every four files, each of another patient."""
    exams = []
    for number in range(len(files) // 4):
        patient, study = f"P{number}", f"1.2.826.0.1.3680043.8.498.{number}"
        attributes = ImageAttributes(patient_id=patient)
        images = tuple(
            ImageTask(f"{number}/{file.name}", str(file), f"{study}.{place}", attributes)
            for place, file in enumerate(files[4 * number : 4 * number + 4])
        )
        exams.append(ExamTask(number, patient, study, images))
    return exams


@contextmanager
def engine_of(name: str, workers: int) -> Iterator[ProcessEngine | RayEngine]:
    """The local engine, or Ray's, which Ray's own processes serve."""
    if name == "local":
        yield ProcessEngine(workers)
        return
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
    ray.init(num_cpus=workers, log_to_driver=False, include_dashboard=False)
    try:
        yield RayEngine()
    finally:
        ray.shutdown()


def per_exam(
    engine: ProcessEngine | RayEngine, work: Callable[[ExamTask], ExamRows], exams: Sequence[ExamTask]
) -> Used:
    """Of the exams behind the first."""
    began = ended = used()
    for number, _ in enumerate(engine.map(work, exams, crashed_exam), 1):
        if number == _FIRST:
            began = used()
        elif number == len(exams):
            ended = used()
    counted = len(exams) - _FIRST
    return Used(*((last - first) / counted for first, last in zip(began, ended, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--empty", type=int, default=4000, help="empty exams")
    parser.add_argument("--exams", type=int, default=48, help="exams that are scored; 0: none")
    parser.add_argument("--rows", type=int, default=2048, help="of each image")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--runs", type=int, default=1, help="of each row, interleaved")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.exams:
            write_archive(Path(folder) / "archive", 4 * options.exams, options.rows)
        files = sorted((Path(folder) / "archive").rglob("*.dcm"))
        score = partial(score_exam, Scoring(pretrained_directory()))
        kinds: dict[str, tuple[Callable[[ExamTask], ExamRows], list[ExamTask]]] = {
            "empty": (crashed_exam, exams_of([Path(f"/archive/{number}.dcm") for number in range(4 * options.empty)])),
            "scored": (score, exams_of(files)),
        }
        print("| exams | workers | engine | ms | CPU ms, all processes | CPU ms, the one that hands out |", flush=True)
        print("|---|---|---|---|---|---|", flush=True)
        for _ in range(options.runs):
            for kind, (work, exams) in ((kind, how) for kind, how in kinds.items() if len(how[1]) > _FIRST):
                for workers in options.workers:
                    for name in ("local", "Ray"):
                        with engine_of(name, workers) as engine:
                            found = " | ".join(f"{1000 * figure:.3g}" for figure in per_exam(engine, work, exams))
                        print(f"| {kind} | {workers} | {name} | {found} |", flush=True)


if __name__ == "__main__":
    main()
