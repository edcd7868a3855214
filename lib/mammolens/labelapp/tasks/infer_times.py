"""How many images were judged on request, how that ended and how long it took, for ``GET /metrics``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from prometheus_client import CollectorRegistry, Histogram

from mammolens.errors import MammoLensError

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Ending(StrEnum):
    """How a request ended."""

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
            ["ending"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        for ending in Ending:  # so that they are told as 0 before the first request
            self._seconds.labels(ending)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time what is done within; an error goes on as it was."""
        started, ending = time.monotonic(), Ending.FAILED
        try:
            yield
            ending = Ending.ANSWERED
        except MammoLensError:
            ending = Ending.REFUSED
            raise
        finally:
            self._seconds.labels(ending).observe(time.monotonic() - started)
