"""Turn MONAI Label's web application into ours: its routes checked and threaded, its doors closed."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Final

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from monailabel.config import Settings
from monailabel.endpoints.user.auth import DEFAULT_USER, get_current_user
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from mammolens.labelapp.routes import (
    audit,
    background_inference,
    decisions,
    documentation,
    erasures,
    exams,
    health,
    infer,
    jobs,
    login,
    metrics,
    models,
    ohif,
    others,
    present,
    proxy,
    reader_studies,
    reviews,
    site_pages,
    train,
)
from mammolens.labelapp.routes.access_audit import AccessAudit, audit_rules_of
from mammolens.labelapp.routes.admission import Admission, Authenticate, admitted_user, rules_of
from mammolens.labelapp.routes.authentication import RealmTokens
from mammolens.labelapp.routes.error_responses import ERRORS, add_error_responses
from mammolens.labelapp.routes.local_accounts import LocalAccounts
from mammolens.labelapp.routes.openid_logins import OpenIdLogins
from mammolens.labelapp.routes.request_ids import RequestIds
from mammolens.labelapp.routes.request_metrics import RequestMetrics
from mammolens.labelapp.routes.response_headers import ResponseHeaders
from mammolens.labelapp.routes.security import Gatekeeper
from mammolens.labelapp.routes.stock import stock_routes

_KEPT = {"/openapi.json", "/favicon.ico"}
_IDLE_S: Final = 75  # after which nginx closes a connection, too


def harden(
    app: FastAPI, settings: Settings, authenticate: Authenticate | None = None, reviewer: str | None = None
) -> None:
    """Replace routes, middleware, error responses and idle time; doing it twice changes nothing more.

    Left out of MONAI Label's routes are those that load scripts of other sites (``/docs``), those for
    whole-slide images, those that replace or remove a model's weights, and ``/static``, a second OHIF.

    Args:
        app: ``monailabel.app.app``; it may be running already.
        settings: MONAI Label's.
        authenticate: gives the user of a token, where authentication is enabled; ``None``: by the realm's tokens.
        reviewer: name of all users if it is not enabled; ``None``: 'admin'.
    """
    guarded = settings.MONAI_LABEL_AUTH_ENABLE
    ours, of_login = _routes(app)
    app.router.routes[:] = [*ours, *(of_login if guarded else [])]
    app.dependency_overrides[get_current_user] = admitted_user
    add_error_responses(app)
    users = (authenticate or RealmTokens.of(settings)) if guarded else None
    takes_cookies = isinstance(users, (LocalAccounts, OpenIdLogins))
    everyone = DEFAULT_USER.model_copy(update={"username": reviewer} if reviewer else {})
    admission = Middleware(
        Admission,
        rules=rules_of(app.routes),
        authenticate=users,
        takes_cookies=takes_cookies,
        everyone=everyone,
    )
    audited = Middleware(AccessAudit, rules=audit_rules_of(app.routes))
    app.user_middleware[:] = _middleware(settings, [audited, admission])
    # They were built before the app was loaded; the next request rebuilds them.
    app.middleware_stack = app.openapi_schema = None
    _keep_idle_connections()


@cache  # FastAPI takes a fifth of a second to work out what these depend on
def _routes(app: FastAPI) -> tuple[list[BaseRoute], list[BaseRoute]]:
    """The application's routes, followed by the routes of the login."""
    routes = app.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", None) in _KEPT]
    for router in (
        health.router,
        site_pages.router,
        exams.router,
        background_inference.router,
        decisions.router,
        audit.router,
        erasures.router,
        reviews.router,
        reader_studies.router,
        metrics.router,
        jobs.router,
        models.router,
        train.router,
        infer.router,
        present.router,
        proxy.router,
        others.router,
        ohif.router,
        documentation.router,
        stock_routes(),
    ):
        app.include_router(router, responses=ERRORS)
    ours = list(routes)
    app.include_router(login.router, responses=ERRORS)
    return ours, routes[len(ours) :]


def _keep_idle_connections() -> None:
    """Close connections long after clients do.

    uvicorn closes one that was idle for 5 s, as httpx does: a request that is sent at that moment is lost, and its
    client gets no answer. MONAI Label's command has no option for it, and uvicorn has its settings before the app is
    loaded.
    """
    AutoHTTPProtocol.timeout_keep_alive = property(lambda _: _IDLE_S, lambda *_: None)  # type: ignore[attr-defined]


def _middleware(settings: Settings, inner: list[Middleware]) -> list[Middleware]:
    # A URL type puts a slash behind the host; browsers send origins without one.
    origins = [str(origin).rstrip("/") for origin in settings.MONAI_LABEL_CORS_ORIGINS]
    door = Middleware(
        Gatekeeper,
        authenticated=settings.MONAI_LABEL_AUTH_ENABLE,
        behind_proxy=bool(os.environ.get("FORWARDED_ALLOW_IPS")),
        origins=origins,
    )
    outer = [Middleware(RequestIds), Middleware(RequestMetrics), Middleware(ResponseHeaders), door]
    if not origins:
        return [*outer, *inner]
    everything: dict[str, Any] = {"allow_credentials": True, "allow_methods": ["*"], "allow_headers": ["*"]}
    return [*outer, Middleware(CORSMiddleware, allow_origins=origins, **everything), *inner]
