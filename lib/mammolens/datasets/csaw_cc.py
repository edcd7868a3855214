"""CSAW-CC (2022), the case-control part of the Cohort of Screen-Aged Women: FFDM of Hologic, one site.

``CSAW-CC_breast_cancer_screening_data.csv`` has a row for each image; the DICOM file that ``anon_filename`` names lies
in the same folder or below. ``rad_timing`` says when the cancer was found: 1 at this screening (within 60 days), 2 in
the interval after it, 3 later. Masks of tumours are not read: no public source describes their files.
Source: https://snd.se/en/catalogue/dataset/2021-204-1 and its codebook.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, ViewPosition
from mammolens.types import ImageAttributes

TABLE: Final = "CSAW-CC_breast_cancer_screening_data.csv"
LICENCE: Final = "CSAW-CC: research only, on request from Karolinska Institutet; no redistribution"
CITATION: Final = (
    "Dembrower K, Lindholm P, Strand F. A Multi-million Mammography Image Dataset and Population-Based Screening "
    "Cohort for the Training and Evaluation of Deep Neural Networks - the Cohort of Screen-Aged Women (CSAW). J Digit "
    "Imaging 33:408-413 (2020). doi:10.1007/s10278-019-00278-0; Strand F. CSAW-CC (mammography). Swedish National Data "
    "Service 2021-204-1 (2022)"
)
_SIDES: Final = {"left": Laterality.LEFT, "right": Laterality.RIGHT}
_AT_THIS_SCREENING: Final = 1.0
_COLUMNS = ("anon_patientid", "exam_year", "x_case", "x_cancer_laterality", "rad_timing", "rad_recall",
            "imagelaterality", "viewposition", "anon_filename")  # fmt: skip
_AGES: Final = {"1": "40 to 55", "2": "over 55"}


def found_at(path: Path) -> bool:
    """Whether the table exists."""
    return (path / TABLE).is_file()


def open_csaw_cc(path: Path) -> Dataset:
    """The images that the table lists and that are in ``path`` or below.

    A breast with a cancer found at this screening is abnormal; breasts with a cancer found later are neither normal nor
    abnormal; all others are normal. Images are ``clean_normal`` if the patient has no cancer, was flagged by no reader
    and was not recalled.

    Raises:
        DatasetError: the table is unusable, or none of the images exists.
    """
    source = path / TABLE
    files = {file.stem: file for file in sorted(path.rglob("*.dcm"))}
    with LeftOut(source) as left_out:
        rows = read_rows(source, _COLUMNS, on_bad_row=left_out.add)
        cases = existing(left_out.cases(rows, lambda row: _case(row, files, path)), source)
    return Dataset("csaw-cc", cases, LICENCE, CITATION)


def _case(row: CsvRow, files: Mapping[str, Path], path: Path) -> Case:
    patient, side = row.required("anon_patientid"), row.word("imagelaterality", Laterality, _SIDES)
    name = row.required("anon_filename")
    ill, flagged = row.flag("x_case"), [row.flag(column) for column in ("rad_recall", "rad_r1", "rad_r2")]
    known = {
        "age_group": _AGES.get((row.text("x_age") or "").split(".")[0]),
        "rad_timing": (row.text("rad_timing") or "").split(".")[0],
        "percent_density": row.text("libra_percentdensity"),
    }
    return Case(
        path=files.get(name.removesuffix(".dcm"), path / name),
        patient_id=patient,
        attributes=ImageAttributes(
            patient, f"{patient}-{row.required('exam_year')}", side, row.word("viewposition", ViewPosition)
        ),
        abnormal=_truth(row, side),
        clean_normal=ill is False and not any(flagged),
        covariates={key: value for key, value in known.items() if value},
    )


def _truth(row: CsvRow, side: Laterality | None) -> bool | None:
    ill, cancer = row.flag("x_case"), row.word("x_cancer_laterality", Laterality, _SIDES)
    if not ill:
        return ill
    if cancer is None or side is None:
        return None
    if cancer is not side:
        return False
    return True if row.number("rad_timing") == _AT_THIS_SCREENING else None
