import asyncio
import inspect
import threading

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from mammolens.errors import RequestError
from mammolens.labelapp.routes.stock import in_a_thread, stock_routes


async def _handler(image: str, check_only: bool = False) -> str:
    """What it does."""
    return threading.current_thread().name


def test_a_handler_runs_in_the_threadpool_with_the_same_signature() -> None:
    app = FastAPI()
    app.add_api_route("/x", in_a_thread("/x", _handler))
    names = {TestClient(app).get("/x?image=a.dcm").json() for _ in range(3)}
    assert all("AnyIO worker thread" in name for name in names)
    assert inspect.signature(in_a_thread("/x", _handler)) == inspect.signature(_handler)


def test_arguments_are_checked_before_the_handler_sees_them() -> None:
    with pytest.raises(RequestError, match="is not an image id"):
        asyncio.run(in_a_thread("/x", _handler)(image="/etc/passwd"))


def test_what_replaces_weights_or_reads_slides_is_left_out() -> None:
    routes = {(route.path, method) for route in stock_routes().routes for method in route.methods}  # type: ignore[attr-defined]
    assert ("/model/{model}", "GET") in routes
    assert ("/model/{model}", "PUT") not in routes
    assert not [path for path, _ in routes if "wsi" in path or path.startswith(("/logs", "/proxy"))]
