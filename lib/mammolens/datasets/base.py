"""What a data set is to the rest of the house: a list of cases with what is known of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from mammolens.enums import Split
from mammolens.types import ImageAttributes


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


@dataclass(frozen=True, slots=True)
class Case:
    """One image of a data set and its truth.

    Attributes:
        path: the image file.
        patient_id: groups images that must stay in one split.
        attributes: handed to the reader; see :class:`ImageAttributes`.
        abnormal: cancer (or a marked lesion) present; ``None`` where unknown.
        clean_normal: negative without biopsy, recall, implant or difficulty: fit to learn from.
        split: given by the data set, or ``None``.
        site: the institution, for figures within each.
        covariates: other columns (age, density, machine_id, ...), as text.
    """

    path: Path
    patient_id: str
    attributes: ImageAttributes = field(default_factory=ImageAttributes)
    abnormal: bool | None = None
    clean_normal: bool = False
    split: Split | None = None
    site: str | None = None
    lesions: tuple[Lesion, ...] = ()
    covariates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Cases in a fixed order, with the terms under which they may be used."""

    name: str
    cases: tuple[Case, ...]
    licence: str
    citation: str = ""

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
