from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from mammolens.dicom.derived.source import source_of
from mammolens.dicom.reader import read_header
from mammolens.errors import InputError
from mammolens.types import ImageAttributes


def test_a_picture_is_no_source(tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(np.tile(np.arange(96, dtype=np.uint8), (128, 1))).save(path)
    with pytest.raises(InputError, match="image.png: is not a DICOM file, .*; give the DICOM image, or leave out"):
        source_of(read_header(path))


def test_a_source_that_is_gone_is_named(write_dicom, values_of):
    header = read_header(write_dicom(values_of()))
    header.path.unlink()
    with pytest.raises(InputError, match="image.dcm: cannot be read"):
        source_of(header)


def test_another_image_in_the_place_of_the_source_is_refused(write_dicom, values_of):
    header = read_header(write_dicom(values_of()))
    write_dicom(values_of(), SOPInstanceUID="1.2.3")
    with pytest.raises(InputError, match="image.dcm: has been replaced by another image .*; analyse it again"):
        source_of(header)


def test_an_image_that_shares_its_uid_with_a_different_one_is_no_source(write_dicom, values_of):
    header = read_header(write_dicom(values_of()), ImageAttributes(sop_instance_uid="2.25.7"))
    with pytest.raises(InputError, match="image.dcm: shares its SOP Instance UID .*; give each image its own UID"):
        source_of(header)


def test_patient_and_study_are_completed_and_nothing_else_is_told(write_dicom, values_of):
    dataset = source_of(read_header(write_dicom(values_of(), PatientSex="X", StudyDate="20201350"))).dataset
    assert dataset.PatientID == "PHANTOM-1"
    for keyword in ("PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyID", "AccessionNumber"):
        assert not dataset[keyword].value, keyword


def test_what_is_well_formed_is_kept(write_dicom, values_of):
    stated = {"PatientSex": "F", "StudyDate": "20200131", "StudyTime": "131756.5", "PatientBirthDate": "19500401"}
    dataset = source_of(read_header(write_dicom(values_of(), **stated))).dataset
    assert {keyword: str(dataset[keyword].value) for keyword in stated} == stated


def test_missing_uids_follow_from_the_file_and_its_exam(write_dicom, values_of):
    path = write_dicom(values_of(), StudyInstanceUID=None, SeriesInstanceUID=None)
    first, second = source_of(read_header(path)).dataset, source_of(read_header(path)).dataset
    assert first.StudyInstanceUID == second.StudyInstanceUID != first.SeriesInstanceUID
    assert uid.UID(first.StudyInstanceUID).is_valid


def test_the_true_class_is_kept_aside(write_dicom, values_of):
    source = source_of(read_header(write_dicom(values_of(), SOPClassUID="1.2.840.113619.4.26")))
    assert source.sop_class_uid == "1.2.840.113619.4.26"


def test_the_file_is_not_touched(write_dicom, values_of):
    path = write_dicom(values_of(), FrameOfReferenceUID="1.2.3")
    before = path.read_bytes()
    source_of(read_header(path))
    assert path.read_bytes() == before
