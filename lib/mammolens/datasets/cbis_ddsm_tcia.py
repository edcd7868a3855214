"""CBIS-DDSM as The Cancer Imaging Archive ships it: digitised film, a folder for each image and each mask.

``mass_case_description_train_set.csv`` and its three sisters have a row for each lesion. The first part of 'image file
path', such as ``Mass-Training_P_00001_LEFT_CC``, names the folder of the mammogram, that of 'ROI mask file path', such
as ``Mass-Training_P_00001_LEFT_CC_1``, the folder with its mask and a crop. What is below them depends on the
downloader (``07-20-2016-DDSM-NA-74994/1.000000-full mammogram images-24515/1-1.dcm``, or UIDs), and which of the two
files is the mask, too: the tables confuse them, so the larger one is taken.
Sources: https://www.cancerimagingarchive.net/collection/cbis-ddsm/ and Lee et al. (2017).
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.cbis_ddsm import CITATION, LICENCE
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.lesion_masks import LesionMask, LesionMasks
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, Split, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

TABLES: Final = tuple(
    f"{kind}_case_description_{part}_set.csv" for kind in ("mass", "calc") for part in ("train", "test")
)
_COLUMNS = ("patient_id", "left or right breast", "image view", "abnormality type", "pathology", "image file path",
            "roi mask file path")  # fmt: skip
_SIDES: Final = {"left": Laterality.LEFT, "right": Laterality.RIGHT}
_FOLDER: Final = re.compile(r"^(?:Mass|Calc)-(?:Training|Test)_P_\d+_(?:LEFT|RIGHT)_(?:CC|MLO)(?:_\d+)?$")
_PATHOLOGIES: Final = ("BENIGN_WITHOUT_CALLBACK", "BENIGN", "MALIGNANT")  # the last counts
_Files = Mapping[str, Sequence[Path]]


def found_at(path: Path) -> bool:
    """Whether one of the tables exists."""
    return any((path / table).is_file() for table in TABLES)


def open_cbis_ddsm_tcia(path: Path) -> Dataset:
    """The mammograms that the tables in ``path`` list and whose folders are in ``path`` or anywhere below.

    All are abnormal: each has an outlined lesion, benign or malignant. Lesions are the ellipses in the boxes around
    the masks, which are read when they are needed (:mod:`mammolens.datasets.lesion_masks`); if a mask of an image is
    missing, the image has no lesions. A patient of a test table is in the split 'test' with all images, both masses
    and calcifications.

    Raises:
        DatasetError: a table is unusable, or none of the images exists.
    """
    with LeftOut(path) as left_out:
        images: dict[str, list[CsvRow]] = defaultdict(list)
        tested: set[str] = set()
        for table in (path / name for name in TABLES if (path / name).is_file()):
            for row in read_rows(table, _COLUMNS, on_bad_row=left_out.add):
                images[_folder_of(row, "image file path")].append(row)
                if "_test_" in table.name:
                    tested.add(row.values["patient_id"])
        files = _files(path)

        def case_of(rows: Sequence[CsvRow]) -> Case:
            return _case(rows, files, path, tested, left_out)

        cases = existing(left_out.cases(images.values(), case_of), path)
    return Dataset("cbis-ddsm-tcia", cases, LICENCE, CITATION)


def _folder_of(row: CsvRow, column: str) -> str:
    """The first part of a path; cells end with a line break now and then."""
    return row.values.get(column, "").replace("\\", "/").split("/")[0].strip()


def _files(path: Path) -> _Files:
    """The DICOM files below each folder of an image or a mask, by the folder's name."""
    found: dict[str, list[Path]] = defaultdict(list)
    for here, _, names in os.walk(path):
        folder = next((part for part in reversed(Path(here).parts) if _FOLDER.match(part)), None)
        if folder:
            found[folder] += (Path(here) / name for name in sorted(names) if name.endswith(".dcm"))
    return found


def _case(rows: Sequence[CsvRow], files: _Files, path: Path, tested: set[str], left_out: LeftOut) -> Case:
    first = rows[0]
    patient, folder = first.required("patient_id"), _folder_of(first, "image file path")
    if not _FOLDER.match(folder):
        raise first.error("image file path", f"{folder!r} is not an image of CBIS-DDSM", "download the table again")
    image = next(iter(sorted(files.get(folder, ()))), path / folder)
    side, view = first.word("left or right breast", Laterality, _SIDES), first.word("image view", ViewPosition)
    known = {
        "pathology": max((row.required("pathology") for row in rows), key=_severity).lower(),
        "density": first.text("breast_density") or first.text("breast density"),
        "birads": max(row.text("assessment") or "" for row in rows),
    }
    return Case(
        path=image,
        patient_id=patient,
        # A film may be in both collections, masses and calcifications: two exams, so that no view counts twice.
        attributes=ImageAttributes(patient, folder.split("_LEFT")[0].split("_RIGHT")[0], side, view),
        abnormal=True,
        split=Split.TEST if patient in tested else None,
        lesions=_lesions(rows, files, image, left_out) if image.is_file() else (),
        covariates={name: text for name, text in known.items() if text},
    )


def _severity(pathology: str) -> int:
    return _PATHOLOGIES.index(pathology) if pathology in _PATHOLOGIES else -1


def _lesions(rows: Sequence[CsvRow], files: _Files, image: Path, left_out: LeftOut) -> Sequence[Lesion]:
    """Those of an image; none where one of them is not known, since then the others are not all."""
    try:
        return LesionMasks(image, tuple(_mask(row, files, image) for row in rows))
    except DatasetError as error:
        left_out.add(error)
        return ()


def _mask(row: CsvRow, files: _Files, image: Path) -> LesionMask:
    folder = _folder_of(row, "roi mask file path")
    found = files.get(folder, ())
    if not found:
        raise DatasetError(image, f"its mask {folder!r} is missing, so no lesion is marked", "download the ROI masks")
    return LesionMask(tuple(found), row.required("abnormality type"), tuple(file.stat().st_mtime_ns for file in found))
