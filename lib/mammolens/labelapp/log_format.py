"""The server's log as lines of JSON, each with the id of the request that it belongs to."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from mammolens.labelapp.log_redaction import handlers

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
"""The id of the request that this thread or task works for; empty outside of requests."""

_ACCESS: Final = "uvicorn.access"
_ACCESS_FIELDS: Final = ("address", "method", "path", "http_version", "status")


class JsonFormatter(logging.Formatter):
    """One object a line: time (UTC), level, logger, message, request_id; exception, and what an access is, if any.

    It formats what the handler's filters left: passwords and identifiers are redacted before.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        time = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": current_request_id.get(),
        }
        if record.name == _ACCESS and isinstance(record.args, tuple) and len(record.args) == len(_ACCESS_FIELDS):
            line |= dict(zip(_ACCESS_FIELDS, record.args, strict=True))
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps({name: value for name, value in line.items() if value != ""}, ensure_ascii=False, default=str)


def log_as_json() -> None:
    """Let all handlers of this process write lines of JSON."""
    formatter = JsonFormatter()
    for handler in handlers():
        handler.setFormatter(formatter)
