"""Any folder of mammograms, DICOM or pictures, taken for normal because a person says so."""

from __future__ import annotations

import logging
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.discovery import find_images
from mammolens.dicom.reader import read_header
from mammolens.errors import DatasetError, InputError

LICENCE = "unknown: that of the folder's owner"
_log = logging.getLogger(__name__)


def open_folder(path: Path) -> Dataset:
    """The mammograms found in ``path`` and below, each with the patient of its header.

    **Every image counts as a clean normal**: whoever points training or calibration at a folder says that these
    examinations are normal. Where some are not, say so in a table (:mod:`mammolens.datasets.table`). Files that
    are no usable mammograms are left out, each with its reason in the log.

    Raises:
        DatasetError: the folder is missing or holds no mammogram.
    """
    try:
        files = find_images([path])
    except InputError as error:
        raise DatasetError(error.source, error.reason, error.remedy) from error
    cases = tuple(case for case in map(_case, files) if case is not None)
    if not cases:
        raise DatasetError(path, f"none of its {len(files)} images is a usable mammogram", "see the log for each")
    return Dataset(path.resolve().name, cases, LICENCE)


def _case(file: Path) -> Case | None:
    try:
        header = read_header(file)
    except InputError as error:
        _log.warning("left out: %s", error)
        return None
    machine = header.acquisition_group
    known = {"machine_id": machine} if machine else {}
    return Case(file, header.patient_id, abnormal=False, clean_normal=True, covariates=known)
