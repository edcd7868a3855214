"""One server of the tests, asked for everything the datastore wants."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from mammolens.errors import PacsError, StorageError, UnknownImageError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.archive import Instance, Pacs

from ...patience import PATIENCE_S
from .fake_pacs import Answer, FakePacs, served


@pytest.fixture
def a_fake_pacs() -> Iterator[FakePacs]:
    with served(FakePacs()) as pacs:
        pacs.add_study("1.2")
        yield pacs


def pacs_at(server: FakePacs) -> Pacs:
    return Pacs(PacsAccess(server.url, seconds=PATIENCE_S), {"Modality": "MG"})


def a_file(uid: str = "1.2.9.1") -> bytes:
    dataset = pydicom.Dataset()
    dataset.SOPInstanceUID, dataset.SOPClassUID = uid, "1.2.840.10008.5.1.4.1.1.1.2"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    with io.BytesIO() as file:
        pydicom.dcmwrite(file, dataset, write_like_original=False)
        return file.getvalue()


FIRST = Instance("1.2.9.1", "1.2.8", "1.2")


def test_mammograms_are_listed(a_fake_pacs: FakePacs) -> None:
    found = pacs_at(a_fake_pacs).instances()
    assert [instance.sop_instance_uid for instance in found] == [f"1.2.9.{number}" for number in (1, 2, 3, 4)]
    assert {tuple(asked.query.get("Modality", asked.query.get("ModalitiesInStudy", []))) for asked in a_fake_pacs.asked}


def test_one_mammogram_is_found_directly(a_fake_pacs: FakePacs) -> None:
    pacs = pacs_at(a_fake_pacs)
    assert pacs.find("1.2.9.2") == Instance("1.2.9.2", "1.2.8", "1.2", pacs.instances()[1].attributes)
    assert pacs.find("1.2.9.7") is None


def test_where_instances_are_searched_within_a_study_only_one_is_found_in_the_list(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.refuses_whole = True
    found = pacs_at(a_fake_pacs).find("1.2.9.2")
    assert found is not None
    assert found.study_instance_uid == "1.2"


def test_a_file_comes_byte_by_byte_as_it_was_sent(a_fake_pacs: FakePacs, tmp_path: Path) -> None:
    a_fake_pacs.files["1.2.9.1"] = a_file()
    pacs_at(a_fake_pacs).fetch(FIRST, tmp_path / "x.dcm")
    assert (tmp_path / "x.dcm").read_bytes() == a_file()
    assert a_fake_pacs.paths() == ["/studies/1.2/series/1.2.8/instances/1.2.9.1"]


def test_an_instance_that_is_gone_is_unknown_and_leaves_nothing(a_fake_pacs: FakePacs, tmp_path: Path) -> None:
    with pytest.raises(UnknownImageError, match="no such instance"):
        pacs_at(a_fake_pacs).fetch(FIRST, tmp_path / "x.dcm")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_and_leaves_nothing(
    a_fake_pacs: FakePacs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_fake_pacs.files["1.2.9.1"] = a_file()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="the disk is full"):
        pacs_at(a_fake_pacs).fetch(FIRST, tmp_path / "x.dcm")
    assert not list(tmp_path.iterdir())


def test_objects_are_stored(a_fake_pacs: FakePacs) -> None:
    pacs_at(a_fake_pacs).store([pydicom.dcmread(io.BytesIO(a_file("1.5"))), pydicom.dcmread(io.BytesIO(a_file("1.6")))])
    assert [asked.path for asked in a_fake_pacs.asked] == ["/studies", "/studies"]
    assert a_file("1.5")[132:] in a_fake_pacs.asked[0].body


def test_a_refused_object_is_named_with_its_reason(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [
        Answer(409, b'{"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [290]}}]}}')
    ]
    with pytest.raises(PacsError, match=r"refused 1 of 2 objects: 1\.5 \(SOP class not supported, 0122H\)"):
        pacs_at(a_fake_pacs).store([pydicom.dcmread(io.BytesIO(a_file(uid))) for uid in ("1.5", "1.6")])
    assert len(a_fake_pacs.asked) == 2
