"""INbreast release 1.0 (2012), FFDM of Siemens MammoNovation: INbreast.csv, AllDICOMs/ and AllXML/.

The table does not identify patients and ages; patients are in the file names:
``20000001_0123456789abcdef_MG_R_CC_ANON.dcm`` is the image 20000001 of the patient 0123456789abcdef. The contours of an
image are a property list of OsiriX, ``AllXML/20000001.xml``, whose ``Point_px`` are '(column, row)' in pixels of the
stored image. The release also has the table as INbreast.xls, with two rows of totals at its end. Source: Moreira et al.
(2012).
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from xml.parsers.expat import ExpatError

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

TABLE = "INbreast.csv"
IMAGES = "AllDICOMs"
CONTOURS = "AllXML"
LICENCE = "INbreast: research only, on agreement with the Breast Research Group, INESC Porto; no redistribution"
CITATION = (
    "Moreira IC, Amaral I, Domingues I, Cardoso A, Cardoso MJ, Cardoso JS. INbreast: toward a full-field digital "
    "mammographic database. Acad Radiol 19(2):236-248 (2012). doi:10.1016/j.acra.2011.09.014"
)
_HIDDEN = "removed"
_NAME = re.compile(r"^(\d+)_([0-9a-f]+)_MG_[LR]_\w+$", re.IGNORECASE)
_POINT = re.compile(r"^\(\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*\)$")
# What is outlined as a whole; single calcifications are dots by the dozen, mostly benign. As the release spells it.
_LESIONS: Final = {
    "mass": "mass",
    "cluster": "cluster",
    "spiculated region": "spiculated region",
    "espiculated region": "spiculated region",
    "distortion": "distortion",
    "asymmetry": "asymmetry",
    "assymetry": "asymmetry",
}
TRUTH: Final = {"1": False, "2": False, "4": True, "5": True, "6": True}  # 3, probably benign, is neither


def open_inbreast(path: Path) -> Dataset:
    """The images of ``path/AllDICOMs`` that ``path/INbreast.csv`` lists.

    Abnormal is BI-RADS 4 to 6, normal 1 and 2, unknown 3; ``clean_normal`` is 1. Lesions are the ellipses around
    contours of masses, clusters, spiculated regions, distortions and asymmetries. An image whose property list is
    damaged is left out.

    Raises:
        DatasetError: the table is unusable, or none of the images exists.
    """
    source = path / TABLE
    files = {
        match[1]: (file, match[2]) for file in sorted((path / IMAGES).glob("*")) if (match := _NAME.match(file.stem))
    }
    missing = path / IMAGES / "missing", ""
    with LeftOut(source) as left_out:
        rows = read_rows(source, ("laterality", "view", "file name", "bi-rads"), on_bad_row=left_out.add)
        found = left_out.cases(
            rows, lambda row: _case(row, *files.get(row.required("file name"), missing), path / CONTOURS)
        )
        cases = existing(found, source)
    return Dataset("inbreast", cases, LICENCE, CITATION)


def _case(row: CsvRow, file: Path, patient: str, contours: Path) -> Case:
    birads = row.required("bi-rads")
    truth = TRUTH.get(birads[0])
    known = {"birads": birads, "density": row.text("acr"), "age": row.text("patient age")}
    laterality, view = row.word("laterality", Laterality), row.word("view", ViewPosition)
    # One examination a patient, as far as the dates tell, which are months.
    exam = f"{patient}-{row.text('acquisition date') or ''}"
    return Case(
        path=file,
        patient_id=patient,
        attributes=ImageAttributes(patient, exam, laterality, view),
        abnormal=truth,
        clean_normal=birads == "1",
        lesions=tuple(_lesions(contours / f"{row.required('file name')}.xml")),
        covariates={key: value for key, value in known.items() if value and value != _HIDDEN},
    )


def _lesions(path: Path) -> Iterator[Lesion]:
    """The lesions of an image; none where it has no property list."""
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            regions = [region for image in plistlib.load(file)["Images"] for region in image["ROIs"]]
        found = [_lesion(str(region["Name"]), region["Point_px"]) for region in regions]
    except (OSError, ValueError, KeyError, TypeError, ExpatError, plistlib.InvalidFileException) as error:
        raise DatasetError(
            path, f"is not a list of contours ({error})", "copy the file from the release again"
        ) from error
    yield from (lesion for lesion in found if lesion is not None)


def _lesion(name: str, points: Sequence[Any]) -> Lesion | None:
    kind = _LESIONS.get(name.strip().lower())
    if kind is None or not points:
        return None
    matches = [_POINT.match(str(point)) for point in points]
    places = [(float(match[2]), float(match[1])) for match in matches if match]
    if len(places) < len(points):
        raise ValueError(f"a point of {name!r} is not a pair of numbers")
    (top, bottom), (left, right) = ((min(axis), max(axis)) for axis in zip(*places, strict=True))
    return Lesion.in_box(top, left, bottom, right, kind=kind)
