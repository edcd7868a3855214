"""RSNA Screening Mammography Breast Cancer Detection (2022) as Kaggle lays it out: train.csv and train_images/."""

from __future__ import annotations

import logging
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.datasets.table import covariates
from mammolens.enums import Laterality, ViewPosition
from mammolens.types import ImageAttributes

TABLE = "train.csv"
IMAGES = "train_images"
LICENCE = "RSNA 2022 challenge terms: non-commercial research, no re-identification, no redistribution"
CITATION = (
    "Carr C, Kitamura F, Partridge G, et al. RSNA Screening Mammography Breast Cancer Detection. Kaggle, 2022. "
    "https://kaggle.com/competitions/rsna-breast-cancer-detection"
)
RECALL = "0"  # BI-RADS of a screening examination that was called back
_COLUMNS = ("patient_id", "image_id", "laterality", "view", "cancer", "biopsy", "implant", "difficult_negative_case")
_TAKEN = ("site_id", "patient_id", "image_id", "laterality", "view")
_OTHER_VIEWS = ("AT",)  # axillary tail: no projection that is scored
_log = logging.getLogger(__name__)


def open_rsna(path: Path) -> Dataset:
    """The images of ``path/train_images`` that ``path/train.csv`` lists and that exist.

    ``clean_normal`` has neither cancer, biopsy, recall (BI-RADS 0), implant nor the difficult-negative mark; each
    patient has one examination. Axillary-tail views and missing images are skipped and counted in the
    log.

    Raises:
        DatasetError: the table is unusable or none of its images exists.
    """
    source = path / TABLE
    with LeftOut(source) as left_out:
        rows = read_rows(source, required=_COLUMNS, on_bad_row=left_out.add)
        scored = [row for row in rows if row.values["view"] not in _OTHER_VIEWS]
        if len(scored) < len(rows):
            _log.info("%s: %d axillary-tail views left out", source, len(rows) - len(scored))
        cases = existing(left_out.cases(scored, lambda row: _case(row, path / IMAGES)), source)
    return Dataset("rsna", cases, LICENCE, CITATION)


def _case(row: CsvRow, folder: Path) -> Case:
    patient = row.required("patient_id")
    attributes = ImageAttributes(
        patient_id=patient,
        exam_id=patient,
        laterality=row.word("laterality", Laterality),
        view=row.word("view", ViewPosition),
        machine_id=row.text("machine_id"),
    )
    return Case(
        path=folder / patient / f"{row.required('image_id')}.dcm",
        patient_id=patient,
        attributes=attributes,
        abnormal=row.flag("cancer"),
        clean_normal=_is_clean(row),
        site=row.text("site_id"),
        covariates=covariates(row, _TAKEN),
    )


def _is_clean(row: CsvRow) -> bool:
    marks = ("biopsy", "implant", "difficult_negative_case")
    recalled = row.number("birads") == float(RECALL)
    return row.flag("cancer") is False and not recalled and not any(row.flag(mark) for mark in marks)
