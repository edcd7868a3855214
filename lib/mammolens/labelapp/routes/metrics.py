"""`GET /metrics`: what a monitoring system watches, in Prometheus' text format; nothing of a patient."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import prometheus_client
from fastapi import APIRouter
from fastapi.responses import Response
from monailabel.config import RBAC_USER
from monailabel.interfaces.utils.app import app_instance
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from mammolens import __version__
from mammolens.calibration.drift import DriftCause
from mammolens.errors import MammoLensError
from mammolens.labelapp.delivery.courier import Courier
from mammolens.labelapp.exams.drift_monitor import DriftMonitor
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.responses.exams import ExamState, ExamSummary
from mammolens.labelapp.responses.learning import DriftDetail
from mammolens.labelapp.routes.dependencies import FOR_USERS, TEXT

router = APIRouter(tags=["Others"])
_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


@router.get(
    "/metrics",
    summary=f"{RBAC_USER}Counts and times for Prometheus",
    dependencies=FOR_USERS,
    response_class=Response,
    responses=TEXT,
)
def metrics() -> Response:
    """Exams, drift, the serving model, the learning job, disk and PACS, and the times of requests and their steps."""
    app = app_instance()
    now = ServerMetrics(
        app.infer_queue.waiting,
        app.exam_service.worklist,
        app.drift_monitor,
        app.learning,
        app.folders(),
        app.pacs_trouble,
        app.courier,
    )
    counted = app.infer_times, app.request_times, app.removals
    text = b"".join(map(generate_latest, (now, *(one.registry for one in counted))))
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class ServerMetrics:
    """Gauges, computed on request: a collector of prometheus_client."""

    waiting: int
    worklist: Worklist
    drift: DriftMonitor
    learning: LearningQueue
    folders: Mapping[str, Path]
    pacs_trouble: Callable[[], str | None]
    courier: Courier

    def collect(self) -> Iterable[Metric]:
        """All gauges; those of exams and drift only while a model serves, and PACS and ledger answer."""
        yield InfoMetricFamily("mammolens", "Version of MammoLens.", value={"version": __version__})
        yield from _of_learning(self.learning)
        yield from _of_disks(self.folders)
        yield from _of_deliveries(self.courier)
        yield _gauge("mammolens_infer_waiting", "Requests that wait for inference.", self.waiting)
        try:
            found = [*_of_exams(self.worklist.entries()), *_of_drift(self.drift.detail())]
        except MammoLensError:
            found = []
        yield _gauge(
            "mammolens_pacs_up", "Whether images can be listed; 1 for a folder.", float(not self.pacs_trouble())
        )
        yield _gauge("mammolens_ready", "Whether a model serves and the exams are known.", float(bool(found)))
        yield from found


def _of_learning(learning: LearningQueue) -> Iterator[Metric]:
    running = learning.running()
    kinds = {kind: float(running is not None and running.kind is kind) for kind in LearningKind}
    yield _gauges("mammolens_learning_job_running", "Whether a job of this kind runs.", "kind", kinds)
    yield _gauge("mammolens_learning_jobs_queued", "Jobs that wait.", len(learning.queued()))


def _of_disks(folders: Mapping[str, Path]) -> Iterator[Metric]:
    usages = {name: shutil.disk_usage(folder) for name, folder in folders.items() if folder.exists()}
    free = {name: float(usage.free) for name, usage in usages.items()}
    total = {name: float(usage.total) for name, usage in usages.items()}
    yield _gauges("mammolens_disk_free_bytes", "Free space where the server writes.", "folder", free)
    yield _gauges("mammolens_disk_total_bytes", "Size of the disk where the server writes.", "folder", total)


def _of_deliveries(courier: Courier) -> Iterator[Metric]:
    found = courier.summaries()
    waiting = {kind: float(one.waiting) for kind, one in found.items()}
    since = {kind: one.waiting_since.timestamp() if one.waiting_since else 0.0 for kind, one in found.items()}
    failed = {kind: float(one.failed) for kind, one in found.items()}
    up = {kind: float(one.trouble is None) for kind, one in found.items()}
    yield _gauges("mammolens_deliveries_waiting", "Results that wait for delivery.", "kind", waiting)
    yield _gauges("mammolens_deliveries_waiting_since_seconds", "When the oldest was there; 0: none.", "kind", since)
    yield _gauges("mammolens_deliveries_failed", "Results given up, or refused in part.", "kind", failed)
    yield _gauges("mammolens_deliveries_up", "Whether the receiver could be reached.", "kind", up)


def _of_exams(entries: Iterable[ExamSummary]) -> Iterator[Metric]:
    states: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    scored = 0
    for entry in entries:
        states[entry.state] += 1
        verdicts[entry.verdict or "none"] += 1
        scored += entry.exam_p_value is not None
    yield _gauges("mammolens_exams", "Exams of the worklist.", "state", {state: states[state] for state in ExamState})
    yield _gauge("mammolens_exams_scored", "Exams scored by the model in use.", scored)
    yield _gauge("mammolens_exams_unreviewed", "Exams without a verdict.", verdicts["none"])


def _of_drift(drift: DriftDetail) -> Iterator[Metric]:
    raised = {alarm.cause for alarm in drift.alarms}
    yield InfoMetricFamily(
        "mammolens_serving", "What serves.", value={"model": drift.model, "calibration": drift.calibration}
    )
    alarms = {cause: float(cause in raised) for cause in DriftCause}
    yield _gauges("mammolens_drift_alarm", "Whether there is an alarm of this cause.", "cause", alarms)
    yield _gauge("mammolens_drift_exams", "Exams that are watched for drift.", drift.exams)
    bins = len(drift.p_values)
    counts = {f"{index / bins:g}": count for index, count in enumerate(drift.p_values, start=1)}
    words = "Watched exams with a p-value up to this one and above the one before."
    yield _gauges("mammolens_drift_p_values", words, "up_to", counts)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _gauges(name: str, words: str, label: str, values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([str(key)], value)
    return family


class InferOutcome(StrEnum):
    """Outcome of a request."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


class InferTimes:
    """Counts since this app was built.

    Attributes:
        registry: what a scrape collects.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "mammolens_infer_seconds",
            "Time from an infer request to its answer, waiting for other requests included.",
            ["outcome"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._steps = Histogram(
            "mammolens_infer_step_seconds",
            "Time of a step of POST /infer, without waiting.",
            ["step"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        for outcome in InferOutcome:  # so that they are 0 before the first request
            self._seconds.labels(outcome)

    def observe_steps(self, latencies: Mapping[str, float]) -> None:
        """Count seconds by step."""
        for step, seconds in latencies.items():
            self._steps.labels(step).observe(seconds)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Measure the time of the block; errors are passed on."""
        started, outcome = time.monotonic(), InferOutcome.FAILED
        try:
            yield
            outcome = InferOutcome.ANSWERED
        except MammoLensError:
            outcome = InferOutcome.REFUSED
            raise
        finally:
            self._seconds.labels(outcome).observe(time.monotonic() - started)


class Removals:
    """Counts since this app was built.

    Attributes:
        registry: what a scrape collects.
        erasures: of patients or exams, that were carried out.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.erasures = prometheus_client.Counter(
            "mammolens_erasures", "Erasures of patients or exams that were carried out.", registry=self.registry
        )
