"""Tiles of RSNA 2022 images at native resolution, 224 x 224 pixels, as JPEG: labels.csv and images/."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.rsna import CITATION, LICENCE
from mammolens.datasets.table import open_table
from mammolens.enums import SpacingSource
from mammolens.types import PixelSpacing

TABLE = "labels.csv"
COLUMNS = ("image", "patient_id", "image_id", "row", "column", "clean_negative", "machine_id")
# Pixel size in mm by machine_id: the collection does not publish it; from the images' sizes and the usual detectors.
_PIXEL_SIZES = {
    "21": 0.094,
    "29": 0.05,
    "48": 0.065,
    "49": 0.07,
    "93": 0.1,
    "170": 0.07,
    "190": 0.1,
    "197": 0.1,
    "210": 0.05,
    "216": 0.1,
}


def open_rsnatiles(path: Path) -> Dataset:
    """The tiles of ``path/images`` that ``path/labels.csv`` lists; each image is an examination.

    Raises:
        DatasetError: the table is unusable or none of its images exists.
    """
    dataset = open_table(path, path / TABLE, "rsnatiles", LICENCE)
    return replace(dataset, cases=tuple(map(_completed, dataset.cases)), citation=CITATION)


def _completed(case: Case) -> Case:
    size = _PIXEL_SIZES.get(case.attributes.machine_id or "")
    spacing = PixelSpacing(size, size, SpacingSource.TABLE) if size else None
    attributes = replace(case.attributes, exam_id=case.covariates.get("image_id"), spacing=spacing)
    return replace(case, attributes=attributes)
