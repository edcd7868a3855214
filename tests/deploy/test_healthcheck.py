"""deploy/healthcheck.py against servers that answer one thing."""

from __future__ import annotations

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

HEALTHCHECK = Path(__file__).parents[2] / "deploy" / "healthcheck.py"


@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 1), (404, 1), (503, 1)])
def test_only_200_is_healthy(status: int, code: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/healthz"
        assert subprocess.run([sys.executable, HEALTHCHECK, url], check=False).returncode == code
