"""``mammolens serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens.cli.console import one_line_errors, say
from mammolens.cli.server_process import APP, HOST, running_server, wait_for


def serve(
    studies: Annotated[str, typer.Argument(help="Folder of mammograms, or the DICOMweb address of a PACS.")],
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="On the loopback address.")] = 8000,
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
        say(f"serving {studies} at http://{HOST}:{port} - Ctrl-C stops")
        wait_for(server)
