"""A folder of phantom exams that a test bends, and its inspection."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import generate_uid

from mammolens.datasets.base import Dataset
from mammolens.inference.predictor import Predictor
from mammolens.inspection.contact_sheet import ContactSheet
from mammolens.inspection.inspector import Inspector
from mammolens.inspection.results import Inspection
from mammolens.inspection.sources import open_source

Inspect = Callable[..., Inspection]


@pytest.fixture
def two_exams(phantoms: Dataset, tmp_path: Path) -> Path:
    """Eight views of two patients in ``A`` and ``B``."""
    folder = tmp_path / "exams"
    for name, patient in zip("AB", phantoms.patients, strict=False):
        shutil.copytree(phantoms.cases[0].path.parents[1] / patient, folder / name)
    return folder


@pytest.fixture
def inspected(a_predictor: Predictor) -> Inspect:
    """Inspects a source; ``pixels=False`` by its headers alone."""

    def inspect(path: Path, *, pixels: bool = True, sheet: ContactSheet | None = None, **given: Any) -> Inspection:
        inspector = Inspector(open_source(path, **given))
        inspector.read_headers(lambda: None)
        if pixels:
            inspector.read_pixels(a_predictor, sheet or ContactSheet(0), lambda: None)
        return inspector.result()

    return inspect


def rewrite(path: Path, to: Path | None = None, *, new_uid: bool = False, **attributes: Any) -> Path:
    """Change attributes of a DICOM file, or write a changed copy ``to`` another place."""
    dataset = pydicom.dcmread(path)
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    if new_uid:
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    target = to or path
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(target)
    return target
