"""Cases to train on as normal: clean ones, of patients without an abnormal image."""

from __future__ import annotations

from collections.abc import Iterable

from mammolens.datasets.base import Dataset


def affected_patients(images: Iterable[tuple[str, bool]]) -> frozenset[str]:
    """The patients with a finding on any image: the other images, of the other breast too, may show it or another one.

    Args:
        images: the patient of each image or exam, and whether it shows a finding.
    """
    return frozenset(patient for patient, has_finding in images if has_finding)


def clean_normals(dataset: Dataset) -> Dataset:
    """The clean normal cases of patients who are not affected."""
    affected = _affected(dataset)
    return dataset.where(lambda case: case.clean_normal and case.patient_id not in affected)


def normals_of_affected(dataset: Dataset) -> Dataset:
    """The clean normal cases of affected patients, such as those of the healthy breast; not used for training."""
    affected = _affected(dataset)
    return dataset.where(lambda case: case.clean_normal and case.patient_id in affected)


def _affected(dataset: Dataset) -> frozenset[str]:
    return affected_patients((case.patient_id, case.abnormal is True) for case in dataset.cases)
