import threading
from contextlib import suppress
from pathlib import Path

import pydicom
import pytest

from mammolens.dicom.derived.kinds import DerivedKind
from mammolens.dicom.reader import read_header
from mammolens.errors import PacsError, RequestError, StorageError, UnknownImageError
from mammolens.labelapp.datastore.dicomweb import MammogramDicomWeb
from mammolens.labelapp.datastore.results import Of
from mammolens.labelapp.pacs.archive import Instance

from ...patience import PATIENCE_S, until
from ..conftest import PacsStandIn


def test_each_sop_instance_is_an_item_under_its_uid(
    a_pacs_datastore: MammogramDicomWeb, a_studies_folder: Path
) -> None:
    uids = {read_header(path).sop_instance_uid for path in a_studies_folder.rglob("*.dcm")}
    assert set(a_pacs_datastore.list_images()) == uids


def test_info_can_be_read_and_written_before_the_image_was_fetched(
    a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn
) -> None:
    uid = a_pacs_datastore.list_images()[0]
    a_pacs_datastore.update_image_info(uid, {"device": "old"})
    info = a_pacs_datastore.get_image_info(uid)
    assert info["device"] == "old"
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
    exams = [a_pacs_datastore.describe(uid).exam_key for uid in a_pacs_datastore.list_images()]
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
    assert {store.describe(uid).exam_key for uid in store.list_images()} == {("Mass-Test_P_00820", "Mass-Test_P_00820")}


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


def test_while_the_pacs_is_away_the_list_stays_kept_images_open_and_the_trouble_is_told(
    a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn
) -> None:
    kept, other, *_ = listed = a_pacs_datastore.list_images()
    a_pacs_datastore.get_image_uri(kept)
    assert a_pacs_datastore.trouble() is None
    a_pacs.is_up = False
    assert a_pacs_datastore.list_images() == listed
    assert "does not answer" in str(a_pacs_datastore.trouble())
    status = a_pacs_datastore.status()
    assert "does not answer" in status["error"]
    assert status["total"] == 8
    assert Path(a_pacs_datastore.get_image_uri(kept)).is_file()
    with pytest.raises(PacsError):
        a_pacs_datastore.get_image_uri(other)
    with pytest.raises(PacsError):
        a_pacs_datastore.refresh()
    a_pacs.is_up = True
    assert "error" not in a_pacs_datastore.status()


