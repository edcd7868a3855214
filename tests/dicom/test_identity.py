from __future__ import annotations

import shutil

import pytest
from pydicom import uid

from mammolens.dicom.identity import Identity, identity_doubts, substitute_uids, with_identity
from mammolens.dicom.reader import read_header
from mammolens.enums import QualityFlag
from mammolens.types import ImageAttributes, ImageHeader

STUDY, ISSUER = QualityFlag.STUDY_OF_SEVERAL_PATIENTS, QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS


@pytest.fixture
def different_images(write_dicom, stored_phantoms):
    """Two images with one SOP Instance UID."""
    return [write_dicom(stored_phantoms[number], name=f"{number}.dcm") for number in (0, 1)]


def test_two_patient_ids_in_one_study_are_told_and_a_missing_one_is_another():
    images = {1: Identity("A", "1.2"), 2: Identity("B", "1.2"), 3: Identity("A", "1.3"), 4: Identity("", "1.3")}
    assert identity_doubts(images) == dict.fromkeys(images, (STUDY,))


def test_studies_of_one_patient_and_images_without_study_raise_no_doubt():
    assert identity_doubts({1: Identity("A", "1.2"), 2: Identity("A", "1.3"), 3: Identity("B", None)}) == {}


def test_two_issuers_of_one_patient_id_are_told_to_all_of_its_images():
    images = {1: Identity("1", "1.2", "N"), 2: Identity("1", "1.3", "S"), 3: Identity("1", "1.4")}
    assert identity_doubts(images) == dict.fromkeys(images, (ISSUER,))


def test_an_issuer_that_only_some_images_state_is_no_contradiction_nor_are_two_without_patient_id():
    assert identity_doubts({1: Identity("1", "1.2", "N"), 2: Identity("1", "1.3")}) == {}
    assert identity_doubts({1: Identity("", "1.2", "N"), 2: Identity("", "1.3", "S")}) == {}


def test_different_images_of_one_uid_get_valid_substitutes_that_depend_on_nothing_else(different_images):
    stated = dict.fromkeys(different_images, "1.2.3")
    substitutes = substitute_uids(stated)
    assert substitutes.keys() == stated.keys()
    assert len({*substitutes.values(), "1.2.3"}) == 3
    assert all(uid.UID(one).is_valid for one in substitutes.values())
    assert substitute_uids(dict(reversed(stated.items()))) == substitutes
    moved = [shutil.move(path, path.with_name(f"moved {path.name}")) for path in different_images]
    assert set(substitute_uids(dict.fromkeys(moved, "1.2.3")).values()) == set(substitutes.values())


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.RLELossless])
def test_a_copy_is_the_same_image_whatever_its_transfer_syntax_and_header(
    write_dicom, stored_phantoms, different_images, syntax
):
    copies = [
        write_dicom(stored_phantoms[0], name="plain.dcm", BitsStored=12, StudyDate="20200131"),
        write_dicom(stored_phantoms[0], name="compressed.dcm", BitsStored=12, syntax=syntax),
    ]
    assert substitute_uids(dict.fromkeys(copies, "1.2.3")) == {}
    substitutes = substitute_uids(dict.fromkeys([*copies, different_images[1]], "1.2.3"))
    assert substitutes[copies[0]] == substitutes[copies[1]] != substitutes[different_images[1]]


def test_a_file_that_cannot_be_decoded_is_no_different_image(different_images):
    whole = different_images[1].read_bytes()
    different_images[1].write_bytes(whole[: len(whole) // 2])
    assert substitute_uids(dict.fromkeys(different_images, "1.2.3")) == {}


def test_files_of_different_uids_or_that_are_gone_are_not_opened(tmp_path):
    gone = [tmp_path / name for name in ("a.dcm", "b.dcm")]
    assert substitute_uids(dict(zip(gone, ("1.2", "1.3"), strict=True))) == {}
    assert substitute_uids(dict.fromkeys(gone, "1.2")) == {}


def test_what_is_told_joins_what_a_table_says(different_images):
    first, second = different_images
    table = {first: ImageAttributes(patient_id="A"), second: ImageAttributes(patient_id="B")}
    headers: dict = {path: read_header(path, table[path]) for path in different_images}
    told = with_identity(headers, table)
    assert [one.patient_id for one in told.values()] == ["A", "B"]
    again: list[ImageHeader] = [read_header(path, told[path]) for path in different_images]
    assert all({STUDY, QualityFlag.SUBSTITUTE_UID} <= {*header.flags} for header in again)
    assert len({header.sop_instance_uid for header in again}) == 2
