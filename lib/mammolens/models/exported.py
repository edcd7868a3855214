"""Networks of a model directory in formats of other runtimes: its folder ``exported``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

EXPORTED: Final = "exported"
EXPORT_RECORD: Final = f"{EXPORTED}/export.json"


class ExportFormat(StrEnum):
    """Of a network."""

    ONNX = "onnx"
    OPENVINO = "openvino"


NETWORK_FILES: Final[Mapping[ExportFormat, tuple[str, ...]]] = {
    ExportFormat.ONNX: (f"{EXPORTED}/network.onnx",),
    ExportFormat.OPENVINO: (f"{EXPORTED}/network.xml", f"{EXPORTED}/network.bin"),
}
"""Of each format, relative to the model directory; the first is the one that a runtime opens."""

EXPORTED_FILES: Final = (EXPORT_RECORD, *(name for names in NETWORK_FILES.values() for name in names))


def exported_networks(directory: Path) -> dict[ExportFormat, Path]:
    """The networks that a model directory holds, by their format."""
    return {form: path for form, names in NETWORK_FILES.items() if (path := directory / names[0]).is_file()}
