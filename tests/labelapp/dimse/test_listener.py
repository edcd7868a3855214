"""Senders of pynetdicom and dcmtk, kind and hostile, against a listener on a real socket."""

from __future__ import annotations

import copy
import shutil
import socket
import ssl
import struct
import subprocess
import tempfile
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import CTImageStorage, DigitalMammographyXRayImageStorageForPresentation

from mammolens.access_audit.words import EventOutcome
from mammolens.dicom.codecs import HTJ2K
from mammolens.labelapp.dimse.bounded_server import LONGEST_PDU
from mammolens.labelapp.dimse_settings import TlsFiles
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.storage_status import CANNOT_UNDERSTAND, DUPLICATE, SUCCESS

from .conftest import CALLER, Listen, RunningListener

MG = DigitalMammographyXRayImageStorageForPresentation
VERIFICATION = "1.2.840.10008.1.1"


def _store(
    listener: RunningListener, dataset: pydicom.FileDataset, tls: tuple[ssl.SSLContext, str] | None = None
) -> pydicom.Dataset:
    association = listener.associate(MG, VERIFICATION, tls=tls)
    try:
        assert association.is_established
        return association.send_c_store(dataset)
    finally:
        association.release()


def _still_works(listener: RunningListener) -> bool:
    association = listener.associate(VERIFICATION)
    works = association.is_established and association.send_c_echo().Status == SUCCESS
    association.release()
    return bool(works)


def test_a_mammogram_is_kept_and_recorded_once(listen: Listen, a_mammogram: pydicom.FileDataset) -> None:
    listener = listen()
    assert [_store(listener, a_mammogram).Status for _ in range(2)] == [SUCCESS, SUCCESS]
    assert listener.kept() == [f"{a_mammogram.SOPInstanceUID}.dcm"]
    [image_id] = listener.images.list_images()
    assert pydicom.dcmread(listener.images.get_image_uri(image_id)).PixelData == a_mammogram.PixelData
    assert listener.images.get_image_info(image_id)[InfoKey.RECEIVED] == CALLER
    event = listener.events[0]
    assert (event.user, event.patient, event.outcome) == (CALLER, a_mammogram.PatientID, EventOutcome.SUCCESS)
    assert not list(Path(tempfile.gettempdir()).glob("tmp*.dcm"))


def test_what_is_refused_leaves_no_file_and_says_why(listen: Listen, a_mammogram: pydicom.FileDataset) -> None:
    listener = listen()
    truncated = copy.deepcopy(a_mammogram)
    truncated.PixelData = truncated.PixelData[: len(truncated.PixelData) // 4 * 2]
    answer = _store(listener, truncated)
    assert answer.Status == CANNOT_UNDERSTAND
    assert answer.ErrorComment
    assert listener.kept() == []
    assert listener.events[0].outcome is EventOutcome.MINOR_FAILURE
    assert _store(listener, a_mammogram).Status == SUCCESS
    other = copy.deepcopy(a_mammogram)
    other.PixelData = other.PixelData[::-1]
    assert _store(listener, other).Status == DUPLICATE
    assert len(listener.kept()) == 1


def test_strangers_and_other_objects_are_rejected(listen: Listen) -> None:
    listener = listen()
    assert listener.associate(VERIFICATION, caller="STRANGER").is_rejected
    assert listener.associate(VERIFICATION, called="ANOTHER").is_rejected
    assert not listener.associate(CTImageStorage).is_established
    assert _still_works(listener)


def test_transfer_syntaxes_that_pydicom_does_not_know_are_accepted(listen: Listen) -> None:
    listener = listen()
    for syntax in HTJ2K:
        association = listener.associate(MG, syntax=syntax)
        assert [one.transfer_syntax for one in association.accepted_contexts] == [[syntax]]
        association.release()


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">BBL", 1, 0, LONGEST_PDU + 1),
        struct.pack(">BBL", 4, 0, 0xFFFFFFFF) + bytes(100),
        struct.pack(">BBL", 1, 0, 68) + bytes(68),
    ],
)
def test_garbage_and_oversized_pdus_end_the_connection(listen: Listen, bytes_sent: bytes) -> None:
    listener = listen()
    with socket.create_connection(("127.0.0.1", listener.port), timeout=20) as connection:
        connection.sendall(bytes_sent)
        while connection.recv(1024):  # an abort may come first
            pass
    assert _still_works(listener)


def test_an_object_that_breaks_off_leaves_no_file(
    listen: Listen, a_mammogram: pydicom.FileDataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    listener = listen()
    association = listener.associate(MG)
    sent = 0
    send = association.dul.socket.send  # type: ignore[union-attr]

    def breaking(content: bytes) -> None:
        nonlocal sent
        sent += 1
        if sent > 2:
            association.dul.socket.socket.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        send(content)

    vars(association.dul.socket)["send"] = breaking
    association.send_c_store(a_mammogram)
    association.join(20)
    assert _still_works(listener)
    assert not list((tmp_path / "temporary").iterdir())
    assert listener.kept() == []


def test_idle_connections_do_not_keep_others_out(listen: Listen) -> None:
    listener = listen()
    idle = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(8)]
    try:
        assert _still_works(listener)
    finally:
        for connection in idle:
            connection.close()


def test_with_tls_a_peer_without_a_certificate_gets_nowhere(
    listen: Listen, a_mammogram: pydicom.FileDataset, tls_files: TlsFiles
) -> None:
    listener = listen(tls_files)
    silent = socket.create_connection(("127.0.0.1", listener.port))  # begins no handshake
    known = tls_files.context(ssl.Purpose.SERVER_AUTH)
    assert _store(listener, a_mammogram, tls=(known, "localhost")).Status == SUCCESS
    anonymous = ssl.create_default_context(cafile=str(tls_files.authorities))
    assert not listener.associate(VERIFICATION, tls=(anonymous, "localhost")).is_established
    assert not listener.associate(VERIFICATION).is_established
    silent.close()


@pytest.mark.skipif(not shutil.which("storescu"), reason="dcmtk is not installed")
def test_storescu_of_dcmtk_sends_an_exam(listen: Listen, two_phantom_exams: Path) -> None:
    listener = listen()
    folder = str(next(path for path in sorted(two_phantom_exams.rglob("*.dcm"))).parent)
    command = ["storescu", "-aet", CALLER, "-aec", "MAMMOLENS", "+sd", "+r", "127.0.0.1", str(listener.port), folder]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert len(listener.kept()) == len(list(Path(folder).rglob("*.dcm")))
