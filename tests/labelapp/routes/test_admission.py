"""What is decided by the headers alone; ``taken`` counts the messages of the body that were asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Message

from mammolens.labelapp.app import MammoLensApp
from mammolens.labelapp.routes.body_rules import BODY_RULES, MB

JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=x"}
PUBLIC = {
    ("GET", "/"), ("GET", "/models"), ("GET", "/mammolens/browser/{folder}/{name}"), ("GET", "/openapi.json"),
    ("GET", "/favicon.ico"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/auth/"), ("POST", "/auth/token"),
    ("POST", "/auth/session"), ("GET", "/auth/openid"), ("GET", "/auth/openid/callback"), ("GET", "/login"),
}  # fmt: skip


@dataclass
class Asked:
    """How a request went."""

    status: int = 0
    content: bytes = b""
    taken: int = 0


def ask(
    app: FastAPI, method: str, path: str, headers: dict[str, str] | None = None, body: Iterable[bytes] = ()
) -> Asked:
    """Send a request whose body comes in pieces, as a client does that does not know its length."""
    asked, pieces = Asked(), iter([*body, b""])

    async def receive() -> Message:
        piece = next(pieces, None)
        if piece is None:
            return {"type": "http.disconnect"}
        asked.taken += 1
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    async def send(message: Message) -> None:
        asked.status = message.get("status", asked.status)
        asked.content += message.get("body", b"")

    given = {"host": "127.0.0.1", **(headers or {})}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"image=x",
        "client": ("127.0.0.1", 50000),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    asyncio.run(app(scope, receive, send))
    return asked


def token(roles: str) -> dict[str, str]:
    return {"authorization": f"Bearer {roles}"}


def test_of_an_anonymous_request_no_byte_of_the_body_is_read_on_any_route(a_guarded_app: FastAPI) -> None:
    routes = {
        (method, route.path)
        for route in iter_route_contexts(a_guarded_app.routes)
        for method in route.methods or ()
        if route.path
    }
    answers = {
        (method, path): ask(a_guarded_app, method, path.replace("{", "").replace("}", ""), JSON, [b"{"] * 3)
        for method, path in routes
        if method != "HEAD" or path.startswith("/datastore")
    }
    assert len(answers) > 60
    refused = {route for route, asked in answers.items() if asked.status == 401}
    assert set(answers) - refused == PUBLIC
    assert all(answers[route].taken == 0 for route in refused)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic x"}, {"authorization": "Bearer "}])
def test_without_a_bearer_token_a_stranger_is_told_what_to_send(
    a_guarded_app: FastAPI, headers: dict[str, str]
) -> None:
    asked = ask(a_guarded_app, "POST", "/infer/mammolens", {**headers, **FORM}, [b"x" * MB])
    assert (asked.status, asked.taken) == (401, 0)
    assert b"bearer token" in asked.content


def test_the_wrong_role_is_refused_before_the_body_is_read(a_guarded_app: FastAPI) -> None:
    asked = ask(a_guarded_app, "PUT", "/datastore/label", {**token("user"), **FORM}, [b"x" * MB])
    assert (asked.status, asked.taken) == (403, 0)


def test_a_declared_length_above_the_limit_is_refused_at_once(a_guarded_app: FastAPI) -> None:
    long = {**token("annotator"), **JSON, "content-length": str(17 * MB)}
    asked = ask(a_guarded_app, "POST", "/mammolens/exams/x/decisions", long, [b"x"])
    assert (asked.status, asked.taken) == (413, 0)
    assert b"16 MB" in asked.content


def test_a_body_of_unknown_length_is_counted_while_it_comes(a_guarded_app: FastAPI) -> None:
    headers = {**token("annotator"), **JSON, "transfer-encoding": "chunked"}
    asked = ask(a_guarded_app, "POST", "/mammolens/exams/x/decisions", headers, [b" " * MB] * 100)
    assert (asked.status, asked.taken) == (413, 17)


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("given", ["text/plain", "", "application/xml"])
def test_another_content_type_is_refused_before_the_body_is_read(
    a_guarded_app: FastAPI, given: str, chunked: bool
) -> None:
    how = {"transfer-encoding": "chunked"} if chunked else {"content-length": "2"}
    headers = {**token("user"), **how, **({"content-type": given} if given else {})}
    asked = ask(a_guarded_app, "POST", "/mammolens/exams/x/infer", headers, [b"{}"])
    assert (asked.status, asked.taken) == (415, 0)
    assert b"application/json" in asked.content


def test_without_authentication_sizes_are_limited_as_well(an_app: MammoLensApp) -> None:
    import monailabel.app

    asked = ask(monailabel.app.app, "POST", "/train/mammolens", {**JSON, "content-length": str(2 * MB)}, [b"x"])
    assert (asked.status, asked.taken) == (413, 0)


def test_every_rule_is_of_a_route_that_reads_a_body(a_guarded_app: FastAPI) -> None:
    reading = {
        (method, route.path)
        for route in iter_route_contexts(a_guarded_app.routes)
        for method in route.methods or ()
        if getattr(route, "body_field", None)
    }
    assert set(BODY_RULES) <= reading
