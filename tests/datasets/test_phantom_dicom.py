from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, RLELossless

from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import AttributeSource, SpacingSource
from mammolens.errors import DatasetError

VARIANTS = [
    {"photometric": photometric, "transfer_syntax": syntax, "bits_stored": bits}
    for photometric in ("MONOCHROME1", "MONOCHROME2")
    for syntax, bits in ((ExplicitVRLittleEndian, 12), (RLELossless, 14), (ExplicitVRLittleEndian, 16))
]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(map(str, variant.values())))
def test_the_reader_sees_the_pixels_that_were_written(a_normal_exam, tmp_path, variant):
    files = write_phantom_exam(a_normal_exam, tmp_path, **variant)
    for view, file in zip(a_normal_exam.views, files, strict=True):
        mammogram = read_mammogram(file)
        assert mammogram.header.flags == ()
        np.testing.assert_allclose(mammogram.pixels, view.pixels, atol=0.6 / (2 ** variant["bits_stored"] - 1))


def test_the_header_tells_patient_side_view_and_anisotropic_spacing(a_normal_exam, tmp_path):
    files = write_phantom_exam(a_normal_exam, tmp_path, spacing=(0.2, 0.1))
    assert [file.name for file in files] == ["R_CC.dcm", "L_CC.dcm", "R_MLO.dcm", "L_MLO.dcm"]
    for view, file in zip(a_normal_exam.views, files, strict=True):
        header = read_mammogram(file).header
        assert header.patient_id == "PHANTOM-11"
        assert (header.laterality, header.laterality_source) == (view.laterality, AttributeSource.HEADER)
        assert (header.view, header.view_source) == (view.view, AttributeSource.HEADER)
        assert header.spacing is not None
        assert (header.spacing.between_rows, header.spacing.between_columns) == (0.2, 0.1)
        assert header.spacing.source is SpacingSource.IMAGER_PIXEL_SPACING
        assert header.geometry.spacing == (0.1, 0.2, 1.0)


def test_monochrome1_stores_inverted_values(a_normal_exam, tmp_path):
    (bright, *_), (dark, *_) = (
        [pydicom.dcmread(file) for file in write_phantom_exam(a_normal_exam, tmp_path / name, photometric=name)]
        for name in ("MONOCHROME1", "MONOCHROME2")
    )
    np.testing.assert_array_equal(4095 - bright.pixel_array, dark.pixel_array)
    assert (bright.PresentationLUTShape, dark.PresentationLUTShape) == ("INVERSE", "IDENTITY")


def test_the_header_says_that_this_is_no_patient(a_normal_exam, tmp_path):
    dataset = pydicom.dcmread(write_phantom_exam(a_normal_exam, tmp_path)[0])
    assert dataset.SOPClassUID == DigitalMammographyXRayImageStorageForPresentation
    assert dataset.Manufacturer == "MammoLens Phantom"
    assert dataset.QualityControlImage == "YES"
    assert "not a patient" in dataset.PatientComments


@pytest.mark.parametrize(("one_series", "series"), [(True, 1), (False, 4)])
def test_views_share_a_study_and_a_series_if_asked(a_normal_exam, tmp_path, one_series, series):
    datasets = [pydicom.dcmread(file) for file in write_phantom_exam(a_normal_exam, tmp_path, one_series=one_series)]
    assert len({dataset.StudyInstanceUID for dataset in datasets}) == 1
    assert len({dataset.SeriesInstanceUID for dataset in datasets}) == series
    assert len({dataset.SOPInstanceUID for dataset in datasets}) == 4


def test_the_same_arguments_give_the_same_file(a_normal_exam, tmp_path):
    first, second = (write_phantom_exam(a_normal_exam, tmp_path / name) for name in ("a", "b"))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_an_exam_with_a_lesion_shares_no_uid_with_its_healthy_twin(
    a_normal_exam, an_exam_with_a_mass_on_the_left, tmp_path
):
    healthy, ill = (
        [pydicom.dcmread(file) for file in write_phantom_exam(exam, tmp_path / name)]
        for exam, name in ((a_normal_exam, "healthy"), (an_exam_with_a_mass_on_the_left, "ill"))
    )
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        assert not {dataset[keyword].value for dataset in healthy} & {dataset[keyword].value for dataset in ill}


@pytest.mark.parametrize(
    "wrong",
    [{"photometric": "RGB"}, {"transfer_syntax": "1.2.840.10008.1.2.4.90"}, {"bits_stored": 8}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_is_not_written_is_refused(a_normal_exam, tmp_path, wrong):
    with pytest.raises(DatasetError, match=f"{next(iter(wrong))}: .* is not written; use one of"):
        write_phantom_exam(a_normal_exam, tmp_path, **wrong)


@pytest.mark.integration
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(map(str, variant.values())))
def test_dciodvfy_finds_no_error(a_normal_exam, tmp_path, variant):
    validator = shutil.which("dciodvfy")
    if validator is None:
        pytest.skip("dciodvfy (Debian package dicom3tools) is not installed")
    for file in write_phantom_exam(a_normal_exam, tmp_path, **variant):
        report = subprocess.run([validator, str(file)], capture_output=True, text=True, check=False).stderr
        assert "MammographyImageForPresentation" in report
        assert "Error" not in report, report
