"""Print the routes of the server as Markdown; docs/conf.py puts it into rest-api.md."""

from __future__ import annotations

import contextlib
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any


def openapi() -> Mapping[str, Any]:
    """The OpenAPI document of the server, without starting one."""
    with contextlib.redirect_stdout(io.StringIO()):  # MONAI Label prints while it is imported
        from monailabel.app import app
        from monailabel.config import settings

        from mammolens.labelapp.routes.http import harden

        settings.MONAI_LABEL_AUTH_ENABLE = True  # with the routes of the login
        harden(app, settings, authenticate=_nobody)
        document: Mapping[str, Any] = app.openapi()
        return document


async def _nobody(token: str) -> Any:
    raise NotImplementedError


def page(document: Mapping[str, Any]) -> Iterator[str]:
    """Sections of routes, by tag, then one of all the types that they name."""
    by_tag: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation.get("tags", ["Others"])[0]].append((method.upper(), path, operation))
    for tag, routes in by_tag.items():
        yield f"## {re.sub('(?<=[a-z])(?=[A-Z])', ' ', tag)}\n"
        for method, path, operation in routes:
            yield f"### {method} {path}\n".replace("{", r"\{").replace("}", r"\}")
            summary = operation["summary"]
            yield f"{summary}{'' if summary.endswith('?') else '.'} {_plain(operation.get('description', ''))}\n"
            yield from _parameters(operation)
            yield _answers(operation)
    yield "## Types\n"
    for name, definition in sorted(document["components"]["schemas"].items()):
        yield from _definition(name, definition)


def _parameters(operation: Mapping[str, Any]) -> Iterator[str]:
    given = [one for one in operation.get("parameters", []) if one["name"] != "token"]
    for content, body in operation.get("requestBody", {}).get("content", {}).items():
        given.append({"name": "body", "in": content, "required": True, "schema": body.get("schema", {})})
    if not given:
        return
    yield "| parameter | in | type | |\n|---|---|---|---|"
    for one in given:
        notes = [one.get("description", ""), "required" if one.get("required") else "", _default(one["schema"])]
        said = "; ".join(filter(None, map(_plain, notes)))
        yield f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {said} |"
    yield ""


def _default(schema: Mapping[str, Any]) -> str:
    return f"default `{schema['default']}`" if schema.get("default") not in (None, "", [], {}) else ""


def _definition(name: str, definition: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if description := definition.get("description"):
        yield f"{_plain(description)}\n"
    if "enum" in definition:
        yield f"One of {_type(definition)}.\n"
    if fields := definition.get("properties"):
        yield "| field | type | |\n|---|---|---|"
        for field, schema in fields.items():
            notes = "; ".join(filter(None, (_plain(schema.get("description", "")), _default(schema))))
            yield f"| `{field}` | {_type(schema)} | {notes} |"
        yield ""


def _answers(operation: Mapping[str, Any]) -> str:
    texts = []
    for status, answer in operation["responses"].items():
        if status[0] in "123":
            bodies = [f"`{kind}` {_type(body.get('schema', {}))}" for kind, body in answer.get("content", {}).items()]
            texts.append(f"{status}{', ' if bodies else ''}{', '.join(bodies)}")
    return f"Answers {'; '.join(texts)}.\n"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if choices := schema.get("anyOf") or schema.get("allOf"):
        return " or ".join(dict.fromkeys(_type(choice) for choice in choices))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}" if "items" in schema else "list"
    return str(schema.get("type", ""))


def _plain(text: str) -> str:
    """In one line, with the backquotes of Markdown, safe in a table."""
    return re.sub(r"\s+", " ", text.replace("``", "`").replace("|", r"\|")).strip()


if __name__ == "__main__":
    print("\n".join(page(openapi())))
