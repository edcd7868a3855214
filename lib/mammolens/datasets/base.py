"""A data set: a list of cases with the known facts about each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mammolens.enums import Split
from mammolens.types import BoolImage, ImageAttributes

_SMALLEST_HALF = 0.5  # pixels: a lesion marked by one point has that pixel


@dataclass(frozen=True, slots=True)
class Lesion:
    """A marked lesion, in pixels of the stored image; the centre at ``(row, column)``.

    ``shape`` is 'ellipse' (half axes) or 'box' (half sides).
    """

    row: float
    column: float
    half_rows: float
    half_columns: float
    shape: str = "ellipse"
    kind: str = ""

    @classmethod
    def in_box(
        cls, top: float, left: float, bottom: float, right: float, *, shape: str = "ellipse", kind: str = ""
    ) -> Lesion:
        """The lesion that fills an upright box, given by its edges in pixels.

        Example:
            >>> Lesion.in_box(10, 20, 50, 30, shape="box")
            Lesion(row=30.0, column=25.0, half_rows=20.0, half_columns=5.0, shape='box', kind='')
        """
        half_rows, half_columns = max((bottom - top) / 2, _SMALLEST_HALF), max((right - left) / 2, _SMALLEST_HALF)
        return cls((top + bottom) / 2, (left + right) / 2, half_rows, half_columns, shape=shape, kind=kind)

    @classmethod
    def around(cls, mask: BoolImage, *, kind: str = "") -> Lesion:
        """The upright ellipse within the bounding box of a mask, ``(rows, cols)`` bool, that is not empty."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        # Pixel centres lie at whole numbers, so the outermost pixels reach half a pixel farther.
        top, bottom, left, right = (float(end) for end in (rows[0], rows[-1], columns[0], columns[-1]))
        return cls.in_box(top - 0.5, left - 0.5, bottom + 0.5, right + 0.5, kind=kind)

    def outline(self) -> list[tuple[float, float]]:
        """Corners of a polygon around it, ``(column, row)``."""
        if self.shape == "box":
            turns = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        else:
            turns = [(math.cos(math.tau * turn / 48), math.sin(math.tau * turn / 48)) for turn in range(48)]
        return [(self.column + self.half_columns * x, self.row + self.half_rows * y) for x, y in turns]

    def contains(self, row: float, column: float) -> bool:
        """Whether a location lies on the lesion.

        Example:
            >>> Lesion(10, 10, 4, 2).contains(13, 10)
            True
        """
        down, across = abs(row - self.row) / self.half_rows, abs(column - self.column) / self.half_columns
        return max(down, across) <= 1 if self.shape == "box" else down**2 + across**2 <= 1


@dataclass(frozen=True, slots=True)
class Case:
    """One image of a data set and its truth.

    Attributes:
        path: the image file.
        patient_id: groups images that must stay in one split.
        attributes: handed to the reader; see :class:`ImageAttributes`.
        abnormal: cancer (or a marked lesion) present; ``None`` if unknown.
        clean_normal: negative without biopsy, recall, implant or difficulty: suitable for training.
        split: given by the data set, or ``None``.
        site: the institution, for figures within each.
        lesions: marked lesions; masks are read only when the lesions are needed, not to check whether there are any.
        covariates: other columns (age, density, machine_id, ...), as text.

    Example:
        >>> Case(Path("P1_L_CC.dcm"), "P1", abnormal=False, clean_normal=True).lesions
        ()
    """

    path: Path
    patient_id: str
    attributes: ImageAttributes = field(default_factory=ImageAttributes)
    abnormal: bool | None = None
    clean_normal: bool = False
    split: Split | None = None
    site: str | None = None
    lesions: Sequence[Lesion] = ()
    covariates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Cases in a fixed order, with the terms under which they may be used.

    ``parts`` are the data sets that it was joined from (:mod:`mammolens.datasets.joined`), as each was opened, by name.

    Example:
        >>> dataset = Dataset(
        ...     "ours", (Case(Path("a.dcm"), "P1", split=Split.TEST), Case(Path("b.dcm"), "P2")), licence=""
        ... )
        >>> dataset.in_split(Split.TEST).patients
        ('P1',)
    """

    name: str
    cases: tuple[Case, ...]
    licence: str
    citation: str = ""
    parts: Mapping[str, Dataset] = field(default_factory=dict)

    def where(self, keep: Callable[[Case], bool]) -> Dataset:
        """The same data set with the cases for which ``keep`` is true."""
        return replace(self, cases=tuple(case for case in self.cases if keep(case)))

    def in_split(self, split: Split) -> Dataset:
        """The cases of one split."""
        return self.where(lambda case: case.split == split)

    @property
    def patients(self) -> tuple[str, ...]:
        """Patient ids, each once, in order of appearance."""
        return tuple(dict.fromkeys(case.patient_id for case in self.cases))
