"""How devices and precisions are called; without torch, whose import would take longer than reading settings."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

AUTO: Final = "auto"
DEVICE_VARIABLE: Final = "MAMMOLENS_DEVICE"
"""Names the device that 'auto' chooses."""


class Precision(StrEnum):
    """In which numbers a network calculates."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"  # its convolutions; all that is summed over neighbourhoods or compared stays float32
