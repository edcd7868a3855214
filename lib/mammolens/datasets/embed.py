"""EMBED, the Emory Breast Imaging Dataset, as the Open Data release on AWS lays it out: four hospitals, mostly Hologic.

``tables/EMBED_OpenData_metadata.csv`` has a row for each file, ``tables/EMBED_OpenData_clinical.csv`` one for each
finding of an exam; patient, exam and side join them. ``_reduced`` tables with fewer columns do as well. The images lie
in ``cohort_1/PATIENT/STUDY/...dcm``, here or in ``images/``. Source: https://github.com/Emory-HITI/EMBED_Open_Data.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

TABLES: Final = "tables"
CLINICAL: Final = ("EMBED_OpenData_clinical.csv", "EMBED_OpenData_clinical_reduced.csv")
METADATA: Final = ("EMBED_OpenData_metadata.csv", "EMBED_OpenData_metadata_reduced.csv")
LICENCE: Final = (
    "EMBED Research Use Agreement: non-commercial research, no redistribution, no release of models trained on it "
    "without permission"
)
CITATION: Final = (
    "Jeong JJ, Vey BL, Bhimireddy A, et al. The EMory BrEast imaging Dataset (EMBED): A Racially Diverse, Granular "
    "Dataset of 3.4 Million Screening and Diagnostic Mammographic Images. Radiol Artif Intell 5(1):e220047 (2023). "
    "doi:10.1148/ryai.220047"
)
_FILE_NEEDS: Final = ("empi_anon", "acc_anon", "anon_dicom_path", "finalimagetype", "imagelateralityfinal")
_FILE_COLUMNS: Final = (*_FILE_NEEDS, "viewposition", "spot_mag", "roi_coords")
_FINDING_NEEDS: Final = ("acc_anon", "side", "asses")
_FINDING_COLUMNS: Final = (*_FINDING_NEEDS, "desc", "tissueden", "bside", "path_severity", "implanfind", "age_at_study")
_TYPES: Final = ("2d", "cview", "c-view")  # exposed and synthetic; tomosynthesis and screenshots are others
_BIRADS: Final = {"N": "1", "B": "2", "P": "3", "A": "0", "S": "4", "M": "5", "K": "6"}  # the last counts
_NEGATIVE: Final = {"N", "B"}
_POSITIVE: Final = {"S", "M", "K"}
_CANCER: Final = {0, 1}  # path_severity: invasive, non-invasive
_OTHER_CANCER: Final = 6  # such as lymphoma
_DENSITIES: Final = {"1": "A", "2": "B", "3": "C", "4": "D"}  # 5 is a male breast
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Breast:
    """The findings of one breast in one exam, and those whose specimen was of it."""

    findings: list[CsvRow] = field(default_factory=list)
    severities: set[int] = field(default_factory=set)


def found_at(path: Path) -> bool:
    """Whether both tables exist."""
    return _table(path, CLINICAL) is not None and _table(path, METADATA) is not None


def open_embed(path: Path) -> Dataset:
    """The 2D and C-view images that the metadata list and that exist; spot and magnified views are left out.

    Abnormal is a breast whose specimen of this exam was a cancer or, without a specimen, of BI-RADS 4 to 6; normal
    one whose specimen was none or, without a specimen, of BI-RADS 1 and 2. Others, such as those called back, are
    neither. ``clean_normal`` is a screened breast of BI-RADS 1 without specimen or implant. Lesions are the
    radiologist's boxes, on images that are not normal.

    Raises:
        DatasetError: a table is unusable, or none of the images exists.
    """
    source = _table(path, METADATA) or path / TABLES / METADATA[0]
    folder = path / "images" if (path / "images").is_dir() else path
    with LeftOut(source) as left_out:
        clinical = _table(path, CLINICAL) or path / TABLES / CLINICAL[0]
        breasts: dict[tuple[str, str], _Breast] = defaultdict(_Breast)
        for row in read_rows(clinical, _FINDING_NEEDS, columns=_FINDING_COLUMNS, on_bad_row=left_out.add):
            try:
                _add(row, breasts)
            except DatasetError as error:
                left_out.add(error)
        rows = read_rows(source, _FILE_NEEDS, columns=_FILE_COLUMNS, on_bad_row=left_out.add)
        views = [row for row in rows if _is_whole_view(row)]
        if len(views) < len(rows):
            _log.info("%s: %d files are no 2D or C-view image of a whole breast", source, len(rows) - len(views))
        cases = existing(left_out.cases(views, lambda row: _case(row, breasts, folder)), source)
    return Dataset("embed", cases, LICENCE, CITATION)


def _table(path: Path, names: Sequence[str]) -> Path | None:
    return next((file for name in names if (file := path / TABLES / name).is_file()), None)


def _add(row: CsvRow, breasts: dict[tuple[str, str], _Breast]) -> None:
    """A finding without side, or of both, is one of each breast; a specimen has its own side."""
    exam, severity = row.required("acc_anon"), row.number("path_severity")
    side, specimen = row.text("side") or "B", row.text("bside") or row.text("side") or "B"
    for breast in ("L", "R"):
        if side in (breast, "B"):
            breasts[exam, breast].findings.append(row)
        if severity is not None and specimen in (breast, "B"):
            breasts[exam, breast].severities.add(int(severity))


def _is_whole_view(row: CsvRow) -> bool:
    spot = row.text("spot_mag")
    return row.values["finalimagetype"].lower() in _TYPES and spot in (None, "0", "0.0")


def _case(row: CsvRow, breasts: Mapping[tuple[str, str], _Breast], folder: Path) -> Case:
    patient, exam = row.required("empi_anon"), row.required("acc_anon")
    side = row.word("imagelateralityfinal", Laterality)
    parts = PurePosixPath(row.required("anon_dicom_path")).parts
    cohort = next((index for index, part in enumerate(parts) if part.startswith("cohort_")), None)
    if cohort is None:
        raise row.error("anon_dicom_path", "names no cohort", "download the table again")
    breast = breasts.get((exam, str(side)), _Breast())
    truth = _truth(breast)
    findings = breast.findings[:1]
    density = next((_DENSITIES.get((found.text("tissueden") or "").split(".")[0]) for found in findings), None)
    known = {
        "birads": max((_birads(found) for found in breast.findings), key=list(_BIRADS.values()).index, default=None),
        "density": density,
        "age": next((found.text("age_at_study") for found in findings), None),
        "image_type": row.text("finalimagetype"),
    }
    return Case(
        path=folder.joinpath(*parts[cohort:]),
        patient_id=patient,
        attributes=ImageAttributes(patient, exam, side, row.word("viewposition", ViewPosition)),
        abnormal=truth,
        clean_normal=truth is False and density is not None and _is_clean(breast),
        lesions=() if truth is False else tuple(_lesions(row)),
        covariates={name: text for name, text in known.items() if text},
    )


def _birads(row: CsvRow) -> str:
    code = row.required("asses").upper()
    if code not in _BIRADS:
        raise row.error("asses", f"{code!r} is unknown", f"use one of {', '.join(_BIRADS)}")
    return _BIRADS[code]


def _truth(breast: _Breast) -> bool | None:
    if breast.severities:
        if breast.severities & _CANCER:
            return True
        return None if _OTHER_CANCER in breast.severities else False
    codes = {(row.text("asses") or "").upper() for row in breast.findings}
    if codes & _POSITIVE:
        return True
    return False if codes and codes <= _NEGATIVE else None


def _is_clean(breast: _Breast) -> bool:
    return not breast.severities and all(
        (row.text("asses") or "").upper() == "N"
        and "screen" in (row.text("desc") or "").lower()
        and row.text("implanfind") is None
        for row in breast.findings
    )


def _lesions(row: CsvRow) -> list[Lesion]:
    """Boxes as lists of four numbers: ymin, xmin, ymax, xmax."""
    text = row.text("roi_coords") or ""
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]
    if len(numbers) % 4:
        raise row.error("ROI_coords", f"{text!r} is not a list of boxes", "write each as [ymin, xmin, ymax, xmax]")
    boxes = (numbers[start : start + 4] for start in range(0, len(numbers), 4))
    return [Lesion.in_box(top, left, bottom, right, shape="box", kind="ROI") for top, left, bottom, right in boxes]
