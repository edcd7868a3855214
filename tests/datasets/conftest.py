"""Fixtures of the data sets' tests; those that need the development data skip without it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pydicom
import pytest
from PIL import Image

from mammolens.datasets.phantom import PhantomExam, make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion, PhantomLesionKind
from mammolens.enums import Laterality

SMALL: dict[str, Any] = {"rows": 256, "columns": 208, "spacing": (1.0, 1.0)}

WriteText = Callable[[str, str], Path]
WriteImages = Callable[..., Path]
WriteView = Callable[..., Path]


@pytest.fixture(scope="session")
def development_data() -> Path:
    """The folder with rsna640/, mias640/, cbis800/ and dicom/."""
    folder = os.environ.get("MAMMOLENS_DATA")
    if not folder:
        pytest.skip("MAMMOLENS_DATA names no folder of development data")
    return Path(folder)


@pytest.fixture
def write_text(tmp_path: Path) -> WriteText:
    """Write a text file below the test's folder, in UTF-8."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_images(tmp_path: Path) -> WriteImages:
    """Write small grey PNG images below the test's folder, which is returned."""

    def write(*names: str) -> Path:
        ramp = np.tile(np.arange(96, dtype=np.uint8), (128, 1))
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(ramp).save(tmp_path / name, format="PNG")
        return tmp_path

    return write


@pytest.fixture(scope="session")
def small_grid() -> dict[str, Any]:
    """Rows, columns and spacing of phantoms that take little time."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def a_normal_exam() -> PhantomExam:
    return make_phantom_exam(11, **SMALL)


@pytest.fixture(scope="session")
def an_exam_with_a_mass_on_the_left() -> PhantomExam:
    return make_phantom_exam(
        11, lesions=[PhantomLesion(PhantomLesionKind.MASS, Laterality.LEFT, diameter=20.0)], **SMALL
    )


@pytest.fixture(scope="session")
def views_of_the_exam_with_a_mass(an_exam_with_a_mass_on_the_left, tmp_path_factory) -> Path:
    """A folder with its four DICOM files: ``L_CC.dcm``, ``R_MLO.dcm`` ..."""
    folder = tmp_path_factory.mktemp("views")
    write_phantom_exam(an_exam_with_a_mass_on_the_left, folder)
    return folder


@pytest.fixture
def write_view(views_of_the_exam_with_a_mass, tmp_path) -> WriteView:
    """Write a view ('L_CC' ...) of that exam as a DICOM file below the test's folder, its header changed.

    Keywords are attributes; ``None`` removes one.
    """

    def write(name: str, view: str, **attributes: Any) -> Path:
        dataset = pydicom.dcmread(views_of_the_exam_with_a_mass / f"{view}.dcm")
        for keyword, value in attributes.items():
            if value is None:
                dataset.pop(keyword, None)
            else:
                setattr(dataset, keyword, value)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, write_like_original=False)
        return path

    return write


@pytest.fixture
def write_workbook(tmp_path) -> Callable[[str, list[list[Any]]], Path]:
    """Write an .xlsx as spreadsheet programs do: text as shared strings, empty cells left out."""

    def write(name: str, rows: list[list[Any]]) -> Path:
        space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        texts = [cell for row in rows for cell in row if isinstance(cell, str)]
        lines = []
        for number, row in enumerate(rows, 1):
            cells = []
            for letter, cell in zip("ABCDEFGHIJ", row, strict=False):
                if cell is not None:
                    shared = isinstance(cell, str)
                    kind, value = (' t="s"', texts.index(cell)) if shared else ("", cell)
                    cells.append(f'<c r="{letter}{number}"{kind}><v>{value}</v></c>')
            lines.append(f'<row r="{number}">{"".join(cells)}</row>')
        strings = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(
                "xl/worksheets/sheet1.xml", f"<worksheet {space}><sheetData>{''.join(lines)}</sheetData></worksheet>"
            )
            archive.writestr("xl/sharedStrings.xml", f"<sst {space}>{strings}</sst>")
        return tmp_path / name

    return write
