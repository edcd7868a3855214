"""The cost of drift monitoring for a large site's requests; by hand: ``.venv/bin/python benchmarks/drift_monitor.py``.

The reference is the worklist, which is recomputed at the same times. The PACS is a list in memory and the scores are
invented; datastore, worklist, ledger and model are the server's own.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest
from pydicom.dataset import Dataset

from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.stored_score import StoredScore
from mammolens.labelapp.exams.decisions import Decisions
from mammolens.labelapp.exams.drift_monitor import DriftMonitor
from mammolens.labelapp.exams.exam import Exams
from mammolens.labelapp.exams.service import ExamService
from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.process import launcher
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.pacs.archive import Instance
from mammolens.labelapp.routes.metrics import ServerMetrics
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import ResultPolicy
from mammolens.models.store import ModelStore
from mammolens.review.ledger import Ledger
from mammolens.review.policy import PolicyName

_VIEWS = [("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")]


class Archive:
    """A PACS of this many exams of four views."""

    url = "http://pacs.example/dicom-web"

    def __init__(self, exams: int) -> None:
        self.exams = exams

    def instances(self) -> list[Instance]:
        """Of all exams."""
        return [
            Instance(
                f"1.2.3.{exam}.{view}",
                f"1.2.3.{exam}.9{view}",
                f"1.2.3.{exam}",
                {"PatientID": f"P{exam}", "ImageLaterality": side, "ViewPosition": name, "StudyDate": "20260101"},
            )
            for exam in range(1, self.exams + 1)
            for view, (side, name) in enumerate(_VIEWS, start=1)
        ]

    def find(self, sop_instance_uid: str) -> Instance | None:
        """Nothing that is not in the list."""
        return None

    def fetch(self, instance: Instance, path: Path) -> None:
        """Never asked for."""

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Never asked for."""


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--exams", type=int, default=10_000)
    options.add_argument("--runs", type=int, default=7)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name, Ledger.open(Path(name) / "decisions.sqlite") as ledger:
        folder = Path(name)
        serving = ServingModel(ModelStore(folder / "models"))
        images = MammogramDicomWeb(Archive(chosen.exams), folder / "cache", expiry_seconds=3600)
        service = ExamService(
            serving, Exams(images), images, Decisions(ledger, PolicyName.LATEST), ResultPolicy(), lambda work: work()
        )
        score(images, serving.predictor())
        queue = LearningQueue(JobFiles(folder / "jobs"), launcher(1))
        measure(service, images, DriftMonitor(service.worklist, images, serving, lambda: None), queue, chosen.runs)


def score(images: MammogramDicomWeb, predictor: Predictor) -> None:
    """Remember a score of each image."""
    drawn = random.Random(0)
    raw = [image.raw_score for image in predictor.calibration.images]
    group = next(iter(predictor.calibration.acquisition_groups))
    infos = {}
    for image in images.list_images():
        stored = StoredScore(
            drawn.gauss(0, 1),
            drawn.choice(raw),
            0.5,
            predictor.model_id,
            predictor.calibration_id,
            acquisition_group=group,
            sop_instance_uid=image,
        )
        infos[image] = stored.as_info()
    images.update_image_infos(infos)


def measure(
    service: ExamService, images: MammogramDicomWeb, watch: DriftMonitor, queue: LearningQueue, runs: int
) -> None:
    """Print medians."""
    first, *_ = images.list_images()
    metrics = ServerMetrics(service.worklist, watch, queue)
    service.worklist.in_order()
    taken: dict[str, list[float]] = {}
    for run in range(runs):
        images.update_image_info(first, {"note": run})
        _timed(taken, "worklist, after a score has changed", service.worklist.in_order)
        _timed(taken, "drift, after a score has changed", watch.detail)
        _timed(taken, "worklist, nothing has changed", service.worklist.in_order)
        _timed(taken, "drift, nothing has changed", watch.detail)
        _timed(taken, "GET /metrics, nothing has changed", lambda: generate_latest(metrics))
    print("| what | milliseconds, median |\n|---|---|")
    for what, seconds in taken.items():
        print(f"| {what} | {1000 * statistics.median(seconds):.2f} |")


def _timed(taken: dict[str, list[float]], what: str, step: Callable[[], Any]) -> None:
    started = time.perf_counter()
    step()
    taken.setdefault(what, []).append(time.perf_counter() - started)


if __name__ == "__main__":
    main()
