"""Results sent to storage SCPs of pynetdicom that take them, refuse them, or are not there."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComprehensiveSRStorage, ExplicitVRLittleEndian, SegmentationStorage

from mammolens.errors import PacsError
from mammolens.labelapp.dimse.sender import Answer, StorageSender
from mammolens.labelapp.dimse_settings import TlsFiles

from ..storage_scp import TITLE, storage_scp


def an_object(uid: str, sop_class: str = SegmentationStorage) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.PatientID = sop_class, uid, "P1"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    return dataset


def test_objects_arrive_by_one_association_after_an_echo() -> None:
    with storage_scp() as scp:
        sender = StorageSender(scp.settings())
        sender.echo()
        answers = list(sender.send([an_object("2.25.1"), an_object("2.25.2", ComprehensiveSRStorage)]))
    assert answers == [Answer("2.25.1"), Answer("2.25.2")]
    assert [one.SOPInstanceUID for one in scp.stored] == ["2.25.1", "2.25.2"]


def test_a_class_that_the_destination_does_not_know_is_named_and_the_others_arrive() -> None:
    with storage_scp((ComprehensiveSRStorage,)) as scp:
        objects = [an_object("2.25.1"), an_object("2.25.2", ComprehensiveSRStorage)]
        first, second = StorageSender(scp.settings()).send(objects)
    assert first == Answer("2.25.1", "Segmentation Storage: the destination accepts no such objects", is_final=True)
    assert second.trouble is None


def test_a_status_says_whether_another_attempt_makes_sense() -> None:
    statuses = {"2.25.1": 0xA700, "2.25.2": 0xC000, "2.25.3": 0x0111, "2.25.4": 0xB000}
    with storage_scp() as scp:
        scp.answering = lambda dataset: statuses[dataset.SOPInstanceUID]
        answers = list(StorageSender(scp.settings()).send(an_object(uid) for uid in statuses))
    assert answers == [
        Answer("2.25.1", "Segmentation Storage: out of resources, A700H"),
        Answer("2.25.2", "Segmentation Storage: cannot be understood, C000H", is_final=True),
        Answer("2.25.3"),
        Answer("2.25.4"),
    ]


def test_an_association_that_breaks_off_costs_what_was_not_answered() -> None:
    with storage_scp() as scp:
        scp.answering = lambda dataset: 0x0000 if dataset.SOPInstanceUID == "2.25.1" else None
        answers = list(StorageSender(scp.settings()).send(an_object(f"2.25.{number}") for number in (1, 2, 3)))
    assert [bool(one.trouble) for one in answers] == [False, True]
    assert "broke off" in str(answers[1].trouble)
    assert not answers[1].is_final


def test_who_cannot_be_reached_or_rejects_us_is_named_with_the_reason() -> None:
    rejection = "WRONG@.*rejects the association .*accept the AE title MAMMOLENS"
    with storage_scp() as scp, pytest.raises(PacsError, match=rejection):
        StorageSender(scp.settings("WRONG")).echo()
    with pytest.raises(PacsError, match=f"{TITLE}@127.0.0.1:{scp.port}: cannot be reached .*refused"):
        list(StorageSender(scp.settings()).send([an_object("2.25.1")]))


def test_with_tls_both_sides_show_a_certificate(tls_files: TlsFiles, make_tls_files) -> None:
    stranger: TlsFiles = make_tls_files()
    with storage_scp(tls=tls_files) as scp:
        assert list(StorageSender(scp.settings(host="localhost", tls=tls_files)).send([an_object("2.25.1")]))
        with pytest.raises(PacsError, match="no TLS; it may want TLS"):
            StorageSender(scp.settings(host="localhost")).echo()
        with pytest.raises(PacsError, match="cannot be reached .*certificate"):
            StorageSender(scp.settings(host="localhost", tls=stranger)).echo()
        with pytest.raises(PacsError, match="cannot be reached .*127.0.0.1"):
            StorageSender(scp.settings(tls=tls_files)).echo()
        unknown = TlsFiles(stranger.certificate, stranger.key, tls_files.authorities)
        with pytest.raises(PacsError, match="may not trust our certificate"):
            StorageSender(scp.settings(host="localhost", tls=unknown)).echo()
    assert len(scp.stored) == 1
