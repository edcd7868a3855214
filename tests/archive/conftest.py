from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset
import pytest

Rows = list[dict[str, object]]


@pytest.fixture(scope="session")
def an_archive(phantoms, tmp_path_factory) -> Path:
    """Three exams of four images, a file cut off within its pixels, one that is text, and an empty folder."""
    folder = tmp_path_factory.mktemp("archive")
    for patient in phantoms.patients[:3]:
        for case in phantoms.cases:
            if case.patient_id == patient:
                (folder / patient).mkdir(exist_ok=True)
                shutil.copy(case.path, folder / patient / case.path.name)
    whole = (folder / phantoms.patients[0] / "R_MLO.dcm").read_bytes()
    (folder / phantoms.patients[0] / "R_MLO.dcm").write_bytes(whole[: len(whole) // 2])
    (folder / "cut.dcm").write_bytes(whole[:400])
    (folder / "nothing").mkdir()
    return folder


@pytest.fixture
def rows_of() -> Callable[[Path, str], Rows]:
    """The rows of ``images`` or ``exams`` in a folder of results, as anybody reads them."""

    def read(results: Path, kind: str) -> Rows:
        return pyarrow.dataset.dataset(results / kind).to_table().to_pylist()

    return read
