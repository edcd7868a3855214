"""Gives each request an id, by which its answer, its lines in the log and its audit record are found."""

from __future__ import annotations

import re
import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mammolens.labelapp.log_format import current_request_id

HEADER: Final = "X-Request-ID"
_KEY: Final = "mammolens.request_id"
_TAKEN: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestIds:
    """ASGI middleware; takes the id that a proxy has given, or makes one, and returns it with the answer.

    Args:
        app: what comes behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, with an id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        scope[_KEY] = request_id = given if _TAKEN.fullmatch(given) else secrets.token_hex(8)

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        known = current_request_id.set(request_id)
        try:
            await self._app(scope, receive, with_id)
        finally:
            current_request_id.reset(known)


def request_id_of(scope: Scope) -> str:
    """The id of a request; empty where it has none."""
    return str(scope.get(_KEY, ""))
