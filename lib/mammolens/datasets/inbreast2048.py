"""INbreast reduced to 2,048 rows as JPEG, the aspect kept: labels.csv, masses.csv and images/."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.datasets.boxes import BOX_COLUMNS, boxed_lesion
from mammolens.datasets.csv_rows import read_rows
from mammolens.datasets.inbreast import CITATION, LICENCE, TRUTH
from mammolens.datasets.table import open_table
from mammolens.enums import Split

TABLE = "labels.csv"
MASSES = "masses.csv"
COLUMNS = ("image", "patient_id", "birads", "acr_density", "mass_mask", "pixel_size_mm")


def open_inbreast2048(path: Path) -> Dataset:
    """The images of ``path/images`` that ``path/labels.csv`` lists; lesions are the masses of ``path/masses.csv``.

    Abnormal is BI-RADS 4 to 6 of the image, normal 1 and 2, unknown 3. A ``clean_normal`` image is of a patient with
    BI-RADS 1 or 2 throughout and no mass, distortion or asymmetry. The set is for measuring only, so every case is in
    the split ``test``. Each patient has one examination. A lesion is the ellipse in the box around a mass, as in
    :mod:`mammolens.datasets.inbreast`.

    Raises:
        DatasetError: a table is unusable or none of the images exists.
    """
    masses: dict[str, list[Lesion]] = defaultdict(list)
    for row in read_rows(path / MASSES, ("image", *BOX_COLUMNS)):
        masses[row.required("image")].append(boxed_lesion(row, "ellipse"))
    dataset = open_table(path, path / TABLE, "inbreast2048", LICENCE)
    cases = tuple(_completed(case, masses.get(case.path.name, [])) for case in dataset.cases)
    return replace(dataset, cases=cases, citation=CITATION)


def _completed(case: Case, masses: list[Lesion]) -> Case:
    covariates = {"density" if name == "acr_density" else name: text for name, text in case.covariates.items()}
    return replace(
        case,
        attributes=replace(case.attributes, exam_id=case.patient_id),
        abnormal=TRUTH.get(case.covariates.get("birads", "")[:1]),
        split=Split.TEST,
        lesions=tuple(masses),
        covariates=covariates,
    )
