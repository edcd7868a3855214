"""``mammolens export``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mammolens import RESEARCH_USE_ONLY
from mammolens.cli.console import one_line_errors, out, say


class Format(StrEnum):
    """What is written: a model directory with a network for another runtime, or a MONAI bundle."""

    ONNX = "onnx"
    OPENVINO = "openvino"
    BUNDLE = "bundle"


def export(
    model: Annotated[Path, typer.Argument(help="Model directory.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write; must not exist, or be empty.")],
    form: Annotated[Format, typer.Option("--format", help="Of the network, or a MONAI bundle.")] = Format.ONNX,
) -> None:
    """Write a model for ONNX Runtime or OpenVINO, or as a MONAI bundle.

    For the runtimes, the folder is a model directory with the same id, which all commands take as --model, and holds
    the network in exported/; exported/export.json describes it. A bundle is run by 'python -m monai.bundle run'.
    Nothing is written if the network's results differ from torch's (docs/export.md). Needs the packages of
    the extra 'export' (docs/python.md).

    Examples:
        mammolens export runs/mine --format onnx -o runs/mine-onnx

        mammolens export runs/mine --format bundle -o runs/mine-bundle
    """
    with one_line_errors():
        from mammolens.bundle.write import write_bundle
        from mammolens.models.export import export_model
        from mammolens.models.exported import ExportFormat

        if form is Format.BUNDLE:
            say(f"{write_bundle(model, output)}, compared with the model")
        else:
            for model_id, found in export_model(model, ExportFormat(form), output).items():
                say(f"{model_id}: {found}, compared with torch")
        say(f"wrote {output}. {RESEARCH_USE_ONLY}; the weights are bound by the licences of their training data")
        out().print(str(output), soft_wrap=True)
