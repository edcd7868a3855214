from __future__ import annotations

import logging

import pytest

from mammolens.datasets.folder import open_folder
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.errors import DatasetError


def test_every_image_counts_as_a_normal_of_its_header_s_patient(a_normal_exam, tmp_path):
    files = write_phantom_exam(a_normal_exam, tmp_path / "somewhere" / "deep")
    dataset = open_folder(tmp_path)
    assert {case.path for case in dataset.cases} == set(files)
    assert dataset.patients == ("PHANTOM-11",)
    assert all(case.clean_normal and case.abnormal is False for case in dataset.cases)


def test_what_is_no_mammogram_is_left_out_with_its_reason(a_normal_exam, tmp_path, caplog):
    files = write_phantom_exam(a_normal_exam, tmp_path)
    files[0].write_bytes(files[0].read_bytes()[:200])
    with caplog.at_level(logging.WARNING):
        assert len(open_folder(tmp_path).cases) == 3
    assert f"left out: {files[0]}: " in caplog.text


def test_a_folder_that_is_missing_empty_or_without_mammograms_is_refused(tmp_path, a_normal_exam):
    with pytest.raises(DatasetError, match="does not exist"):
        open_folder(tmp_path / "none")
    with pytest.raises(DatasetError, match="contains no DICOM, PNG or JPEG file"):
        open_folder(tmp_path)
    (file, *others) = write_phantom_exam(a_normal_exam, tmp_path)
    file.write_bytes(file.read_bytes()[:200])
    for other in others:
        other.unlink()
    with pytest.raises(DatasetError, match="none of its 1 images is a usable mammogram"):
        open_folder(tmp_path)
