import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.uid import SecondaryCaptureImageStorage

from mammolens.dicom.derived.picture_image import picture_as_dicom, picture_header
from mammolens.dicom.derived.source import source_of_picture
from mammolens.dicom.reader import read_header, read_mammogram


@pytest.fixture
def greys() -> NDArray[np.uint8]:
    """Dark around a bright half disc, as a mammogram is."""
    rows, columns = np.mgrid[:200, :160]
    inside = (rows - 100) ** 2 / 8000 + columns**2 / 9000 < 1
    return np.asarray(inside * (120 + (rows * columns) % 60), dtype=np.uint8)


@pytest.fixture(params=["png", "jpg", "pgm"])
def a_picture(request: pytest.FixtureRequest, greys: NDArray[np.uint8], tmp_path: Path) -> Path:
    path = tmp_path / f"film.{request.param}"
    Image.fromarray(greys).save(path)
    return path


def test_pixels_are_those_of_the_picture(a_picture: Path) -> None:
    mammogram = read_mammogram(a_picture)
    dataset = pydicom.dcmread(io.BytesIO(picture_as_dicom(mammogram)))
    assert np.allclose(dataset.pixel_array / 4095, mammogram.pixels, atol=0.5 / 4095)
    assert (dataset.PhotometricInterpretation, dataset.BitsStored) == ("MONOCHROME2", 12)


def test_it_is_read_again_as_the_same_image(a_picture: Path, tmp_path: Path) -> None:
    mammogram = read_mammogram(a_picture)
    (tmp_path / "made.dcm").write_bytes(picture_as_dicom(mammogram))
    again = read_mammogram(tmp_path / "made.dcm")
    assert again.header.sop_instance_uid == mammogram.header.sop_instance_uid
    assert (again.header.laterality, again.header.view) == (mammogram.header.laterality, mammogram.header.view)
    assert again.header.geometry == mammogram.header.geometry
    assert again.header.spacing is None
    assert np.allclose(again.pixels, mammogram.pixels, atol=1e-3)


def test_the_same_picture_is_always_the_same_file(a_picture: Path) -> None:
    assert picture_as_dicom(read_mammogram(a_picture)) == picture_as_dicom(read_mammogram(a_picture))


def test_a_jpeg_is_said_to_be_lossy_and_others_are_not(a_picture: Path) -> None:
    header = picture_header(read_header(a_picture))
    assert header.get("LossyImageCompression") == ("01" if a_picture.suffix == ".jpg" else None)


def test_its_results_refer_to_the_image_that_viewers_get(a_picture: Path) -> None:
    mammogram = read_mammogram(a_picture)
    made = pydicom.dcmread(io.BytesIO(picture_as_dicom(mammogram)))
    source = source_of_picture(mammogram.header)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Rows", "Columns"):
        assert source.dataset[keyword].value == made[keyword].value
    assert source.sop_class_uid == made.SOPClassUID == SecondaryCaptureImageStorage
