"""A folder of images and a CSV table that says what is known of each: columns in any order, ``image`` needed.

Known columns: ``image`` (path inside the folder), ``patient_id``, ``exam_id``, ``laterality``, ``view``,
``machine_id``, ``pixel_size_mm`` (of square pixels, at the plane of the breast), ``split``, ``clean_negative``,
``cancer``, ``site_id``, and together ``x``, ``y``, ``w``, ``h`` (box of a lesion in pixels, origin top left); every
other one (``age``, ``density`` ...) is kept as a covariate. Column names are read in any case. An image may have
several rows, one for each lesion.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.boxes import BOX_COLUMNS, boxed_lesion
from mammolens.datasets.csv_rows import CsvRow, read_rows
from mammolens.datasets.left_out import LeftOut
from mammolens.datasets.presence import existing
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
_ATTRIBUTES = ("patient_id", "exam_id", "laterality", "view", "machine_id", "spacing")  # that a table can state
_Value = TypeVar("_Value", bound=Hashable)


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
        covariates: the other columns as text, by lower-case name, empty cells left out; of several rows, all that
            they say.
        lesions: one a row, as boxes.
    """

    image: str
    attributes: ImageAttributes = field(default_factory=ImageAttributes)
    split: Split | None = None
    clean_negative: bool | None = None
    cancer: bool | None = None
    site: str | None = None
    covariates: dict[str, str] = field(default_factory=dict)
    lesions: tuple[Lesion, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """The contents of a table.

    Attributes:
        rows: by image, in the table's order.
        unusable: by image, why its rows are not used: a cell that cannot be read, or rows that contradict each other.
        nameless: errors of rows that name no image.
    """

    rows: Mapping[str, TableRow]
    unusable: Mapping[str, DatasetError]
    nameless: tuple[DatasetError, ...] = ()

    @property
    def errors(self) -> tuple[DatasetError, ...]:
        """All that cannot be used."""
        return *self.unusable.values(), *self.nameless


def read_table(path: Path) -> Table:
    """Read a table; see the module for the columns.

    Raises:
        DatasetError: the file cannot be read, or no row of it: naming the file, the line, the column and the remedy.
    """
    rows: dict[str, list[TableRow]] = {}
    lines: dict[str, CsvRow] = {}
    unusable: dict[str, DatasetError] = {}
    nameless = []
    for row in read_rows(path, required=("image",)):
        try:
            image = _image_name(row)
        except DatasetError as error:
            nameless.append(error)
            continue
        lines[image] = row
        try:
            rows.setdefault(image, []).append(table_row(row))
        except DatasetError as error:
            unusable.setdefault(image, error)
    merged = {}
    for image, listed in rows.items():
        if image not in unusable:
            try:
                merged[image] = _merged(listed, lines[image])
            except DatasetError as error:
                unusable[image] = error
    table = Table(merged, unusable, tuple(nameless))
    if not merged:
        raise table.errors[0]
    return table


def _merged(rows: Sequence[TableRow], line: CsvRow) -> TableRow:
    """One row for an image with several lesions; ``line`` is its last one."""
    if len(rows) == 1:
        return rows[0]

    def one(column: str, values: Iterable[_Value | None]) -> _Value | None:
        stated = dict.fromkeys(value for value in values if value is not None)
        if len(stated) > 1:
            raise line.error(column, f"the rows of {rows[0].image!r} contradict each other", "correct them")
        return next(iter(stated), None)

    attributes: dict[str, Any] = {
        name: one(name, (getattr(row.attributes, name) for row in rows)) for name in _ATTRIBUTES
    }
    clean = [row.clean_negative for row in rows if row.clean_negative is not None]
    cancer = [row.cancer for row in rows if row.cancer is not None]
    names = dict.fromkeys(chain.from_iterable(row.covariates for row in rows))
    return TableRow(
        image=rows[0].image,
        attributes=replace(rows[0].attributes, **attributes),
        split=one("split", (row.split for row in rows)),
        clean_negative=all(clean) if clean else None,
        cancer=any(cancer) if cancer else None,
        site=one("site_id", (row.site for row in rows)),
        covariates={
            name: "; ".join(dict.fromkeys(row.covariates[name] for row in rows if name in row.covariates))
            for name in names
        },
        lesions=tuple(chain.from_iterable(row.lesions for row in rows)),
    )


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
        covariates=covariates(row, (*_TAKEN, *BOX_COLUMNS) if _has_boxes(row) else _TAKEN),
        lesions=(boxed_lesion(row, kind=""),) if _has_boxes(row) and row.text("x") else (),
    )


def _has_boxes(row: CsvRow) -> bool:
    return set(BOX_COLUMNS) <= row.values.keys()


def covariates(row: CsvRow, taken: Iterable[str]) -> dict[str, str]:
    """The cells of a row that are filled and whose columns are not ``taken``."""
    texts = {name: row.text(name) for name in row.values if name not in set(taken)}
    return {name: text for name, text in texts.items() if text is not None}


def find_image(table: Table, path: Path) -> str | None:
    """The table's image for a file: the longest name that its path ends with; ``None`` if there is none."""
    parts = path.parts
    names = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((name for name in names if name in table.rows or name in table.unusable), None)


def open_table(folder: Path, csv_path: Path, name: str | None = None, licence: str = "unknown") -> Dataset:
    """The images of a table below ``folder`` (or its subfolder ``images``).

    If no row of a table has ``cancer`` or ``clean_negative``, all its images are assumed to be normal, as in a plain
    folder (:mod:`mammolens.datasets.folder`). Images of rows that cannot be used, or without ``patient_id``, are left
    out and reported in the log.

    Raises:
        DatasetError: no row can be used, or none of the images exists.
    """
    table = read_table(csv_path)
    rows = [row for row in table.rows.values() if row.attributes.patient_id is not None]
    of_nobody = [_of_nobody(row, csv_path) for row in table.rows.values() if row.attributes.patient_id is None]
    if not rows:
        raise of_nobody[0]
    with LeftOut(csv_path) as left_out:
        for error in (*table.errors, *of_nobody):
            left_out.add(error)
    silent = all(row.cancer is None and row.clean_negative is None and not row.lesions for row in rows)
    cases = [case_of(replace(row, clean_negative=True) if silent else row, folder) for row in rows]
    return Dataset(name or folder.resolve().name, existing(cases, csv_path), licence)


def _of_nobody(row: TableRow, csv_path: Path) -> DatasetError:
    reason = f"{row.image!r} has no patient_id, and images of one patient must stay together"
    return DatasetError(csv_path, reason, "fill in the column 'patient_id'")


def case_of(row: TableRow, folder: Path) -> Case:
    """The case of a row whose patient is known; the image lies in ``folder`` or in ``folder/images``.

    Without ``clean_negative`` every image without cancer is clean; without ``cancer`` an image with a lesion is
    abnormal, and only a clean one is known to be normal.
    """
    clean = row.cancer is False if row.clean_negative is None else row.clean_negative and not row.cancer
    clean = clean and not row.lesions
    direct, below = folder / row.image, folder / "images" / row.image
    return Case(
        path=direct if direct.is_file() else below,
        patient_id=row.attributes.patient_id or "",
        attributes=row.attributes,
        abnormal=False if clean else True if row.lesions and row.cancer is None else row.cancer,
        clean_normal=clean,
        split=row.split,
        site=row.site,
        lesions=row.lesions,
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
