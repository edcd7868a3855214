from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.datasets.base import Dataset
from mammolens.inference.predictor import Predictor
from mammolens.inference.presentation import Presentation, present


@pytest.fixture(scope="session")
def exam_files(phantoms: Dataset) -> list[Path]:
    """The four views of one normal phantom."""
    return [case.path for case in phantoms.cases if case.patient_id == phantoms.patients[0]]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def a_presentation(a_predictor: Predictor, exam_files: list[Path], results: Path) -> Presentation:
    """The exam as the page shows it; its files lie in ``results``."""
    return present(a_predictor, {path: path.name for path in exam_files}, results)
