"""deploy/healthcheck.py against servers that answer one thing."""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ..http_server import serving

HEALTHCHECK = Path(__file__).parents[2] / "deploy" / "healthcheck.py"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 1), (404, 1), (503, 1)])
def test_only_200_is_healthy(status: int, code: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

    with serving(HTTPServer(("127.0.0.1", 0), Answer)) as url:
        assert subprocess.run([sys.executable, HEALTHCHECK, f"{url}/healthz"], check=False).returncode == code
