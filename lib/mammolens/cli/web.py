"""``mammolens web``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, say
from mammolens.cli.options import Model
from mammolens.cli.server_process import HOST, wait_for


def web(
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="To listen at.")] = 8501,
    address: Annotated[
        str,
        typer.Option(
            help="To listen on. The page asks nobody who they are: put a login in front before you change it."
        ),
    ] = HOST,
    model: Model = None,
    server: Annotated[
        str | None,
        typer.Option(help="A MammoLens server that judges, such as http://127.0.0.1:8000; else this process does."),
    ] = None,
    evaluation: Annotated[
        Path | None, typer.Option(help="What 'mammolens evaluate -o' wrote, to be shown.", show_default=False)
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="The data set that was evaluated, for a gallery of its images.", show_default=False),
    ] = None,
    max_upload_mb: Annotated[int, typer.Option(min=1, help="Of one dropped file.")] = 500,
    max_unpacked_mb: Annotated[int, typer.Option(min=1, help="Of one drop, archives unpacked.")] = 2000,
    max_images: Annotated[int, typer.Option(min=1, help="Files of one drop.")] = 64,
) -> None:
    """Show a page in the browser: drop a mammogram, see where it deviates.

    Nothing that is dropped leaves this computer, or the server that is named, and nothing is kept when the page is
    closed.

    Example: mammolens web
    """
    with one_line_errors():
        from mammolens.cli.web_process import running_page

        options = {
            "model": model,
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
    say(f"the page: http://{address}:{port}/ - Ctrl-C stops")
    say(f"{RESEARCH_USE_ONLY}.")
