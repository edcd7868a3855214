"""The Chinese Mammography Database (CMMD, 2021), FFDM, as The Cancer Imaging Archive ships it.

``CMMD_clinicaldata_revision.xlsx`` (or the same saved as CSV) has a row for each breast with a lesion: ID1, LeftRight,
Age, number, abnormality, classification, subtype. The images, ``CMMD/D1-0001/STUDY/SERIES/1-1.dcm`` or under UIDs
alone, say patient, side and view in their headers. Source:
https://www.cancerimagingarchive.net/collection/cmmd/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import READERS, LeftOut
from mammolens.datasets.presence import existing
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality
from mammolens.errors import DatasetError
from mammolens.types import ImageHeader

TABLES: Final = ("CMMD_clinicaldata_revision.xlsx", "CMMD_clinicaldata_revision.csv")
LICENCE: Final = "CC BY 4.0"
CITATION: Final = (
    "Cui C, Li L, Cai H, Fan Z, Zhang L, Dan T, Li J, Wang J. The Chinese Mammography Database (CMMD): An online "
    "mammography database with biopsy confirmed types for machine diagnosis of breast. The Cancer Imaging Archive "
    "(2021). doi:10.7937/tcia.eqde-4b16"
)
_COLUMNS = ("id1", "leftright", "classification")
_CLASSES: Final = {"benign": False, "malignant": True}
_COVARIATES: Final = {"age": "age", "abnormality": "abnormality", "classification": "pathology", "subtype": "subtype"}
_Breast = tuple[str, Laterality | None]


def found_at(path: Path) -> bool:
    """Whether the clinical table exists."""
    return any((path / table).is_file() for table in TABLES)


def open_cmmd(path: Path) -> Dataset:
    """The DICOM files in ``path`` and below, with what the clinical table says of their breasts.

    Abnormal is a breast with a cancer, normal one with a lesion that biopsy found benign, so that none is a
    ``clean_normal``; the other breast, which the table does not list, is neither.

    Raises:
        DatasetError: the table is unusable, or there are no images.
    """
    table = next(path / name for name in TABLES if (path / name).is_file())
    breasts: dict[_Breast, list[CsvRow]] = defaultdict(list)
    with LeftOut(path) as left_out:
        for row in read_rows(table, _COLUMNS, on_bad_row=left_out.add):
            try:
                _malignant(row)
                breasts[row.required("id1"), row.word("leftright", Laterality)].append(row)
            except DatasetError as error:
                left_out.add(error)
        patients = {patient for patient, _ in breasts}

        def case_of(file: Path) -> Case:
            header = read_header(file)
            if header.patient_id not in patients:
                raise DatasetError(
                    file, f"the patient {header.patient_id!r} is not in {table.name}", "complete the table"
                )
            return _case(header, breasts.get((header.patient_id, header.laterality), ()))

        cases = existing(left_out.cases(sorted(path.rglob("*.dcm")), case_of, threads=READERS), table)
    return Dataset("cmmd", cases, LICENCE, CITATION)


def _malignant(row: CsvRow) -> bool:
    word = row.required("classification").lower()
    if word not in _CLASSES:
        raise row.error("classification", f"{word!r} is unknown", "use Benign or Malignant")
    return _CLASSES[word]


def _case(header: ImageHeader, rows: Sequence[CsvRow]) -> Case:
    worst = sorted(rows, key=_malignant)[-1:]
    known = {name: row.text(column) for row in worst for column, name in _COVARIATES.items()}
    return Case(
        path=header.path,
        patient_id=header.patient_id,
        abnormal=_malignant(worst[0]) if worst else None,
        covariates={name: text.lower() if name == "pathology" else text for name, text in known.items() if text},
    )
