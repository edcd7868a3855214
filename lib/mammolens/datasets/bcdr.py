"""BCDR, the Breast Cancer Digital Repository (2012), film and digital mammograms as TIFF, in its sets F01 to D02.

Each set is a folder such as ``BCDR-F01_dataset`` with ``bcdr_f01_img.csv``, a row for each image, and
``bcdr_f01_outlines.csv``, one for each outlined lesion; F03 has outlines only, sets of normal patients
(``bcdr_dn01``) images only. Images are ``patient_9/study_10/img_9_10_1_RCC.tif``; 'O' is MLO. Outlines are columns and
rows in pixels of the image. Source: https://bcdr.eu and Guevara Lopez et al. (2012).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

LICENCE: Final = "BCDR: research only, for registered users of the repository; no redistribution"
CITATION: Final = (
    "Guevara Lopez MA, Gonzalez Posada N, Moura DC, et al. BCDR: a breast cancer digital repository. 15th "
    "International Conference on Experimental Mechanics, Porto (2012)"
)
_TABLE: Final = re.compile(r"^bcdr_([fd])(n?)\d+_(img|outlines)\.csv$", re.IGNORECASE)
_IMAGE_COLUMNS: Final = ("patient_id", "study_id", "image_filename")
_OUTLINE_COLUMNS: Final = (*_IMAGE_COLUMNS, "lw_x_points", "lw_y_points", "classification")
_VIEW: Final = re.compile(r"([LR])(CC|MLO|O)$")
_VIEWS: Final = {"CC": ViewPosition.CC, "MLO": ViewPosition.MLO, "O": ViewPosition.MLO}
_KINDS: Final = ("nodule", "calcification", "microcalcification", "axillary_adenopathy", "architectural_distortion",
                 "stroma_distortion")  # fmt: skip
_PATHOLOGIES: Final = ("benign", "malign")  # the last counts


def found_at(path: Path) -> bool:
    """Whether a table is here, or one or two folders below."""
    return bool(_tables(path))


def open_bcdr(path: Path) -> Dataset:
    """The images of the sets in ``path``, or of the one that ``path`` is.

    Abnormal is an image with an outlined lesion, benign or malignant, normal one of a set of normal patients, each a
    ``clean_normal``; other images are neither. Lesions are the ellipses in the boxes around outlines.

    Raises:
        DatasetError: a table is unusable, or none of the images exists.
    """
    cases: list[Case] = []
    with LeftOut(path) as left_out:
        for table in _tables(path):
            match = _TABLE.match(table.name)
            columns = _OUTLINE_COLUMNS if match and match[3].lower() == "outlines" else _IMAGE_COLUMNS
            images: dict[str, list[CsvRow]] = defaultdict(list)
            for row in read_rows(table, columns, on_bad_row=left_out.add):
                images[row.values["image_filename"]].append(row)
            cases += left_out.cases(images.values(), partial(_case, table=table))
        kept = existing(_merged(cases), path)
    return Dataset("bcdr", kept, LICENCE, CITATION)


def _tables(path: Path) -> list[Path]:
    """Those of outlines first."""
    found = [file for depth in ("", "*/", "*/*/") for file in path.glob(f"{depth}*.csv") if _TABLE.match(file.name)]
    return sorted(found, key=lambda file: ("outlines" not in file.name.lower(), file))


def _merged(cases: Sequence[Case]) -> list[Case]:
    """Each image once: as its outlines say, if it has some."""
    found: dict[Path, Case] = {}
    for case in cases:
        found.setdefault(case.path, case)
    return list(found.values())


def _case(rows: Sequence[CsvRow], table: Path) -> Case:
    first, match = rows[0], _TABLE.match(table.name)
    if match is None:
        raise DatasetError(table, "is not a table of BCDR", "name it like bcdr_f01_img.csv")
    name = first.required("image_filename").replace("\\", "/")
    seen = _VIEW.search((first.text("image_type_name") or Path(name).stem).upper())
    if seen is None:
        raise first.error("image_filename", f"{name!r} contains no side and view", "name it like img_9_10_1_RCC.tif")
    medium, is_normal = match[1].upper(), bool(match[2])
    patient = f"{medium}{first.required('patient_id')}"  # film and digital sets number their patients apart
    outlined = [row for row in rows if row.text("lw_x_points")]
    pathologies = [_pathology(row) for row in outlined]
    known = {
        "pathology": max(pathologies, key=_PATHOLOGIES.index, default=""),
        "density": first.text("density"),
        "age": first.text("age"),
    }
    return Case(
        path=table.parent / name,
        patient_id=patient,
        attributes=ImageAttributes(
            patient, f"{medium}{first.required('study_id')}", Laterality(seen[1]), _VIEWS[seen[2]]
        ),
        abnormal=True if outlined else False if is_normal else None,
        clean_normal=is_normal and not outlined,
        lesions=tuple(_lesion(row) for row in outlined),
        covariates={key: value for key, value in known.items() if value},
    )


def _pathology(row: CsvRow) -> str:
    word = row.required("classification").lower()
    if word not in _PATHOLOGIES:
        raise row.error("classification", f"{word!r} is unknown", "use Benign or Malign")
    return word


def _lesion(row: CsvRow) -> Lesion:
    columns, rows = (_points(row, name) for name in ("lw_x_points", "lw_y_points"))
    kind = " + ".join(kind.replace("_", " ") for kind in _KINDS if row.flag(f"mammography_{kind}"))
    return Lesion.in_box(min(rows), min(columns), max(rows), max(columns), kind=kind)


def _points(row: CsvRow, name: str) -> list[float]:
    text = row.required(name)
    try:
        return [float(number) for number in text.split()]
    except ValueError as error:
        raise row.error(name, f"{text[:40]!r} is not a list of numbers", "separate the numbers with blanks") from error
