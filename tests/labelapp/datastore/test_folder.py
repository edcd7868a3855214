import json
import os
import shutil
from pathlib import Path

import pydicom
import pytest

from mammolens.dicom.reader import read_header
from mammolens.errors import InputError, RequestError, UnknownImageError
from mammolens.labelapp.datastore.folder import HeaderCache, MammogramFolder
from mammolens.types import ImageHeader


def test_nested_images_are_listed_under_ids_that_stay(
    a_folder_datastore: MammogramFolder, a_studies_folder: Path
) -> None:
    ids = a_folder_datastore.list_images()
    assert len(ids) == len(set(ids)) == 8
    shutil.copy(next(a_studies_folder.rglob("*.dcm")), a_studies_folder / "0.dcm")
    later = MammogramFolder(a_studies_folder, ("*.dcm",))
    assert set(later.list_images()) == {*ids, "0.dcm"}


def test_the_uri_is_the_file_itself(a_folder_datastore: MammogramFolder, a_studies_folder: Path) -> None:
    uris = {a_folder_datastore.get_image_uri(image_id) for image_id in a_folder_datastore.list_images()}
    assert uris == {str(path) for path in a_studies_folder.rglob("*.dcm")}


def test_a_new_file_is_seen_and_a_removed_one_is_not(
    a_folder_datastore: MammogramFolder, a_studies_folder: Path
) -> None:
    new = a_studies_folder / "later" / "IM1"
    new.parent.mkdir()
    shutil.copy(next(a_studies_folder.rglob("*.dcm")), new)
    [image_id] = [image for image in a_folder_datastore.json()["objects"] if "later" in image]
    shutil.copy(new, new.with_name("IM2"))
    assert len(a_folder_datastore.get_unlabeled_images()) == 10
    new.unlink()
    assert image_id not in a_folder_datastore.list_images()
    with pytest.raises(UnknownImageError):
        a_folder_datastore.get_image_uri(image_id)


def test_views_of_one_woman_share_an_exam(a_folder_datastore: MammogramFolder) -> None:
    exams = {image_id: a_folder_datastore.describe(image_id).exam_key for image_id in a_folder_datastore.list_images()}
    assert sorted(list(exams.values()).count(exam) for exam in set(exams.values())) == [4, 4]


def test_views_of_one_study_without_patient_id_share_an_exam(
    a_folder_datastore: MammogramFolder, a_studies_folder: Path
) -> None:
    for path in a_studies_folder.rglob("*.dcm"):
        image = pydicom.dcmread(path)
        image.PatientID = ""
        image.save_as(path)
    keys = [a_folder_datastore.describe(image_id).exam_key for image_id in a_folder_datastore.list_images()]
    assert sorted(keys.count(key) for key in set(keys)) == [4, 4]
    assert {patient for patient, _ in keys} == {""}


def test_a_file_that_is_no_mammogram_has_no_exam(a_folder_datastore: MammogramFolder, a_studies_folder: Path) -> None:
    (a_studies_folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    assert "broken.dcm" in a_folder_datastore.list_images()
    assert a_folder_datastore.describe("broken.dcm") is None


def test_an_upload_becomes_an_image_and_can_be_removed_again(
    a_folder_datastore: MammogramFolder, tmp_path: Path
) -> None:
    source = tmp_path / "upload.dcm"
    shutil.copy(a_folder_datastore.get_image_uri(a_folder_datastore.list_images()[0]), source)
    image_id = a_folder_datastore.add_image("mine", str(source), {"comment": "second opinion"})
    assert a_folder_datastore.get_image_info(image_id)["comment"] == "second opinion"
    with pytest.raises(RequestError, match="was uploaded before"):
        a_folder_datastore.add_image("mine", str(source), {})
    a_folder_datastore.remove_image(image_id)
    assert image_id not in a_folder_datastore.list_images()


def test_an_upload_that_only_begins_as_a_picture_is_refused(
    a_folder_datastore: MammogramFolder, tmp_path: Path
) -> None:
    source = tmp_path / "odd.png"
    source.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    with pytest.raises(InputError):
        a_folder_datastore.add_image("mine", str(source), {})
    assert not a_folder_datastore.uploaded("mine.png").exists()


def test_an_upload_that_is_no_mammogram_is_refused(a_folder_datastore: MammogramFolder, tmp_path: Path) -> None:
    source = tmp_path / "upload.dcm"
    source.write_text("hello")
    with pytest.raises(InputError, match="neither DICOM nor PNG nor JPEG"):
        a_folder_datastore.add_image("mine", str(source), {})


def test_originals_are_never_removed(a_folder_datastore: MammogramFolder) -> None:
    image_id = a_folder_datastore.list_images()[0]
    with pytest.raises(RequestError, match="is an original"):
        a_folder_datastore.remove_image(image_id)
    assert Path(a_folder_datastore.get_image_uri(image_id)).is_file()


def test_a_frozen_list_does_not_change(a_studies_folder: Path) -> None:
    store = MammogramFolder(a_studies_folder, ("*.dcm",), rescan_seconds=None)
    shutil.copy(next(a_studies_folder.rglob("*.dcm")), a_studies_folder / "new.dcm")
    assert "new.dcm" not in store.list_images()
    store.refresh()
    assert "new.dcm" in store.list_images()


def test_a_name_that_is_no_utf_8_is_an_image_as_any_other(a_studies_folder: Path) -> None:
    image = next(a_studies_folder.rglob("*.dcm"))
    shutil.copy(image, os.fsdecode(os.fsencode(a_studies_folder) + b"/M\xfcller.dcm"))
    store = MammogramFolder(a_studies_folder, ("*.dcm",))
    (found,) = (image_id for image_id in store.list_images() if "ller" in image_id)
    assert Path(store.get_image_uri(found)).is_file()
    assert store.infos([found])[found]["name"] == r"M\xfcller.dcm"
    assert store.describe(found) is not None
    json.dumps(store.get_image_info(found), ensure_ascii=False).encode()


def test_a_header_is_read_once_as_long_as_the_file_stays_the_same(a_studies_folder: Path) -> None:
    read: list[Path] = []

    def count(path: Path) -> ImageHeader:
        read.append(path)
        return read_header(path)

    headers = HeaderCache(count)
    first, second, *_ = sorted(a_studies_folder.rglob("*.dcm"))
    assert headers.header(first) is headers.header(first)
    first.write_bytes(second.read_bytes() + b"\0\0")
    assert headers.header(first).sop_instance_uid == read_header(second).sop_instance_uid
    assert len(read) == 2


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.dcm"):
        HeaderCache().header(tmp_path / "gone.dcm")
