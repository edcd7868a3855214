from pathlib import Path

import pytest

from mammolens.dicom.reader import read_header
from mammolens.errors import PacsError, RequestError, UnknownImageError
from mammolens.labelapp.dicomweb import MammogramDicomWeb
from mammolens.labelapp.pacs import Instance

from .conftest import PacsStandIn


def test_each_sop_instance_is_an_item_under_its_uid(
    a_pacs_datastore: MammogramDicomWeb, a_studies_folder: Path
) -> None:
    uids = {read_header(path).sop_instance_uid for path in a_studies_folder.rglob("*.dcm")}
    assert set(a_pacs_datastore.list_images()) == uids


def test_info_can_be_read_and_written_before_the_image_was_fetched(
    a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn
) -> None:
    uid = a_pacs_datastore.list_images()[0]
    a_pacs_datastore.update_image_info(uid, {"review": {"verdict": "normal"}})
    info = a_pacs_datastore.get_image_info(uid)
    assert info["review"]["verdict"] == "normal"
    assert info["Modality"] == "MG"
    assert "path" not in info
    assert a_pacs.fetched == []


def test_an_image_is_fetched_once_into_one_file(a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn) -> None:
    uid = a_pacs_datastore.list_images()[0]
    path = Path(a_pacs_datastore.get_image_uri(uid))
    assert path.name == f"{uid}.dcm"
    assert read_header(path).sop_instance_uid == uid
    assert a_pacs_datastore.get_image_uri(uid) == str(path)
    assert a_pacs.fetched == [uid]
    assert a_pacs_datastore.get_image_info(uid)["path"] == str(path)


def test_views_of_a_study_share_an_exam_without_being_fetched(
    a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn
) -> None:
    exams = [a_pacs_datastore.exam_of(uid) for uid in a_pacs_datastore.list_images()]
    assert sorted(exams.count(exam) for exam in set(exams)) == [4, 4]
    assert a_pacs.fetched == []


def test_views_that_a_known_set_makes_studies_of_their_own_share_an_exam(tmp_path: Path) -> None:
    class CbisStandIn(PacsStandIn):
        def instances(self) -> list[Instance]:
            names = ("LEFT_CC", "RIGHT_MLO")
            return [
                Instance(f"1.{n}", f"2.{n}", f"3.{n}", {"PatientID": f"Mass-Test_P_00820_{v}"})
                for n, v in enumerate(names)
            ]

    store = MammogramDicomWeb(CbisStandIn(tmp_path), tmp_path / "cache")
    assert {store.exam_of(uid) for uid in store.list_images()} == {("Mass-Test_P_00820", "Mass-Test_P_00820")}


@pytest.mark.parametrize("uid", ["../../etc/passwd", "1.2.03", "x.dcm", "1.2/../3"])
def test_what_is_no_uid_meets_neither_disk_nor_pacs(
    a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn, uid: str
) -> None:
    with pytest.raises(RequestError):
        a_pacs_datastore.get_image_uri(uid)
    with pytest.raises(RequestError):
        a_pacs_datastore.get_image_info(uid)
    assert a_pacs.fetched == []


def test_a_uid_that_the_pacs_does_not_hold_is_unknown(a_pacs_datastore: MammogramDicomWeb) -> None:
    with pytest.raises(UnknownImageError, match="no such instance in the PACS"):
        a_pacs_datastore.get_image_uri("1.2.3")


def test_while_the_pacs_is_down_lists_fail_clearly_and_kept_images_still_open(
    a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn
) -> None:
    kept, other, *_ = a_pacs_datastore.list_images()
    a_pacs_datastore.get_image_uri(kept)
    a_pacs.is_up = False
    with pytest.raises(PacsError, match="does not answer"):
        a_pacs_datastore.list_images()
    assert "does not answer" in a_pacs_datastore.status()["error"]
    assert Path(a_pacs_datastore.get_image_uri(kept)).is_file()
    with pytest.raises(PacsError):
        a_pacs_datastore.get_image_uri(other)
    a_pacs.is_up = True
    assert a_pacs_datastore.status()["total"] == 8


def test_a_server_can_start_while_the_pacs_is_down(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    a_pacs.is_up = False
    assert "error" in MammogramDicomWeb(a_pacs, tmp_path / "cache").status()


def test_the_list_is_asked_for_again_only_when_it_is_old(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    patient = MammogramDicomWeb(a_pacs, tmp_path / "cache", expiry_seconds=3600)
    patient.list_images()
    a_pacs.is_up = False
    assert len(patient.list_images()) == 8


def test_marks_outlive_the_process(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    first = MammogramDicomWeb(a_pacs, tmp_path / "cache")
    uid = first.list_images()[0]
    first.update_image_info(uid, {"review": {"verdict": "finding"}})
    assert MammogramDicomWeb(a_pacs, tmp_path / "cache").get_image_info(uid)["review"]["verdict"] == "finding"


def test_labels_are_kept_in_the_cache_and_the_images_stay_the_pacss(
    a_pacs_datastore: MammogramDicomWeb, tmp_path: Path
) -> None:
    uid = a_pacs_datastore.list_images()[0]
    label = tmp_path / "x.nrrd"
    label.write_bytes(b"NRRD0004")
    a_pacs_datastore.save_label(uid, str(label), "final", {})
    assert a_pacs_datastore.get_labeled_images() == [uid]
    with pytest.raises(RequestError, match="send it to the PACS"):
        a_pacs_datastore.add_image("x", str(label), {})
    with pytest.raises(RequestError, match="is an original"):
        a_pacs_datastore.remove_image(uid)
