"""RSNA 2022 images stretched to 640 x 640 JPEG with a patient-level split: labels.csv and images/."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.rsna import CITATION, LICENCE
from mammolens.datasets.table import open_table

TABLE = "labels.csv"
_DETECTORS = {"21": (2776, 2082), "29": (5355, 4915)}  # rows and columns before the stretch, by machine_id
_USUAL_DETECTOR = (5928, 4728)  # of the collection's other machines, mostly; not known of each


def open_rsna640(path: Path) -> Dataset:
    """The images of ``path/images`` that ``path/labels.csv`` lists.

    The stretch has lost the pixel spacing; the aspect ratio is that of the machine's detector. ``inverted`` marks
    un-inverted MONOCHROME1 images, not always rightly: the reader uses the pixels instead. Each patient has one
    examination.

    Raises:
        DatasetError: the table is unusable or none of its images exists.
    """
    dataset = open_table(path, path / TABLE, "rsna640", LICENCE)
    return replace(dataset, cases=tuple(map(_completed, dataset.cases)), citation=CITATION)


def _completed(case: Case) -> Case:
    rows, columns = _DETECTORS.get(case.attributes.machine_id or "", _USUAL_DETECTOR)
    attributes = replace(case.attributes, exam_id=case.patient_id, pixel_aspect_ratio=rows / columns)
    return replace(case, attributes=attributes)
