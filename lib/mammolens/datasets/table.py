"""A folder of images and a CSV table that says what is known of each: columns in any order, ``image`` needed.

Known columns: ``image`` (path inside the folder), ``patient_id``, ``exam_id``, ``laterality``, ``view``,
``machine_id``, ``pixel_size_mm`` (of square pixels, at the plane of the breast), ``split``, ``clean_negative``,
``cancer``, ``site_id``; every other one (``age``, ``density`` ...) is kept as a covariate. Column names are read in
any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.presence import present
from mammolens.enums import Laterality, SpacingSource, Split, ViewPosition
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes, PixelSpacing

_SIDES = {"left": Laterality.LEFT, "right": Laterality.RIGHT}
# The rest becomes a covariate, machine_id too.
_TAKEN = frozenset(
    {
        "image",
        "patient_id",
        "exam_id",
        "laterality",
        "view",
        "pixel_size_mm",
        "split",
        "clean_negative",
        "cancer",
        "site_id",
    }
)


@dataclass(frozen=True, slots=True)
class TableRow:
    """What a table says about one image; ``None`` where it says nothing.

    Attributes:
        image: path inside the folder of images, with forward slashes.
        attributes: for the reader; they win over the header.
        split: part that the patient plays.
        clean_negative: 1 for an image that a model of the normal may learn from.
        cancer: truth for evaluation.
        site: institution.
        covariates: the other columns as text, by lower-case name, empty cells left out.
    """

    image: str
    attributes: ImageAttributes = field(default_factory=ImageAttributes)
    split: Split | None = None
    clean_negative: bool | None = None
    cancer: bool | None = None
    site: str | None = None
    covariates: dict[str, str] = field(default_factory=dict)


def read_table(path: Path) -> dict[str, TableRow]:
    """Read a table, keyed by image in the table's order; see the module for the columns.

    Raises:
        DatasetError: naming the file, the line, the column and the remedy; an image listed twice is one too.
    """
    table: dict[str, TableRow] = {}
    for row in read_rows(path, required=("image",)):
        entry = table_row(row)
        if entry.image in table:
            raise row.error("image", f"{entry.image!r} is listed twice", "keep one row an image")
        table[entry.image] = entry
    return table


def table_row(row: CsvRow) -> TableRow:
    """The meaning of one line of a table."""
    attributes = ImageAttributes(
        patient_id=row.text("patient_id"),
        exam_id=row.text("exam_id"),
        laterality=row.word("laterality", Laterality, _SIDES),
        view=row.word("view", ViewPosition),
        machine_id=row.text("machine_id"),
        spacing=_pixel_size(row),
    )
    return TableRow(
        image=_image_name(row),
        attributes=attributes,
        split=row.word("split", Split),
        clean_negative=row.flag("clean_negative"),
        cancer=row.flag("cancer"),
        site=row.text("site_id"),
        covariates=covariates(row, _TAKEN),
    )


def covariates(row: CsvRow, taken: Iterable[str]) -> dict[str, str]:
    """The cells of a row that are filled and whose columns are not ``taken``."""
    texts = {name: row.text(name) for name in row.values if name not in set(taken)}
    return {name: text for name, text in texts.items() if text is not None}


def find_row(table: Mapping[str, TableRow], path: Path) -> TableRow | None:
    """The row of an image file: the one whose name is the longest end of its path; ``None`` if there is none."""
    parts = path.parts
    names = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((table[name] for name in names if name in table), None)


def open_table(folder: Path, csv_path: Path, name: str | None = None, licence: str = "unknown") -> Dataset:
    """The images of a table below ``folder`` (or its subfolder ``images``).

    A table without a word on ``cancer`` or ``clean_negative`` in any row lists normal images by assumption, as
    a plain folder does (:mod:`mammolens.datasets.folder`): whoever trains on it says that they are.

    Raises:
        DatasetError: the table is unusable, a row has no patient_id, or none of the images is there.
    """
    rows = read_table(csv_path)
    nameless = next((row.image for row in rows.values() if row.attributes.patient_id is None), None)
    if nameless:
        reason = f"{nameless!r} has no patient_id, and images of one patient must stay together"
        raise DatasetError(csv_path, reason, "fill in the column 'patient_id'")
    silent = all(row.cancer is None and row.clean_negative is None for row in rows.values())
    cases = [case_of(replace(row, clean_negative=True) if silent else row, folder) for row in rows.values()]
    return Dataset(name or folder.resolve().name, present(cases, csv_path), licence)


def case_of(row: TableRow, folder: Path) -> Case:
    """The case of a row whose patient is known; the image lies in ``folder`` or in ``folder/images``.

    Without ``clean_negative`` every image without cancer is clean; without ``cancer`` only a clean one is known
    to be normal.
    """
    clean = row.cancer is False if row.clean_negative is None else row.clean_negative and not row.cancer
    direct, below = folder / row.image, folder / "images" / row.image
    return Case(
        path=direct if direct.is_file() else below,
        patient_id=row.attributes.patient_id or "",
        attributes=row.attributes,
        abnormal=False if clean else row.cancer,
        clean_normal=clean,
        split=row.split,
        site=row.site,
        covariates=row.covariates,
    )


def _image_name(row: CsvRow) -> str:
    name = PurePosixPath(row.required("image").replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in str(name) or not name.parts:
        raise row.error("image", f"{str(name)!r} leads out of the folder", "give paths inside the folder of images")
    return str(name)


def _pixel_size(row: CsvRow) -> PixelSpacing | None:
    size = row.number("pixel_size_mm")
    try:
        return None if size is None else PixelSpacing(size, size, SpacingSource.TABLE)
    except ValueError as error:
        raise row.error("pixel_size_mm", str(error), "give millimetres, as 0.07") from error
