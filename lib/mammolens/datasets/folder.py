"""Any folder of mammograms, DICOM or pictures, taken for normal because a person says so."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.discovery import find_images
from mammolens.dicom.identity import IDENTITY_DOUBTS, with_identity
from mammolens.dicom.reader import read_header
from mammolens.enums import QualityFlag
from mammolens.errors import DatasetError, InputError
from mammolens.names import path_as_text
from mammolens.types import ImageAttributes, ImageHeader

LICENCE = "unknown: that of the folder's owner"
_log = logging.getLogger(__name__)


def open_folder(path: Path) -> Dataset:
    """The mammograms found in ``path`` and below, each with the patient of its header.

    Without Patient ID, the images of one study count as one patient. Different images with the same SOP Instance UID
    all count, each with a substitute UID. The log has a line for each doubt about identity.

    **Every image counts as a clean normal**: use a folder for training or calibration only if all its examinations are
    normal; otherwise, list them in a table (:mod:`mammolens.datasets.table`). Files that are not usable mammograms are
    left out; the log gives the reason for each.

    Raises:
        DatasetError: the folder is missing or contains no mammogram.
    """
    try:
        found = find_images([path])
    except InputError as error:
        raise DatasetError(error.source, error.reason, error.remedy) from error
    if found.passed_over:
        _log.info("%s: %d files beside the images passed over", path, len(found.passed_over))
    headers = {file: header for file in found.images if (header := _header(file)) is not None}
    if not headers:
        raise DatasetError(
            path, f"none of its {len(found.images)} images is a usable mammogram", "see the log for each"
        )
    identified = with_identity(headers, {})
    cases = tuple(_case(header, identified[file]) for file, header in headers.items())
    _warn_of_doubts(cases, headers)
    return Dataset(path.resolve().name, cases, LICENCE)


def _header(file: Path) -> ImageHeader | None:
    try:
        return read_header(file)
    except InputError as error:
        _log.warning("left out: %s", error)
        return None


def _case(header: ImageHeader, attributes: ImageAttributes) -> Case:
    machine = header.acquisition_group
    known = {"machine_id": machine} if machine else {}
    return Case(header.path, header.patient_key, attributes, abnormal=False, clean_normal=True, covariates=known)


def _warn_of_doubts(cases: Sequence[Case], headers: Mapping[Path, ImageHeader]) -> None:
    """Log one line for each kind of doubt about whose image it is."""
    doubtful: dict[QualityFlag, list[Path]] = {}
    for case in cases:
        substitute = (QualityFlag.SUBSTITUTE_UID,) if case.attributes.sop_instance_uid else ()
        for flag in (*headers[case.path].flags, *case.attributes.identity_doubts, *substitute):
            if flag in IDENTITY_DOUBTS:
                doubtful.setdefault(flag, []).append(case.path)
    for flag, paths in doubtful.items():
        _log.warning("%s: %d images, such as %s: %s", flag, len(paths), path_as_text(paths[0]), IDENTITY_DOUBTS[flag])
