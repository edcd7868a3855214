"""The log of a real server as lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset

from ..patience import until
from .conftest import StartServer

pytestmark = pytest.mark.integration
REQUEST = "a-request-of-this-test"


def test_a_refusal_is_a_line_of_json_with_the_id_of_its_request(start_server: StartServer, tmp_path: Path) -> None:
    write_phantom_dataset(tmp_path, normals=1, rows=160, columns=128, spacing=(1.6, 1.6))
    server = start_server(tmp_path, conf={"log_format": "json"})
    answer = server.get("/mammolens/exams/e-0123456789abcdef", headers={"X-Request-ID": REQUEST})
    assert answer.status_code == 404

    def lines() -> list[dict[str, str]]:
        return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith('{"time"')]

    until(
        lambda: any(line.get("request_id") == REQUEST for line in lines()),
        lambda: f"no line of the request: {server.log.read_text()[-2000:]}",
    )
    line = next(line for line in lines() if line.get("request_id") == REQUEST)
    assert line["level"] == "warning"
    assert "no such exam here" in line["message"]
    assert any("serving model" in line["message"] for line in lines())
