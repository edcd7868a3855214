import shutil
from datetime import date
from pathlib import Path

import pydicom
import pytest

from mammolens.enums import QualityFlag
from mammolens.errors import RequestError, UnknownImageError
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.folder import MammogramFolder
from mammolens.labelapp.exams.exam import Exams, exam_id_of, name_of_image
from mammolens.labelapp.identifiers import check_exam_id


def test_the_views_of_a_patient_are_an_exam_in_the_order_of_hanging(a_folder_datastore: MammogramFolder) -> None:
    exams = Exams(a_folder_datastore).all()
    assert len(exams) == 2
    for exam in exams.values():
        assert [name_of_image(image, {}) for image in exam.images] == ["R CC", "L CC", "R MLO", "L MLO"]
        assert exam.study_date == date(2020, 1, 1)


def test_a_pacs_gives_the_same_exams_as_a_folder(
    a_folder_datastore: MammogramFolder, a_pacs_datastore: MammogramDicomWeb
) -> None:
    of_folder, of_pacs = Exams(a_folder_datastore).all(), Exams(a_pacs_datastore).all()
    assert of_folder.keys() == of_pacs.keys()
    for exam_id, exam in of_folder.items():
        assert {image.sop_instance_uid for image in exam.images} == set(of_pacs[exam_id].image_ids)


def test_an_id_tells_nothing_of_the_patient_and_tells_exams_of_the_same_number_apart() -> None:
    assert exam_id_of(("p1", "e1")) != exam_id_of(("p2", "e1"))
    assert exam_id_of(("p1", "1e1")) != exam_id_of(("p11", "e1"))
    assert check_exam_id(exam_id_of(("p\udce9", "e1")))


def test_a_new_image_joins_its_exam(a_folder_datastore: MammogramFolder, a_studies_folder: Path) -> None:
    image = next(a_studies_folder.rglob("*.dcm"))
    aside = a_studies_folder.parent / "aside.dcm"
    shutil.move(image, aside)
    exams = Exams(a_folder_datastore)
    assert sorted(len(exam.images) for exam in exams.all().values()) == [3, 4]
    shutil.move(aside, image)
    assert sorted(len(exam.images) for exam in exams.all().values()) == [4, 4]


def test_a_file_that_is_no_mammogram_is_left_out(a_folder_datastore: MammogramFolder, a_studies_folder: Path) -> None:
    image = next(a_studies_folder.rglob("*.dcm"))
    (a_studies_folder / "broken.dcm").write_bytes(image.read_bytes()[:300])
    exams = Exams(a_folder_datastore)
    assert exams.left_out() == ["broken.dcm"]
    assert len(exams.all()) == 2


def test_different_images_of_one_uid_are_left_out_and_told_until_one_has_its_own(
    a_folder_datastore: MammogramFolder, a_studies_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = sorted(a_studies_folder.rglob("*.dcm"))
    image = pydicom.dcmread(paths[0])
    own = image.SOPInstanceUID
    image.SOPInstanceUID = pydicom.dcmread(paths[1]).SOPInstanceUID
    image.save_as(paths[0])
    exams = Exams(a_folder_datastore, seconds=0)
    ambiguous = exams.left_out()
    assert len(ambiguous) == 2
    assert sum(len(exam.images) for exam in exams.all().values()) == 6
    for image_id in ambiguous:
        assert f"left out: {image_id}: has the SOP Instance UID of a different image; give each" in caplog.text
        with pytest.raises(UnknownImageError, match="has the SOP Instance UID of a different image"):
            exams.find_image(image_id)
    assert len(caplog.records) == 2  # once, however often they are grouped
    image.SOPInstanceUID = own
    image.save_as(paths[0])
    assert exams.left_out() == []


def test_a_copy_is_no_different_image(a_folder_datastore: MammogramFolder, a_studies_folder: Path) -> None:
    shutil.copy(next(a_studies_folder.rglob("*.dcm")), a_studies_folder / "copy.dcm")
    exams = Exams(a_folder_datastore)
    assert exams.left_out() == []
    assert sorted(len(exam.images) for exam in exams.all().values()) == [4, 5]
    assert {len(exam.sop_instance_uids) for exam in exams.all().values()} == {4}


def test_two_patient_ids_in_one_study_stay_apart_and_are_told(
    a_folder_datastore: MammogramFolder, a_studies_folder: Path
) -> None:
    path = min(a_studies_folder.rglob("*.dcm"))
    image = pydicom.dcmread(path)
    image.PatientID = "another"
    image.save_as(path)
    exams = Exams(a_folder_datastore).all().values()
    doubts = {len(exam.images): {one.identity_doubts for one in exam.images} for exam in exams}
    told = {(QualityFlag.STUDY_OF_SEVERAL_PATIENTS,)}
    assert doubts == {1: told, 3: told, 4: {()}}


def test_an_exam_is_found_by_its_study(a_folder_datastore: MammogramFolder) -> None:
    exams = Exams(a_folder_datastore)
    for exam in exams.all().values():
        assert exams.of_study(str(exam.images[0].study_instance_uid)) == exam
    with pytest.raises(UnknownImageError, match="no mammogram of this study"):
        exams.of_study("1.2.3")


@pytest.mark.parametrize("exam_id", ["../x", "e-1", "E-0123456789abcdef", "e-0123456789abcdef/", ""])
def test_what_is_no_exam_id_is_refused(a_folder_datastore: MammogramFolder, exam_id: str) -> None:
    with pytest.raises(RequestError, match="is not an exam id"):
        Exams(a_folder_datastore).get(exam_id)


def test_an_unknown_exam_is_not_found(a_folder_datastore: MammogramFolder) -> None:
    with pytest.raises(UnknownImageError):
        Exams(a_folder_datastore).get("e-0123456789abcdef")


def test_siblings_are_the_other_views_of_the_same_woman(a_folder_datastore: MammogramFolder) -> None:
    image_id = a_folder_datastore.list_images()[0]
    siblings = Exams(a_folder_datastore).siblings_of(image_id)
    assert len(siblings) == 3
    keys = {a_folder_datastore.describe(one).exam_key for one in (image_id, *siblings)}
    assert len(keys) == 1
