from __future__ import annotations

from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.normals import affected_patients, clean_normals, normals_of_affected


def case(image: str, *, abnormal: bool | None, clean: bool = False) -> Case:
    return Case(Path(image), image.partition("-")[0], abnormal=abnormal, clean_normal=clean)


CASES = (
    case("ill-left", abnormal=True),
    case("ill-right", abnormal=False, clean=True),
    case("well-left", abnormal=False, clean=True),
    case("well-right", abnormal=False, clean=True),
    case("biopsied-left", abnormal=False),
    case("biopsied-right", abnormal=False, clean=True),
    case("unknown-left", abnormal=None, clean=True),
)


def images(dataset: Dataset) -> list[str]:
    return [case.path.name for case in dataset.cases]


def test_the_healthy_breast_of_a_patient_with_an_abnormal_image_is_no_clean_normal():
    dataset = Dataset("made", CASES, "ours")
    assert images(clean_normals(dataset)) == ["well-left", "well-right", "biopsied-right", "unknown-left"]
    assert images(normals_of_affected(dataset)) == ["ill-right"]


def test_one_finding_is_enough():
    assert affected_patients([("a", True), ("a", False), ("b", False)]) == {"a"}
