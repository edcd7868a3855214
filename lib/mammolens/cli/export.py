"""``mammolens export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, out, say
from mammolens.models.exported import ExportFormat


def export(
    model: Annotated[Path, typer.Argument(help="Model directory.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write; must not exist, or be empty.")],
    form: Annotated[ExportFormat, typer.Option("--format", help="Format of the network.")] = ExportFormat.ONNX,
) -> None:
    """Write a model with its network in another format, for ONNX Runtime or OpenVINO.

    The folder is a model directory with the same id, which all commands take as --model, and holds the network in
    exported/; exported/export.json describes it. Nothing is written if the network's results differ from torch's
    (docs/export.md). Needs the packages of 'mammolens[export]'.

    Example: mammolens export runs/mine --format onnx -o runs/mine-onnx
    """
    with one_line_errors():
        from mammolens.models.export import export_model

        for model_id, found in export_model(model, form, output).items():
            say(f"{model_id}: {found}, compared with torch")
        say(f"wrote {output}. {RESEARCH_USE_ONLY}; the weights are bound by the licences of their training data")
        out().print(str(output))
