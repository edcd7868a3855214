"""Decides by the headers of a request alone whether it is let in: who asks, in which role, with what kind of body."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import params
from fastapi.routing import iter_route_contexts
from monailabel.endpoints.user.auth import DEFAULT_USER, RBAC, User, get_current_user
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mammolens.labelapp.routes.body_rules import BODY_RULES, DEFAULT_FORM, DEFAULT_JSON, BodyRule
from mammolens.labelapp.routes.browser_session import LOGIN_HEADER, LOGIN_PAGE, login_address, token_of_cookie
from mammolens.labelapp.routes.dependencies import infer_queue

Authenticate = Callable[[str], Awaitable[User]]
"""The user whom a bearer token names; raises HTTPException with 401 or 503."""

_USER: Final = "mammolens.user"


@dataclass(frozen=True, slots=True)
class RouteRule:
    """What a route asks of a request.

    Attributes:
        method: of HTTP.
        pattern: of the path.
        roles: checks of the user's role, those that the route itself depends on.
        is_public: whether anyone is answered.
        body: of what kind; ``None`` where the route reads none.
        waits: whether its work waits in the queue of inference.
    """

    method: str
    pattern: re.Pattern[str]
    roles: tuple[RBAC, ...]
    is_public: bool
    body: BodyRule | None
    waits: bool

    def applies_to(self, scope: Scope) -> bool:
        """Whether this route answers the request."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return scope["method"] == self.method and self.pattern.match(path) is not None


def rules_of(routes: Sequence[BaseRoute]) -> list[RouteRule]:
    """The rules of an app's routes, in the order in which they are tried.

    Roles are those that a route depends on, so that each is declared once, at the route.
    """
    found = []
    for route in iter_route_contexts(routes):
        if not route.path or not route.methods:
            continue
        calls = tuple(_calls(getattr(route, "dependant", None)))
        roles = tuple(call for call in calls if isinstance(call, RBAC))
        pattern, _, _ = compile_path(route.path)
        for method in route.methods:
            body = _body_rule(method, route.path, getattr(route, "body_field", None))
            is_public, waits = get_current_user not in calls, infer_queue in calls
            found.append(RouteRule(method, pattern, roles, is_public, body, waits))
    return found


class Admission:
    """ASGI middleware that lets a request in, or answers 401, 403, 413, 415 or 429 before a byte of its body is read.

    Of a body without a declared length, the bytes are counted as they come.

    Args:
        app: what comes behind.
        rules: of the routes.
        authenticate: the user of a token; ``None``: everyone who gets here is the same user.
        takes_cookies: whether a browser's cookie may hold the token; a person without one is led to the login page.
        everyone: that user, by default MONAI Label's 'admin' with all roles.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        rules: Sequence[RouteRule],
        authenticate: Authenticate | None,
        takes_cookies: bool = False,
        everyone: User = DEFAULT_USER,
    ) -> None:
        self._app = app
        self._rules = rules
        self._authenticate = authenticate
        self._takes_cookies = takes_cookies
        self._everyone = everyone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with an error, or hand on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = next((rule for rule in self._rules if rule.applies_to(scope)), None)
        try:
            if rule is not None:
                await self._admit(rule, scope)
        except HTTPException as error:
            await self._refusal(scope, error)(scope, receive, send)
            return
        bounded = _counted(receive, rule.body) if rule is not None and rule.body is not None else receive
        await self._app(scope, bounded, send)

    async def _admit(self, rule: RouteRule, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if not rule.is_public:
            scope[_USER] = user = await self._user(scope["method"], headers)
            for role in rule.roles:
                await role(user)
        if rule.body is not None:
            rule.body.check(headers)
        if rule.waits:
            infer_queue().check_room()

    def _refusal(self, scope: Scope, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if self._takes_cookies and error.status_code == 401:
            if address := login_address(scope, Headers(scope=scope)):
                return RedirectResponse(address, 303)
            headers[LOGIN_HEADER] = LOGIN_PAGE
        return JSONResponse({"detail": error.detail}, error.status_code, headers)

    async def _user(self, method: str, headers: Headers) -> User:
        if self._authenticate is None:
            return self._everyone
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" and self._takes_cookies and (found := token_of_cookie(method, headers)):
            scheme, token = "bearer", found
        if scheme.lower() != "bearer" or not token:
            raise HTTPException(401, "not logged in; send a bearer token", {"WWW-Authenticate": "Bearer"})
        return await self._authenticate(token.strip())


def admitted_user(connection: HTTPConnection) -> User:
    """The admitted user; routes depend on it instead of MONAI Label's own check.

    Raises:
        HTTPException: 401 if no user was admitted.
    """
    user = known_user(connection.scope)
    if user is None:  # a route that no rule applied to
        raise HTTPException(401, "not logged in", {"WWW-Authenticate": "Bearer"})
    return user


def known_user(scope: Scope) -> User | None:
    """The user who was recognised, whether or not the request was admitted; ``None``: nobody was."""
    user: User | None = scope.get(_USER)
    return user


def _calls(dependant: Any) -> Iterator[Any]:
    if dependant is not None:
        for needed in dependant.dependencies:
            yield needed.call
            yield from _calls(needed)


def _body_rule(method: str, path: str, field: Any) -> BodyRule | None:
    if field is None:
        return None
    default = DEFAULT_FORM if isinstance(field.field_info, params.Form) else DEFAULT_JSON
    return BODY_RULES.get((method, path), default)


def _counted(receive: Receive, rule: BodyRule) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            rule.check_length(received)
        return message

    return counted
