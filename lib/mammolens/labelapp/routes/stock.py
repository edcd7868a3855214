"""MONAI Label's own routes, in the threadpool and with checked arguments.

MONAI Label's handlers are `async def` around blocking work, so one blocks all others. Here each runs in a thread,
and those that wait for a task (`run_sync`) have their own queue. Path, authorisation and documentation do not change.
"""

from __future__ import annotations

import asyncio
import inspect
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from monailabel.endpoints import (
    activelearning,
    batch_infer,
    datastore,
    info,
    model,
    scoring,
    session,
)
from starlette.background import BackgroundTask

from mammolens.labelapp.routes.access_audit import ADDED_IMAGE
from mammolens.labelapp.routes.arguments import checked
from mammolens.labelapp.routes.dependencies import task_queue

_MODULES = (info, model, batch_infer, activelearning, scoring, datastore, session)
_NOT_OFFERED = {("/model/{model}", "PUT"), ("/model/{model}", "DELETE")}  # models are published by training alone
_UPLOADS = {("/datastore/", "PUT"), ("/datastore/image", "PUT")}
_FILES = {"/datastore/image", "/datastore/label", "/datastore/dataset", "/model/{model}"}
_ANY_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}
_OURS = {
    ("/datastore/", "GET"),
    ("/datastore/image/info", "GET"),
    ("/datastore/image/info", "PUT"),
    ("/datastore/label", "PUT"),
}


def stock_routes() -> APIRouter:
    """The routes that are kept.

    Those for login, infer, training, logs, the proxy and OHIF are ours, those for slides are left out.
    """
    router = APIRouter()
    for module in _MODULES:
        for route in module.router.routes:
            if isinstance(route, APIRoute) and not any(
                (route.path, way) in _NOT_OFFERED | _OURS for way in route.methods or ()
            ):
                _add(router, route)
    return router


def _add(router: APIRouter, route: APIRoute) -> None:
    answers_file = route.path in _FILES and route.methods == {"GET"}
    run = in_a_thread(route.path, route.endpoint)
    router.add_api_route(
        route.path,
        _noting_the_image(run) if _UPLOADS & {(route.path, way) for way in route.methods or ()} else run,
        methods=list(route.methods or ()),
        response_model=route.response_model,
        summary=route.summary,
        tags=route.tags,
        responses=_ANY_FILE if answers_file else {},  # its own 404 says less than ours
        response_class=FileResponse if answers_file else route.response_class,
        deprecated=route.deprecated,
        include_in_schema=route.include_in_schema,
    )


@contextmanager
def cleaned_up(tasks: BackgroundTasks | None) -> Iterator[None]:
    """Do at once, where an error is answered, what was put off until after the answer: the removal of an upload's copy.

    Starlette runs background tasks after an answer only, and MONAI Label uses them for nothing else.
    """
    try:
        yield
    except BaseException:
        for task in tasks.tasks if tasks else ():
            task.func(*task.args, **task.kwargs)
        raise


def _removed_afterwards(answer: Any) -> Any:
    """A temporary file that is answered, such as an archive of labelled images, goes once it was sent."""
    if isinstance(answer, FileResponse) and Path(answer.path).is_relative_to(tempfile.gettempdir()):
        answer.background = BackgroundTask(Path(answer.path).unlink, missing_ok=True)
    return answer


def in_a_thread(path: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """The same handler with checked arguments, in a thread."""

    def call(arguments: Mapping[str, Any]) -> Any:
        with cleaned_up(arguments.get("background_tasks")):
            answer = handler(**checked(path, arguments))
            return _removed_afterwards(asyncio.run(answer) if inspect.iscoroutine(answer) else answer)

    async def run(**arguments: Any) -> Any:
        if arguments.get("run_sync"):
            return await task_queue().run(lambda: call(arguments))
        return await run_in_threadpool(call, arguments)

    run.__name__, run.__doc__ = handler.__name__, handler.__doc__
    vars(run)["__signature__"] = inspect.signature(handler)
    return run


def _noting_the_image(run: Callable[..., Any]) -> Callable[..., Any]:
    """The same handler, of an upload, which notes for the access audit which image was added."""

    async def run_and_note(upload_request: Request, **arguments: Any) -> Any:
        answer = await run(**arguments)
        upload_request.scope[ADDED_IMAGE] = answer["image"]
        return answer

    run_and_note.__name__, run_and_note.__doc__ = run.__name__, run.__doc__
    signature = inspect.signature(run)
    request = inspect.Parameter("upload_request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    vars(run_and_note)["__signature__"] = signature.replace(parameters=[*signature.parameters.values(), request])
    return run_and_note
