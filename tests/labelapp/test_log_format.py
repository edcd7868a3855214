from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from mammolens.labelapp.log_format import current_request_id, log_as_json
from mammolens.labelapp.log_redaction import Redaction, redact_logs, stop_redacting
from mammolens.labelapp.routes.work_queue import WorkQueue


class Log:
    """What was logged, line by line."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]


@pytest.fixture
def a_log() -> Iterator[Log]:
    """Of 'json.*' and of uvicorn's accesses, redacted; other handlers keep their format."""
    log = Log()
    before = {handler: handler.formatter for handler in logging.getLogger().handlers}
    handler = logging.StreamHandler(log.text)
    loggers = [logging.getLogger("json"), logging.getLogger("uvicorn.access")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    redact_logs(Redaction(b"k" * 32, ["/srv/studies"]))
    log_as_json()
    yield log
    stop_redacting()
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)
    for other, formatter in before.items():
        other.setFormatter(formatter)


def test_a_line_is_an_object_with_time_level_and_logger(a_log: Log) -> None:
    logging.getLogger("json.part").warning("two\nlines of %s", "ü")
    (line,) = a_log.lines()
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "logger": "json.part", "message": "two\nlines of ü"}


def test_what_is_redacted_in_text_is_redacted_in_json(a_log: Log) -> None:
    try:
        raise ValueError("postgresql://ada:hunter2@db/ledger")  # pragma: allowlist secret
    except ValueError:
        logging.getLogger("json").exception("failed for /srv/studies/DOE_JANE/L_CC.dcm with password=hunter2")
    (line,) = a_log.lines()
    assert "ValueError" in line["exception"]
    assert "hunter2" not in a_log.text.getvalue()
    assert "DOE_JANE" not in a_log.text.getvalue()


def test_an_access_has_fields_of_its_own(a_log: Log) -> None:
    arguments = ("127.0.0.1:5000", "GET", "/datastore/image?image=DOE_JANE", "1.1", 200)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *arguments)
    (line,) = a_log.lines()
    assert (line["method"], line["status"], line["address"]) == ("GET", 200, "127.0.0.1:5000")
    assert "DOE_JANE" not in a_log.text.getvalue()


def test_lines_have_the_id_of_their_request_also_in_a_queue_s_thread(a_log: Log) -> None:
    queue = WorkQueue("test", workers=1, most_waiting=2)

    async def request(name: str) -> None:
        current_request_id.set(name)
        logging.getLogger("json").info("asked")
        await queue.run(lambda: logging.getLogger("json").info("worked"))

    async def both() -> None:
        await asyncio.gather(request("first-request"), request("second-request"))

    asyncio.run(both())
    logging.getLogger("json").info("outside")
    found = sorted((line["message"], line.get("request_id")) for line in a_log.lines() if line["message"] != "outside")
    assert found == [
        ("asked", "first-request"),
        ("asked", "second-request"),
        ("worked", "first-request"),
        ("worked", "second-request"),
    ]
    assert "request_id" not in a_log.lines()[-1]
