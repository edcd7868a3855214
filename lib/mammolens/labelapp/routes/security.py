"""The first check: which requests are handled at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_READING = {"GET", "HEAD", "OPTIONS"}
_HOW_TO = (
    "without authentication the server answers only this computer; set MONAI_LABEL_AUTH_ENABLE=true and "
    "MONAI_LABEL_AUTH_REALM_URI, or use a tunnel (ssh -L)"
)

_PROXY = "the request was forwarded by a proxy, which is not allowed without authentication"
# Each says that the request was not sent by the machine that it comes from.
_TAKEN_BY_UVICORN = frozenset({"x-forwarded-for", "x-forwarded-proto"})
_FORWARDING = _TAKEN_BY_UVICORN | {
    "forwarded", "via", "x-forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-server", "x-real-ip",
    "x-client-ip", "x-cluster-client-ip", "x-original-forwarded-for", "x-originating-ip", "x-remote-addr",
    "true-client-ip", "cf-connecting-ip", "fastly-client-ip",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away."""

    status: int
    detail: str


class Gatekeeper:
    """ASGI middleware that turns away, before routing, what must not come in.

    * paths with '..', a backslash or a control character, however often they are percent-encoded;
    * without authentication: clients of other machines, Host headers of other machines (a web page that had its
      name resolved to 127.0.0.1), and what a proxy on this machine hands on, unless the proxy is listed;
    * changes asked for by web pages of other origins than the configured ones.

    Args:
        app: what comes behind.
        authenticated: whether tokens are checked behind.
        behind_proxy: whether ``FORWARDED_ALLOW_IPS`` lists a proxy; uvicorn then takes the client's address from
            ``X-Forwarded-For``.
        origins: of web pages that may use the server, like 'http://viewer.example'.
    """

    def __init__(
        self, app: ASGIApp, *, authenticated: bool, behind_proxy: bool = False, origins: Sequence[str] = ()
    ) -> None:
        self._app = app
        self._authenticated = authenticated
        self._forwarding = _FORWARDING - (_TAKEN_BY_UVICORN if behind_proxy else frozenset())
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with an error, or hand on."""
        refusal = self.refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"detail": refusal.detail}, refusal.status)(scope, receive, send)

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why a request is turned away; ``None`` if it is not."""
        headers = Headers(scope=scope)
        if _climbs(scope.get("raw_path", b"").decode("latin-1")) or _climbs(scope["path"]):
            return Refusal(400, "the path contains '..' or characters that no path of this server has")
        if not self._authenticated and not (_is_loopback(_client(scope)) and _is_loopback(_host(headers))):
            return Refusal(403, _HOW_TO)
        if not self._authenticated and (named := self._forwarding.intersection(headers.keys())):
            return Refusal(403, f"{min(named)}: {_PROXY}; {_HOW_TO}")
        if scope.get("method") not in _READING and self._is_foreign(headers):
            return Refusal(403, "web pages of this origin may not change anything; see MONAI_LABEL_CORS_ORIGINS")
        return None

    def _is_foreign(self, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is None or origin in self._origins:
            return False
        return urlsplit(origin).netloc != headers.get("host")


def _climbs(path: str) -> bool:
    while (decoded := unquote(path)) != path:
        path = decoded
    odd = any(ord(character) < 32 or character == "\\" for character in path)
    return odd or ".." in path.split("/")


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _host(headers: Headers) -> str:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
