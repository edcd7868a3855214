"""``mammolens web``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, say
from mammolens.cli.options import Device, Model
from mammolens.cli.server_process import HOST, wait_for


def web(
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port to listen on.")] = 8501,
    address: Annotated[
        str,
        typer.Option(
            help="Address to listen on. The page has no login: use a proxy that has one before you change this."
        ),
    ] = HOST,
    model: Model = None,
    device: Device = "auto",
    server: Annotated[
        str | None,
        typer.Option(
            help="MammoLens server that runs inference, such as http://127.0.0.1:8000; by default this process."
        ),
    ] = None,
    evaluation: Annotated[
        Path | None, typer.Option(help="Output folder of 'mammolens evaluate' to show.", show_default=False)
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="The evaluated data set, for a gallery of its images.", show_default=False),
    ] = None,
    max_upload_mb: Annotated[int, typer.Option(min=1, help="Limit of one file.")] = 500,
    max_unpacked_mb: Annotated[int, typer.Option(min=1, help="Limit of one upload, archives unpacked.")] = 2000,
    max_images: Annotated[int, typer.Option(min=1, help="Limit of files in one upload.")] = 64,
) -> None:
    """Serve a web page: upload a mammogram and see where it deviates from normal.

    Uploaded images stay on this computer, or on the server given by --server, and are deleted when the page is
    closed.

    Example: mammolens web
    """
    with one_line_errors():
        from mammolens.cli.web_process import running_page

        options = {
            "model": model,
            "device": device,
            "server": server,
            "evaluation": evaluation,
            "images": images,
            "max-upload-mb": max_upload_mb,
            "max-unpacked-mb": max_unpacked_mb,
            "max-images": max_images,
        }
        with running_page(address, port, options) as page:
            wait_for(page, lambda: _announce(address, port))


def _announce(address: str, port: int) -> None:
    say(f"web page: http://{address}:{port}/ - press Ctrl-C to stop")
    say(f"{RESEARCH_USE_ONLY}.")
