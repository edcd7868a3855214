"""A small data set of phantom examinations, for trying out training and evaluation without any patient's images."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.phantom import PhantomExam, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion, PhantomLesionKind
from mammolens.enums import Laterality
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

TABLE = "labels.csv"
LICENCE = "that of MammoLens: computer-generated"
_MOST = 10_000  # examinations of one seed, so that two seeds never share a patient


def write_phantom_dataset(
    folder: Path,
    *,
    normals: int,
    abnormals: int = 0,
    contrast: float | None = None,
    seed: int = 0,
    rows: int = 512,
    columns: int = 416,
    spacing: tuple[float, float] = (0.5, 0.5),
) -> Dataset:
    """Write phantom examinations, four DICOM files each, and ``labels.csv``.

    Every second abnormal patient has a calcification cluster, the others a mass, in one breast each; the views of the
    other breast are neither abnormal nor clean normals. ``open_dataset(folder)`` opens the folder again, without
    the locations of the lesions.

    Args:
        folder: created if missing.
        normals: examinations without a lesion.
        abnormals: examinations with one.
        contrast: grey level in (0, 1] that a lesion's peak adds; by default 0.25 for masses, 0.5 for calcifications.
        seed: another seed gives other patients.
        rows: of each image.
        columns: of each image.
        spacing: pixel size in mm, between rows and between columns.

    Raises:
        DatasetError: no examination, or too many.
    """
    if min(normals, abnormals, seed) < 0 or not 0 < normals + abnormals <= _MOST:
        reason = f"{normals} normal and {abnormals} abnormal phantoms of seed {seed} cannot be written"
        raise DatasetError(folder, reason, f"ask for 1 to {_MOST} examinations and a seed of 0 or more")
    cases: list[Case] = []
    for number in range(normals + abnormals):
        lesions = () if number < normals else (_lesion(number - normals, contrast),)
        exam = make_phantom_exam(seed * _MOST + number, lesions=lesions, rows=rows, columns=columns, spacing=spacing)
        files = write_phantom_exam(exam, folder / exam.patient_id)
        cases.extend(_cases(exam, files))
    _write_table(cases, folder)
    return Dataset("phantom", tuple(cases), LICENCE)


def _lesion(number: int, contrast: float | None) -> PhantomLesion:
    side = Laterality.LEFT if number % 4 < 2 else Laterality.RIGHT
    if number % 2:
        return PhantomLesion(PhantomLesionKind.CALCIFICATIONS, side, diameter=12.0, contrast=contrast or 0.5)
    return PhantomLesion(PhantomLesionKind.MASS, side, diameter=16.0, contrast=contrast or 0.25)


def _cases(exam: PhantomExam, files: Sequence[Path]) -> Iterator[Case]:
    for view, file in zip(exam.views, files, strict=True):
        yield Case(
            path=file,
            patient_id=exam.patient_id,
            attributes=ImageAttributes(patient_id=exam.patient_id),
            abnormal=bool(view.lesions),
            clean_normal=not exam.inserted,
            lesions=view.lesions,
        )


def _write_table(cases: Sequence[Case], folder: Path) -> None:
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("image", "patient_id", "cancer", "clean_negative"))
        for case in cases:
            image = case.path.relative_to(folder).as_posix()
            table.writerow((image, case.patient_id, int(bool(case.abnormal)), int(case.clean_normal)))
