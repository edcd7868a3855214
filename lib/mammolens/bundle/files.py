"""The files of a bundle, relative to its folder; those of MONAI's Bundle Specification and MammoLens's own."""

from __future__ import annotations

from typing import Final

from mammolens.models.directory import CALIBRATION, CONFIG, TRAINING

METADATA: Final = "configs/metadata.json"
INFERENCE: Final = "configs/inference.json"
WEIGHTS: Final = "models/model.pt"
README: Final = "docs/README.md"
LICENCE: Final = "docs/license.txt"
MODEL_FOLDER: Final = "configs/mammolens"
"""Configuration, calibration and training record, as of a model directory."""

CHECKED_FILES: Final = (WEIGHTS, *(f"{MODEL_FOLDER}/{name}" for name in (CONFIG, CALIBRATION, TRAINING)))
"""Listed in the bundle's checksums: what a score depends on. The rest of ``configs`` may be edited."""
