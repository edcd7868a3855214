"""``mammolens serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, say
from mammolens.cli.server_links import address, first_viewer
from mammolens.cli.server_process import APP, running_server, wait_for


def serve(
    studies: Annotated[str, typer.Argument(help="Folder of mammograms, or the DICOMweb address of a PACS.")],
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="On the loopback address.")] = 8000,
    app: Annotated[Path, typer.Option("--app", help="App folder; made if missing. Published models live in it.")] = APP,
    model_dir: Annotated[
        Path | None, typer.Option("--model-dir", help="Where published models live instead.", show_default=False)
    ] = None,
    results: Annotated[
        str | None,
        typer.Option(
            help="DICOM objects made of each exam, with commas between: segmentation, parametric_map, "
            "secondary_capture, report, cad_report.",
            show_default="segmentation,report",
        ),
    ] = None,
    store_results: Annotated[
        str | None,
        typer.Option(help="When they go to the PACS: never, on_request, always.", show_default="on_request"),
    ] = None,
) -> None:
    """Serve mammograms to 3D Slicer, OHIF and curl through MONAI Label, on this computer only.

    The same as: monailabel start_server --app monai_app --studies STUDIES --host 127.0.0.1

    Example: mammolens serve /data/studies
    """
    conf = {name: value for name, value in (("results", results), ("store_results", store_results)) if value}
    with one_line_errors(), running_server(studies, port, app, model_dir, conf=conf) as server:
        say(f"serving {studies} at {address(port)} - Ctrl-C stops")
        say(f"the worklist: {address(port)}")
        if viewer := first_viewer(port):
            say(f"its first exam: {viewer}")
        say(f"{RESEARCH_USE_ONLY}.")
        wait_for(server)
