"""Records in the audit log who accessed which patient's data, before the answer leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from fastapi.concurrency import run_in_threadpool
from fastapi.routing import iter_route_contexts
from monailabel.interfaces.utils.app import app_instance
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mammolens.access_audit.event import AuditEvent
from mammolens.access_audit.words import EventOutcome
from mammolens.errors import MammoLensError
from mammolens.labelapp.access_recorder import AccessRecorder
from mammolens.labelapp.exams.exam import Exam, Exams
from mammolens.labelapp.routes.admission import known_user
from mammolens.labelapp.routes.audited_routes import AUDITED, AuditedAccess
from mammolens.labelapp.routes.error_responses import status_of, without_folders
from mammolens.labelapp.routes.request_ids import request_id_of

LOGIN_NAME: Final = "mammolens.login_name"
"""Key of a request's scope: the name with which somebody tries to log in."""

ADDED_IMAGE: Final = "mammolens.added_image"
"""Key of a request's scope: the id of an image that it uploaded; the address has the client's name for it, or none."""

_OF_QUERY: Final = ("image", "label", "id", "exam")
_UNKNOWN_STATUS: Final = 401


@dataclass(frozen=True, slots=True)
class AuditRule:
    """A route whose requests are recorded.

    Attributes:
        method: of HTTP.
        path: of the route.
        pattern: that paths of its requests match.
        access: what they are recorded as.
    """

    method: str
    path: str
    pattern: re.Pattern[str]
    access: AuditedAccess


def audit_rules_of(routes: Sequence[BaseRoute]) -> list[AuditRule]:
    """The rules of those routes of an app that are audited."""
    found = []
    for route in iter_route_contexts(routes):
        path = route.path or ""
        for method in route.methods or ():
            if access := AUDITED.get((method, path)):
                pattern, _, _ = compile_path(path)
                found.append(AuditRule(method, path, pattern, access))
    return found


class AccessAudit:
    """ASGI middleware around the admission of requests; refusals of a known user are recorded, too.

    A request that cannot be recorded is not answered: 507 or 503, and nothing of the patient leaves.

    Args:
        app: what comes behind.
        rules: of the routes.
    """

    def __init__(self, app: ASGIApp, *, rules: Sequence[AuditRule]) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on, and record what is answered."""
        rule = self._rule_of(scope) if scope["type"] == "http" else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        withheld = False

        async def recorded(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start":
                try:
                    await _record(rule, scope, message["status"])
                except MammoLensError as error:
                    withheld = True
                    detail = {"detail": without_folders(str(error))}
                    await JSONResponse(detail, status_of(error))(scope, receive, send)
            if not withheld:
                await send(message)

        await self._app(scope, receive, recorded)

    def _rule_of(self, scope: Scope) -> AuditRule | None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return next((rule for rule in self._rules if rule.method == scope["method"] and rule.pattern.match(path)), None)


async def _record(rule: AuditRule, scope: Scope, status: int) -> None:
    app = app_instance()
    recorder: AccessRecorder = app.access_recorder
    user = known_user(scope)
    outcome = EventOutcome.of_status(status)
    if user is None and status == _UNKNOWN_STATUS and LOGIN_NAME not in scope:
        names: dict[str, str] = {}  # what somebody unknown asks for is nobody's data
    else:
        names = dict(_names(rule, scope))
    if ADDED_IMAGE in scope:
        names["image"] = scope[ADDED_IMAGE]
    exam = await _exam_of(names, app.exam_service.exams, is_answered=outcome is EventOutcome.SUCCESS)
    await recorder.record(
        AuditEvent(
            event=rule.access.event,
            event_type=rule.access.event_type,
            action=rule.access.action,
            outcome=outcome,
            user=user.username or "" if user else scope.get(LOGIN_NAME, ""),
            roles=tuple(user.roles or ()) if user else (),
            address=scope["client"][0] if scope.get("client") else "",
            patient=(exam.patient or exam.exam_id) if exam else None,
            exam=exam.exam_id if exam else names.get("exam"),
            image=names.get("image"),
            detail=f"{rule.method} {rule.path}",
            request_id=request_id_of(scope),
        )
    )


def _names(rule: AuditRule, scope: Scope) -> Iterator[tuple[str, str]]:
    """What the address names: exam, image, study."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    found = rule.pattern.match(path)
    query = QueryParams(scope.get("query_string", b""))
    values: dict[str, Any] = {name: query[name] for name in _OF_QUERY if name in query}
    values |= found.groupdict() if found else {}
    for name, value in values.items():
        if name in ("image", "label", "id"):
            yield "image", value
        elif name in ("exam", "study"):
            yield name, value
        elif name == "path":  # of DICOMweb: studies/UID/series/UID/instances/UID
            parts = value.split("/")
            for level, key in (("studies", "study"), ("instances", "image")):
                if level in parts[:-1]:
                    yield key, parts[parts.index(level) + 1]


async def _exam_of(names: dict[str, str], exams: Exams, *, is_answered: bool) -> Exam | None:
    """The exam of what is named; looked up where it is not remembered, if there was an answer from it."""
    for name in ("exam", "image", "study"):
        if (value := names.get(name)) is None:
            continue
        if known := exams.remembered(value):
            return known
        if is_answered and name == "image":
            with suppress(MammoLensError):  # it was not a mammogram, or is gone by now
                return await run_in_threadpool(exams.of_image, value)
    return None
