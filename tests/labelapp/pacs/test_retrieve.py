import io
import json
from collections.abc import Iterator
from types import SimpleNamespace

import pydicom
import pytest

from mammolens.errors import InputError, PacsError, UnknownImageError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.instance import Instance
from mammolens.labelapp.pacs.retrieve import retrieve, retrieve_header

from ...patience import PATIENCE_S
from .fake_pacs import Answer, FakePacs, served
from .test_archive import a_file

UID = "1.2.9.1"
RELATED = 'multipart/related; type="application/dicom"; boundary=cut'
WHOLE = b"--cut\r\nContent-Type: application/dicom\r\n\r\n" + a_file(UID) + b"\r\n--cut--"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds between two tries, which nobody waits for."""
    slept: list[float] = []
    monkeypatch.setattr("mammolens.labelapp.pacs.retrieve.time", SimpleNamespace(sleep=slept.append))
    return slept


@pytest.fixture
def a_fake_pacs() -> Iterator[FakePacs]:
    with served(FakePacs()) as pacs:
        pacs.files[UID] = a_file(UID)
        yield pacs


def got(pacs: FakePacs) -> bytes:
    return retrieve(PacsAccess(pacs.url, seconds=PATIENCE_S), Instance(UID, "1.2.8", "1.2"))


def test_any_transfer_syntax_is_asked_for(a_fake_pacs: FakePacs) -> None:
    assert got(a_fake_pacs) == a_file(UID)
    assert "transfer-syntax=*" in a_fake_pacs.asked[0].headers["Accept"]


def test_a_server_that_forgets_the_envelope_is_understood(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [Answer(body=a_file(UID), kind="application/dicom")]
    assert got(a_fake_pacs) == a_file(UID)


CUT_OFF = [
    Answer(body=WHOLE[:200], kind=RELATED, announced=len(WHOLE)),
    Answer(body=WHOLE[:200], kind=RELATED),
    Answer(body=WHOLE[:-4], kind=RELATED),
]


@pytest.mark.parametrize("cut_off", CUT_OFF, ids=["shorter than announced", "without end", "without its last bytes"])
def test_an_answer_that_breaks_off_is_never_used_but_asked_for_again(a_fake_pacs: FakePacs, cut_off: Answer) -> None:
    a_fake_pacs.next_answers = [cut_off]
    assert got(a_fake_pacs) == a_file(UID)
    assert len(a_fake_pacs.asked) == 2


def test_one_that_breaks_off_each_time_is_told(a_fake_pacs: FakePacs, pauses: list[float]) -> None:
    a_fake_pacs.next_answers = [CUT_OFF[0]] * 9
    with pytest.raises(PacsError, match="the connection broke off during the PACS's answer; try again"):
        got(a_fake_pacs)
    assert 1 < sum(pauses) < 10
    assert len(a_fake_pacs.asked) == 3


PAGES = [
    Answer(body=b"<html>", kind="text/html"),
    Answer(body=b"", kind="text/html"),
    Answer(body=b"{}", kind="application/json"),
    Answer(body=b"hello", kind="multipart/related"),
]


@pytest.mark.parametrize("answer", PAGES, ids=["html", "no-body", "json", "no-parts"])
def test_a_page_of_whatever_stands_before_the_pacs_is_passing_trouble(a_fake_pacs: FakePacs, answer: Answer) -> None:
    a_fake_pacs.next_answers = [answer] * 9
    with pytest.raises(PacsError, match=f"the answer is {answer.kind} and not DICOM; check the address"):
        got(a_fake_pacs)


NONSENSE = [
    Answer(body=b"hello", kind="application/dicom"),
    Answer(body=b"", kind="application/octet-stream"),
    Answer(body=WHOLE.replace(b"DICM", b"MCID"), kind=RELATED),
    Answer(body=b"--cut--", kind=RELATED),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=["text", "no-body", "no-preamble", "no-part"])
def test_what_is_no_dicom_is_an_image_that_cannot_be_used(a_fake_pacs: FakePacs, answer: Answer) -> None:
    a_fake_pacs.next_answers = [answer] * 9
    with pytest.raises(InputError, match=r"sent no DICOM for 1\.2\.9\.1"):
        got(a_fake_pacs)


def test_another_instance_is_refused(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.files[UID] = a_file("1.2.9.2")
    with pytest.raises(InputError, match=r"sent an instance other than 1\.2\.9\.1"):
        got(a_fake_pacs)


# ---------------------------------------------------------------- headers alone


def header_of(pacs: FakePacs) -> tuple[pydicom.FileDataset, str | None]:
    return retrieve_header(PacsAccess(pacs.url, seconds=PATIENCE_S), Instance(UID, "1.2.8", "1.2"))


def test_a_header_is_asked_for_without_pixels_and_names_the_transfer_syntax_of_the_pacs(a_fake_pacs: FakePacs) -> None:
    header, syntax = header_of(a_fake_pacs)
    assert a_fake_pacs.paths() == [f"/studies/1.2/series/1.2.8/instances/{UID}/metadata"]
    assert header.SOPInstanceUID == UID
    assert "PixelData" not in header
    assert syntax == pydicom.dcmread(io.BytesIO(a_file(UID))).file_meta.TransferSyntaxUID


def test_a_pacs_that_does_not_name_the_transfer_syntax_leaves_it_open(a_fake_pacs: FakePacs) -> None:
    told = [{"00080018": {"vr": "UI", "Value": [UID]}}]
    a_fake_pacs.next_answers = [Answer(body=json.dumps(told).encode())]
    assert header_of(a_fake_pacs)[1] is None


@pytest.mark.parametrize("told", [[], {}, [1], [{"00080018": 3}], [{"00080018": {"vr": "UI", "Value": ["1.2.3"]}}]])
def test_what_describes_no_or_another_instance_is_refused(a_fake_pacs: FakePacs, told: object) -> None:
    a_fake_pacs.next_answers = [Answer(body=json.dumps(told).encode())]
    with pytest.raises(InputError, match="the PACS describes"):
        header_of(a_fake_pacs)


def test_a_description_of_nothing_is_told(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.files.clear()
    with pytest.raises(UnknownImageError):
        header_of(a_fake_pacs)