def test_before_the_pacs_ever_answered_lists_fail_clearly(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    a_pacs.is_up = False
    store = MammogramDicomWeb(a_pacs, tmp_path / "cache", expiry_seconds=0)
    with pytest.raises(PacsError, match="does not answer"):
        store.list_images()
    a_pacs.is_up = True
    assert len(store.list_images()) == 8


def test_an_image_that_came_after_the_list_is_asked_for_directly(
    a_pacs: PacsStandIn, a_studies_folder: Path, tmp_path: Path
) -> None:
    [late, *_] = files = sorted(a_studies_folder.rglob("*.dcm"))
    uid = read_header(late).sop_instance_uid
    away = late.rename(tmp_path / "late.dcm")
    store = MammogramDicomWeb(a_pacs, tmp_path / "cache", expiry_seconds=3600)
    assert len(store.list_images()) == len(files) - 1
    away.rename(late)
    assert store.get_image_info(uid)["Modality"] == "MG"
    assert Path(store.get_image_uri(uid)).is_file()
    assert a_pacs.looked_for == [uid]
    assert uid in store.list_images()  # its siblings may have come with it, so the list is renewed


def test_after_a_restart_a_known_image_opens_before_the_pacs_was_listed(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    uid = MammogramDicomWeb(a_pacs, tmp_path / "cache").list_images()[0]
    again = MammogramDicomWeb(a_pacs, tmp_path / "cache")
    listings = []
    a_pacs.instances = lambda: listings.append(1) or []  # type: ignore[method-assign]
    assert read_header(Path(again.get_image_uri(uid))).sop_instance_uid == uid
    assert again.describe(uid) is not None
    assert listings == []


def test_downloads_make_room_for_infos_on_a_full_disk(
    a_pacs: PacsStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MammogramDicomWeb(a_pacs, tmp_path / "cache", expiry_seconds=3600, in_use_seconds=0)
    uid = store.list_images()[0]
    kept = Path(store.get_image_uri(uid))
    written = Path.write_text

    def full(path: Path, *args: object, **kwargs: object) -> int:
        if kept.exists():
            raise OSError(28, "No space left on device")
        return written(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    store.update_image_info(uid, {"device": "new"})
    assert not kept.exists()
    assert MammogramDicomWeb(a_pacs, tmp_path / "cache").get_image_info(uid)["device"] == "new"


@pytest.mark.parametrize("what", ["result", "label"])
def test_downloads_make_room_for_results_and_labels_too(
    a_pacs: PacsStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    store = MammogramDicomWeb(a_pacs, tmp_path / "cache", expiry_seconds=3600, in_use_seconds=0)
    uid = store.list_images()[0]
    kept = Path(store.get_image_uri(uid))
    (label := tmp_path / "x.nrrd").write_bytes(b"NRRD0004")
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if kept.exists():
            raise OSError(28, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    if what == "label":
        store.save_label(uid, str(label), "final", {})
        assert store.get_labeled_images() == [uid]
    else:
        store.results.put(Of.IMAGE, uid, "mark", {}, {DerivedKind.SEGMENTATION: pydicom.dcmread(kept)})
        assert store.results.read(Of.IMAGE, uid, "mark", DerivedKind.SEGMENTATION)
    assert not kept.exists()


def test_an_info_that_finds_no_room_is_refused_and_the_earlier_one_stays(
    a_pacs_datastore: MammogramDicomWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = a_pacs_datastore.list_images()[0]
    a_pacs_datastore.update_image_info(uid, {"device": "old"})

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StorageError, match="the disk is full"):
        a_pacs_datastore.update_image_info(uid, {"device": "new"})
    assert a_pacs_datastore.get_image_info(uid)["device"] == "old"


def test_the_cache_keeps_to_its_limit_and_to_what_was_used_last(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    size = next(a_pacs.folder.rglob("*.dcm")).stat().st_size
    limits = {"expiry_seconds": 3600, "limit_bytes": int(2.5 * size), "in_use_seconds": 0}
    store = MammogramDicomWeb(a_pacs, tmp_path / "cache", **limits)
    first, second, third, *_ = store.list_images()
    for uid in (first, second, first, third, first):
        store.get_image_uri(uid)
    assert a_pacs.fetched == [first, second, third]


def test_an_erasure_removes_what_is_kept_and_leaves_the_pacs(
    a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn
) -> None:
    first, other = a_pacs_datastore.list_images()[:2]
    paths = [Path(a_pacs_datastore.get_image_uri(uid)) for uid in (first, other)]
    a_pacs_datastore.update_image_infos({uid: {"p_value": 0.5} for uid in (first, other)})
    erased = a_pacs_datastore.erase({first}, {first})
    assert (erased.copies, erased.listed_copies) == (1, 0)
    assert [path.exists() for path in paths] == [False, True]
    infos = a_pacs_datastore.infos([first, other])
    assert ["p_value" in infos.get(uid, {}) for uid in (first, other)] == [False, True]
    assert first in a_pacs_datastore.list_images()  # the original is there, and listed


def test_objects_are_sent_to_the_pacs(a_pacs_datastore: MammogramDicomWeb, a_pacs: PacsStandIn) -> None:
    dataset = pydicom.Dataset()
    a_pacs_datastore.store([dataset])
    assert a_pacs.stored == [dataset]


def test_a_server_can_start_while_the_pacs_is_down(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    a_pacs.is_up = False
    assert "error" in MammogramDicomWeb(a_pacs, tmp_path / "cache").status()


def test_the_list_is_asked_for_again_only_when_it_is_old(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    patient = MammogramDicomWeb(a_pacs, tmp_path / "cache", expiry_seconds=3600)
    patient.list_images()
    a_pacs.is_up = False
    assert len(patient.list_images()) == 8


def test_infos_outlive_the_process(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    first = MammogramDicomWeb(a_pacs, tmp_path / "cache")
    uid = first.list_images()[0]
    first.update_image_info(uid, {"device": "new"})
    assert MammogramDicomWeb(a_pacs, tmp_path / "cache").get_image_info(uid)["device"] == "new"


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


def test_a_pacs_that_takes_long_to_list_is_no_reason_to_wait_for_ever(a_pacs: PacsStandIn, tmp_path: Path) -> None:
    listed, free = a_pacs.instances, threading.Event()

    def slowly() -> list[Instance]:
        assert free.wait(PATIENCE_S)
        return listed()

    a_pacs.instances = slowly  # type: ignore[method-assign]
    store = MammogramDicomWeb(a_pacs, tmp_path / "cache", first_list_seconds=0.1)
    with pytest.raises(PacsError, match="still being listed; ask again soon"):
        store.list_images()
    free.set()

    def images() -> list[str]:
        with suppress(PacsError):
            return store.list_images()
        return []

    assert len(until(images)) == 8
