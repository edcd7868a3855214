"""mini-MIAS (1994), digitised film, MLO only: PGM with Info.txt as published, or at 640 pixels with labels.csv.

An odd file number is a right breast, an even one a left one; two consecutive files are one patient. The published
images have 1024 x 1024 pixels of 0.2 mm, and Info.txt counts rows from the bottom. Source: the README and Info.txt of
http://peipa.essex.ac.uk/info/mias.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, SpacingSource, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes, PixelSpacing

TABLE = "labels.csv"
INFO = "Info.txt"
COLUMNS = ("image", "tissue", "label", "severity", "col", "row", "radius")
LICENCE = "mini-MIAS licence agreement: research only, no redistribution"
CITATION = (
    "Suckling J, et al. The Mammographic Image Analysis Society digital mammogram database. "
    "Excerpta Medica, International Congress Series 1069:375-378 (1994)"
)
NORMAL = "NORM"
_NUMBER = re.compile(r"^mdb(\d{3})\b")
_INFO_LINE = re.compile(
    r"^(mdb\d{3})\s+([FGD])\s+(CALC|CIRC|SPIC|MISC|ARCH|ASYM|NORM)\b(?:\s+([BM]))?(?:\s+(\d+)\s+(\d+)\s+(\d+))?"
)
_LAST_ROW = 1023  # Info.txt counts rows from the bottom of 1024
_PUBLISHED: Final = ".pgm"
_SPACING: Final = PixelSpacing(0.2, 0.2, SpacingSource.TABLE)  # of the published images


def open_mias(path: Path) -> Dataset:
    """The images of ``path/images`` with ``path/labels.csv``, or those in the folder of ``path/Info.txt``.

    Normals (label NORM) are ``clean_normal``. Lesions are circles in pixels of the image; a diffuse one has none
    but makes its image abnormal all the same.

    Raises:
        DatasetError: the table is unusable or none of its images exists.
    """
    published = not (path / TABLE).is_file()
    source, folder = (path / INFO, path) if published else (path / TABLE, path / "images")
    findings: dict[str, list[CsvRow]] = {}
    with LeftOut(source) as left_out:
        rows = _info_rows(source, left_out) if published else read_rows(source, COLUMNS, on_bad_row=left_out.add)
        for row in rows:
            findings.setdefault(row.values["image"], []).append(row)
        cases = existing(left_out.cases(findings.values(), lambda rows: _case(folder, rows)), source)
    return Dataset("mias", cases, LICENCE, CITATION)


def _info_rows(source: Path, left_out: LeftOut) -> Iterator[CsvRow]:
    try:
        text = source.read_text(encoding="latin-1")
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise DatasetError(source, reason, f"give the folder that contains {INFO} or {TABLE}") from error
    images = {file.stem: file.name for file in sorted(source.parent.glob("mdb*.*"))}
    for number, line in enumerate(text.splitlines(), 1):
        match = _INFO_LINE.match(line)
        if match:
            name, tissue, label, severity, column, row, radius = (group or "" for group in match.groups())
            cells = (images.get(name, name + _PUBLISHED), tissue, label, severity, column, _from_top(row), radius)
            yield CsvRow(source, number, dict(zip(COLUMNS, cells, strict=True)))
        elif _NUMBER.match(line):
            left_out.add(DatasetError(source, f"line {number} is not an entry: {line.strip()!r}", "download it again"))


def _from_top(row: str) -> str:
    return str(_LAST_ROW - int(row)) if row else ""


def _case(folder: Path, rows: list[CsvRow]) -> Case:
    name = rows[0].required("image")
    match = _NUMBER.match(name)
    if match is None:
        raise rows[0].error("image", f"{name!r} is not a file name of mini-MIAS", "name it like mdb001.jpg")
    number = int(match[1])
    patient = str((number + 1) // 2)
    side = Laterality.RIGHT if number % 2 else Laterality.LEFT
    spacing = _SPACING if name.endswith(_PUBLISHED) else None
    labels = {row.required("label") for row in rows}
    known = {"tissue": rows[0].text("tissue"), "label": "+".join(sorted(labels)), "severity": _severity(rows)}
    return Case(
        path=folder / name,
        patient_id=patient,
        attributes=ImageAttributes(patient, patient, side, ViewPosition.MLO, spacing=spacing),
        abnormal=labels != {NORMAL},
        clean_normal=labels == {NORMAL},
        lesions=tuple(_circle(row) for row in rows if row.text("col")),
        covariates={key: value for key, value in known.items() if value},
    )


def _severity(rows: list[CsvRow]) -> str | None:
    """The worst of an image: M, malignant, before B, benign."""
    return max((row.text("severity") or "" for row in rows), default=None)


def _circle(row: CsvRow) -> Lesion:
    column, line, radius = (row.required_number(name) for name in ("col", "row", "radius"))
    return Lesion(line, column, radius, radius, kind=row.required("label"))
