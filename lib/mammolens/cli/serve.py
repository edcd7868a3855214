"""``mammolens serve``."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import err, one_line_errors
from mammolens.errors import ModelError

HOST = "127.0.0.1"
APP = Path("monai_app")
_MAIN = '"""The MONAI Label app of MammoLens."""\n\nfrom mammolens.labelapp.app import MammoLensApp as MammoLensApp\n'
_LONGEST_START_S = 120.0


def serve(
    studies: Annotated[str, typer.Argument(help="Folder of mammograms, or the DICOMweb URL of a PACS.")],
    port: Annotated[int, typer.Option("--port", "-p", help="On the loopback address.")] = 8000,
    app: Annotated[Path, typer.Option("--app", help="App folder; made if missing. Published models live in it.")] = APP,
    model_dir: Annotated[
        Path | None, typer.Option("--model-dir", help="Where published models live instead.", show_default=False)
    ] = None,
) -> None:
    """Serve mammograms to 3D Slicer, OHIF and curl through MONAI Label, on this computer only.

    The same as: monailabel start_server --app monai_app --studies STUDIES --host 127.0.0.1

    Example: mammolens serve /data/studies
    """
    with one_line_errors(), running_server(studies, port, app, model_dir) as server:
        err().print(f"serving {studies} at http://{HOST}:{port} - Ctrl-C stops", soft_wrap=True)
        server.wait()


@contextmanager
def running_server(
    studies: str, port: int, app: Path = APP, model_dir: Path | None = None, log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the MONAI Label server, wait until it answers, and stop it at the end.

    Raises:
        ModelError: it ended, or did not answer in time; the log says why.
    """
    ensure_app(app)
    command = [sys.executable, "-m", "monailabel.main", "start_server"]
    command += ["--app", str(app), "--studies", studies, "--host", HOST, "--port", str(port)]
    if model_dir is not None:
        command += ["--conf", "model_dir", str(model_dir.resolve())]
    sink = log.open("wb") if log else None
    server = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT if sink else None)
    try:
        _wait_until_it_answers(server, port, log)
        yield server
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
        if sink:
            sink.close()


def ensure_app(app: Path) -> None:
    """Make the app folder that MONAI Label loads, unless it is there."""
    main = app / "main.py"
    if not main.exists():
        app.mkdir(parents=True, exist_ok=True)
        main.write_text(_MAIN, encoding="utf-8")


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path | None) -> None:
    where = f"see {log}" if log else "see the lines above"
    deadline = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ModelError(f"port {port}", f"the server ended with code {server.returncode}", where)
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/info/", timeout=30) as answer:
                json.load(answer)
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
            time.sleep(0.3)
    raise ModelError(f"port {port}", f"the server did not answer within {_LONGEST_START_S:.0f} s", where)
