"""VinDr-Mammo 1.0.0 (2022), FFDM of two hospitals in Hanoi, as PhysioNet lays it out.

``breast-level_annotations.csv`` has a row for each image, ``finding_annotations.csv`` one for each finding with its box
in pixels of the stored image, and ``images/STUDY_ID/IMAGE_ID.dicom`` are the images. The release identifies studies,
not patients; machines are in the DICOM headers. Source: https://physionet.org/content/vindr-mammo/1.0.0/ and
https://github.com/vinbigdata-medical/vindr-mammo.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, Split, ViewPosition
from mammolens.types import ImageAttributes

BREASTS: Final = "breast-level_annotations.csv"
FINDINGS: Final = "finding_annotations.csv"
IMAGES: Final = "images"
LICENCE: Final = "PhysioNet Restricted Health Data License 1.5.0: research, no re-identification, no redistribution"
CITATION: Final = (
    "Nguyen HT, Nguyen HQ, Pham HH, Lam K, Le LT, Dao M, Vu V. VinDr-Mammo: A large-scale benchmark dataset for "
    "computer-aided diagnosis in full-field digital mammography. Sci Data 10:277 (2023). "
    "doi:10.1038/s41597-023-02100-7; PhysioNet (2022). doi:10.13026/br2v-7517"
)
_BREAST_COLUMNS = ("study_id", "image_id", "laterality", "view_position", "breast_birads", "breast_density", "split")
_FINDING_COLUMNS = ("image_id", "finding_categories", "xmin", "ymin", "xmax", "ymax")
_TRUTH: Final = {"1": False, "2": False, "4": True, "5": True}  # 3, probably benign, is neither
# The part 'training' stays open: it is for training, validation and calibration.
_SPLITS: Final = {"training": None, "test": Split.TEST}


def found_at(path: Path) -> bool:
    """Whether this is the folder of the release."""
    return (path / BREASTS).is_file() and (path / FINDINGS).is_file()


def open_vindr_mammo(path: Path) -> Dataset:
    """The images of ``path/images`` that the table of breasts lists and that exist.

    Abnormal is a breast of BI-RADS 4 or 5, normal one of 1 or 2, unknown one of 3. ``clean_normal`` is BI-RADS 1
    without a finding on the image. Lesions are the boxes of the findings, which are never benign ones; their kind
    is their category, such as 'mass'. A study counts as a patient.

    Raises:
        DatasetError: a table is unusable, or none of the images exists.
    """
    with LeftOut(path) as left_out:
        boxes: dict[str, list[CsvRow]] = defaultdict(list)
        findings = read_rows(
            path / FINDINGS, _FINDING_COLUMNS, columns=_FINDING_COLUMNS, on_bad_row=left_out.add, may_be_empty=True
        )
        for row in findings:
            if row.text("image_id") and row.text("xmin"):
                boxes[row.required("image_id")].append(row)
        rows = read_rows(path / BREASTS, _BREAST_COLUMNS, columns=_BREAST_COLUMNS, on_bad_row=left_out.add)
        found = left_out.cases(rows, lambda row: _case(row, boxes.get(row.required("image_id"), ()), path / IMAGES))
        cases = existing(found, path / BREASTS)
    return Dataset("vindr-mammo", cases, LICENCE, CITATION)


def _case(row: CsvRow, boxes: Sequence[CsvRow], folder: Path) -> Case:
    study, birads = row.required("study_id"), row.required("breast_birads").removeprefix("BI-RADS ")
    if birads not in {*_TRUTH, "3"}:
        raise row.error("breast_birads", f"{birads!r} is unknown", "write it as 'BI-RADS 1', up to 5")
    split = row.required("split")
    if split not in _SPLITS:
        raise row.error("split", f"{split!r} is unknown", f"use one of {', '.join(_SPLITS)}")
    density = (row.text("breast_density") or "").removeprefix("DENSITY ")
    lesions = tuple(_lesion(box) for box in boxes)
    return Case(
        path=folder / study / f"{row.required('image_id')}.dicom",
        patient_id=study,
        attributes=ImageAttributes(
            study, study, row.word("laterality", Laterality), row.word("view_position", ViewPosition)
        ),
        abnormal=_TRUTH.get(birads),
        clean_normal=birads == "1" and not lesions,
        split=_SPLITS[split],
        lesions=lesions,
        covariates={"birads": birads} | ({"density": density} if density else {}),
    )


def _lesion(row: CsvRow) -> Lesion:
    left, top, right, bottom = (row.required_number(name) for name in ("xmin", "ymin", "xmax", "ymax"))
    return Lesion.in_box(top, left, bottom, right, shape="box", kind=_kind(row))


def _kind(row: CsvRow) -> str:
    """The categories, written as a Python list: ``"['Mass', 'Skin Thickening']"``."""
    text = row.required("finding_categories")
    try:
        categories = [str(category).lower() for category in ast.literal_eval(text)]
    except (ValueError, SyntaxError, TypeError) as error:
        raise row.error("finding_categories", f"{text!r} is not a list", "write it as ['Mass']") from error
    return " + ".join(categories)
