from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from mammolens.dicom.export import write_volume
from mammolens.dicom.reader import read_header
from mammolens.errors import InputError
from mammolens.types import ImageGeometry, ImageHeader

OBLIQUE = ImageGeometry((0.09, 0.07, 2.5), (10.5, -20.25, 30.125), (0.8, 0, -0.6, 0.6, 0, 0.8, 0, -1, 0))
TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@pytest.fixture
def an_oblique_header() -> ImageHeader:
    return ImageHeader(Path("image.dcm"), "1.2", "patient", "exam", geometry=OBLIQUE)


@pytest.fixture(params=["float32", "uint8"])
def a_map(request: pytest.FixtureRequest) -> np.ndarray:
    values = np.random.default_rng(0).random((40, 30))
    return (values * 255).astype(np.uint8) if request.param == "uint8" else (values * 1e-3).astype(np.float32)


def affine_of(geometry: ImageGeometry) -> np.ndarray:
    """Column, row, slice to RAS in mm, by hand."""
    affine = np.eye(4)
    affine[:3, :3] = np.array(geometry.direction).reshape(3, 3) * geometry.spacing
    affine[:3, 3] = geometry.origin
    return TO_RAS @ affine


def position_of(index: tuple[float, float], image: sitk.Image) -> tuple[float, ...]:
    return image.TransformContinuousIndexToPhysicalPoint([*index, 0])


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_a_smaller_map_holds_the_means_of_blocks_at_their_own_places(an_oblique_header, tmp_path, suffix):
    values = np.random.default_rng(0).random((41, 30)).astype(np.float32)
    for name, longest in (("small", 20), ("full", 41)):
        write_volume(values, an_oblique_header, tmp_path / f"{name}{suffix}", longest=longest)
    small, full = (sitk.ReadImage(str(tmp_path / f"{name}{suffix}")) for name in ("small", "full"))
    assert (full.GetSize(), small.GetSize()) == ((30, 41, 1), (10, 13, 1))
    means = values[:39].reshape(13, 3, 10, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(sitk.GetArrayFromImage(small)[0], means, rtol=1e-5)
    for column, row in ((0, 0), (9, 12)):
        middle = position_of((3 * column + 1, 3 * row + 1), full)
        np.testing.assert_allclose(position_of((column, row), small), middle, atol=1e-4)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_simpleitk_reads_the_same_values_in_the_same_place(an_oblique_header, a_map, tmp_path, suffix):
    path = tmp_path / f"1.2.840.10008{suffix}"
    write_volume(a_map, an_oblique_header, path)
    image = sitk.ReadImage(str(path))
    values = sitk.GetArrayFromImage(image)
    assert values.dtype == a_map.dtype
    np.testing.assert_array_equal(values, a_map[np.newaxis])
    np.testing.assert_allclose(image.GetSpacing(), OBLIQUE.spacing, rtol=1e-6)
    np.testing.assert_allclose(image.GetOrigin(), OBLIQUE.origin, rtol=1e-6)
    np.testing.assert_allclose(image.GetDirection(), OBLIQUE.direction, atol=1e-6)


def test_nibabel_reads_columns_rows_slices_and_an_affine_to_ras(an_oblique_header, a_map, tmp_path):
    write_volume(a_map, an_oblique_header, tmp_path / "map.nii.gz")
    image = nib.load(tmp_path / "map.nii.gz")
    values = np.asanyarray(image.dataobj)
    assert values.dtype == a_map.dtype
    np.testing.assert_array_equal(values, a_map.T[..., np.newaxis])
    np.testing.assert_allclose(image.affine, affine_of(OBLIQUE), atol=1e-5)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
@pytest.mark.parametrize(
    "header",
    [
        {"ImagerPixelSpacing": ["0.0940909", "0.07"]},
        {"ImagerPixelSpacing": ["0.1", "0.1"], "ImageOrientationPatient": ["0", "1", "0", "0", "0", "-1"]},
        {"ImagePositionPatient": ["-100.5", "33.3", "12"], "SpacingBetweenSlices": "4"},
        {},
    ],
    ids=["plain", "standing", "placed", "nothing"],
)
def test_a_map_lies_over_its_image(write_dicom, values_of, tmp_path, header, suffix):
    values = values_of()
    file, path = write_dicom(values, **header), tmp_path / f"map{suffix}"
    write_volume(values.astype(np.float32), read_header(file), path)
    image, over = sitk.ReadImage(str(file)), sitk.ReadImage(str(path))
    assert over.GetSize() == image.GetSize()
    for corner in [(-0.5, -0.5, 0.0), (values.shape[1] - 0.5, values.shape[0] - 0.5, 0.0)]:
        np.testing.assert_allclose(
            over.TransformContinuousIndexToPhysicalPoint(corner),
            image.TransformContinuousIndexToPhysicalPoint(corner),
            atol=1e-5,
        )
    np.testing.assert_array_equal(sitk.GetArrayFromImage(over), sitk.GetArrayFromImage(image))


@pytest.mark.parametrize("name", ["map.png", "map.nii", "map.nrrd.txt", "map"])
def test_a_format_that_loses_the_geometry_is_refused(an_oblique_header, a_map, tmp_path, name):
    with pytest.raises(InputError, match=rf"{name}: is not a volume format .*; use \.nrrd or \.nii\.gz$"):
        write_volume(a_map, an_oblique_header, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_map_replaces_the_one_before_and_leaves_nothing_else(an_oblique_header, a_map, tmp_path):
    for _ in range(2):
        write_volume(a_map, an_oblique_header, tmp_path / "new folder" / "map.nrrd")
    assert [file.name for file in (tmp_path / "new folder").iterdir()] == ["map.nrrd"]
