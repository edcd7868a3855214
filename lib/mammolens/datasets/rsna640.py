"""RSNA 2022 images stretched to 640 x 640 JPEG with a patient-level split: labels.csv and images/."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.rsna import CITATION, LICENCE
from mammolens.datasets.table import open_table

TABLE = "labels.csv"


def open_rsna640(path: Path) -> Dataset:
    """The images of ``path/images`` that ``path/labels.csv`` lists.

    The stretch has lost the aspect ratio and with it the pixel spacing. ``inverted`` marks un-inverted MONOCHROME1
    images, not always rightly: the reader judges the pixels instead. Each patient has one examination.

    Raises:
        DatasetError: the table is unusable or none of its images is there.
    """
    dataset = open_table(path, path / TABLE, "rsna640", LICENCE)
    return replace(dataset, cases=tuple(map(_one_exam_a_patient, dataset.cases)), citation=CITATION)


def _one_exam_a_patient(case: Case) -> Case:
    return replace(case, attributes=replace(case.attributes, exam_id=case.patient_id))
