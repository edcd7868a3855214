"""Times of all requests by route, for `GET /metrics`."""

from __future__ import annotations

import time
from typing import Final

from monailabel.interfaces.utils.app import app_instance
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS: Final = (0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0)
_NO_ROUTE: Final = "none"
_OTHER_METHOD: Final = "other"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestTimes:
    """Histograms since this app was built.

    Attributes:
        registry: what a scrape collects.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "mammolens_request_seconds",
            "Time from a request to the beginning of its answer.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request by its route, never by its path, which contains exam IDs and arbitrary input of clients.

        Args:
            scope: of the request.
            status: of the answer, counted by its first digit.
            seconds: until the answer began.
        """
        method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
        route = getattr(scope.get("route"), "path", _NO_ROUTE)
        self._seconds.labels(method, route, f"{status // 100}xx").observe(seconds)


class RequestMetrics:
    """ASGI middleware that observes every request; one that was refused before routing has the route 'none'.

    Args:
        app: what comes behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and observe when the answer begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                times: RequestTimes = app_instance().request_times
                times.observe(scope, message["status"], time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, observed)
