from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pydicom
import pytest

from mammolens.datasets.folder import open_folder
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import DatasetError


def rewrite(file: Path, **attributes: str) -> None:
    """Have the header say this instead."""
    image = pydicom.dcmread(file)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    image.save_as(file)


def test_every_image_counts_as_a_normal_of_its_header_s_patient(a_normal_exam, tmp_path):
    files = write_phantom_exam(a_normal_exam, tmp_path / "somewhere" / "deep")
    dataset = open_folder(tmp_path)
    assert {case.path for case in dataset.cases} == set(files)
    assert dataset.patients == ("PHANTOM-11",)
    assert all(case.clean_normal and case.abnormal is False for case in dataset.cases)


def test_a_study_of_four_views_without_patient_id_is_one_patient_and_one_exam(a_normal_exam, tmp_path, caplog):
    files = write_phantom_exam(a_normal_exam, tmp_path)
    for file in files:
        rewrite(file, PatientID="")
    with caplog.at_level(logging.WARNING):
        dataset = open_folder(tmp_path)
    assert len(dataset.patients) == 1
    assert len({read_mammogram(case.path, case.attributes).header.exam_id for case in dataset.cases}) == 1
    assert f"patient_unknown: 4 images, such as {min(files)}: " in caplog.text


def test_different_images_of_one_uid_are_told_and_copies_are_not(a_normal_exam, tmp_path, caplog):
    first, second, third, _ = write_phantom_exam(a_normal_exam, tmp_path)
    shutil.copy(third, tmp_path / "copy.dcm")
    for file in (first, second):
        rewrite(file, SOPInstanceUID="1.2.3")
    with caplog.at_level(logging.WARNING):
        dataset = open_folder(tmp_path)
    uids = {case.path: read_mammogram(case.path, case.attributes).header.sop_instance_uid for case in dataset.cases}
    assert len({uids[first], uids[second], "1.2.3"}) == 3
    assert uids[third] == uids[tmp_path / "copy.dcm"]
    assert "substitute_uid: 2 images" in caplog.text


def test_contradictions_between_patients_are_told(a_normal_exam, tmp_path, caplog):
    first, *others = write_phantom_exam(a_normal_exam, tmp_path)
    rewrite(first, PatientID="another")
    for number, file in enumerate(others):
        rewrite(file, IssuerOfPatientID=f"site {number}")
    with caplog.at_level(logging.WARNING):
        assert len(open_folder(tmp_path).patients) == 2
    assert "study_of_several_patients: 4 images" in caplog.text
    assert "patient_id_of_several_issuers: 3 images" in caplog.text


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
