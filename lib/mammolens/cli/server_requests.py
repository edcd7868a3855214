"""HTTP requests of the command line to a server; errors are one line."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from mammolens.errors import ServerError
from mammolens.loopback import opener_for

_ADDRESS = "give an address such as http://127.0.0.1:8000"


def ask(
    server: str,
    path: str,
    *,
    method: str = "GET",
    body: dict[str, Any] | None = None,
    token: str | None = None,
    seconds: float = 60,
) -> dict[str, Any]:
    """The JSON that a server answers with.

    Args:
        server: its address, as http://127.0.0.1:8000.
        path: on it.
        method: of HTTP.
        body: sent as JSON.
        token: bearer token, if the server requires one.
        seconds: to wait.

    Raises:
        ServerError: it does not answer, or refuses; with its reason.
    """
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    content = None if body is None else json.dumps(body).encode()
    if not server.startswith(("http://", "https://")):
        raise ServerError(server, "is not a server address", _ADDRESS)
    request = urllib.request.Request(server.rstrip("/") + path, content, headers, method=method)
    try:
        with opener_for(server).open(request, timeout=seconds) as answer:
            document: dict[str, Any] = json.load(answer)
            return document
    except urllib.error.HTTPError as error:
        raise ServerError(path, f"the server answers {error.code} ({_detail(error)})", "see its log") from error
    except (OSError, ValueError) as error:
        raise ServerError(
            server, _no_answer(error, seconds), f"start it with 'mammolens serve', or {_ADDRESS}"
        ) from error


def _no_answer(error: Exception, seconds: float) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no server has answered for {seconds:.0f} s"
    if isinstance(reason, OSError):
        return f"no server answers there ({reason.strerror or reason})"
    return "the server there is not a MammoLens server"


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return error.reason
