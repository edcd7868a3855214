import io
import json
from collections.abc import Iterator
from typing import Any

import pydicom
import pytest

from mammolens.errors import PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.store import store

from ...patience import PATIENCE_S
from .fake_pacs import Answer, FakePacs, attribute, served
from .test_archive import a_file


@pytest.fixture
def a_fake_pacs() -> Iterator[FakePacs]:
    with served(FakePacs()) as pacs:
        yield pacs


def send(pacs: FakePacs, *uids: str, **access: Any) -> None:
    store(
        PacsAccess(pacs.url, seconds=PATIENCE_S, **access), [pydicom.dcmread(io.BytesIO(a_file(uid))) for uid in uids]
    )


def refusing(reason: int, status: int = 409, kind: str = "application/dicom+json") -> Answer:
    failed = {"00081198": attribute("SQ", {"00081197": attribute("US", reason)})}
    return Answer(status, json.dumps(failed).encode(), kind)


def test_each_object_comes_whole_and_as_dicom(a_fake_pacs: FakePacs) -> None:
    send(a_fake_pacs, "1.5", "1.6", stow_prefix="stow")
    assert a_fake_pacs.paths() == ["/stow/studies"] * 2
    kind = a_fake_pacs.asked[0].headers["Content-Type"]
    assert kind.startswith('multipart/related; type="application/dicom"; boundary=')
    boundary = kind.rpartition("=")[2].encode()
    head, _, part = a_fake_pacs.asked[0].body.partition(b"\r\n\r\n")
    assert head == b"--" + boundary + b"\r\nContent-Type: application/dicom"
    file, _, rest = part.rpartition(b"\r\n--" + boundary + b"--")
    assert rest == b"\r\n"
    assert pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID == "1.5"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (0x0110, "processing failure, 0110H"),
        (0x0122, "SOP class not supported, 0122H"),
        (0x0124, "not authorised, 0124H"),
        (0xA701, "out of resources, A701H"),
        (0xA900, "data set does not match its SOP class, A900H"),
        (0xC122, "transfer syntax not supported, C122H"),
        (0xC001, "cannot be understood, C001H"),
        (0x1234, "no reason given, 1234H"),
    ],
)
def test_the_reason_is_told_in_words(a_fake_pacs: FakePacs, reason: int, words: str) -> None:
    a_fake_pacs.next_answers = [refusing(reason)]
    with pytest.raises(PacsError) as refused:
        send(a_fake_pacs, "1.5")
    assert f"refused 1 of 1 objects: 1.5 ({words})" in str(refused.value)


@pytest.mark.parametrize("kind", ["application/dicom+json", "application/json; charset=utf-8"])
def test_a_refusal_among_others_that_are_stored_is_not_passed_over(a_fake_pacs: FakePacs, kind: str) -> None:
    a_fake_pacs.next_answers = [Answer(body=b"{}"), refusing(0x0110, 202, kind)]
    with pytest.raises(PacsError, match=r"refused 1 of 3 objects: 1\.6 .* the other 2 are stored"):
        send(a_fake_pacs, "1.5", "1.6", "1.7")
    assert len(a_fake_pacs.asked) == 3


def test_what_the_pacs_holds_already_is_fine(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.next_answers = [refusing(0x0111)]
    send(a_fake_pacs, "1.5")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(401), "answers 401; check user"),
        (Answer(409, b"<xml/>", "application/dicom+xml"), "answers 409"),
        (Answer(500, b"[]"), "answers 500"),
    ],
)
def test_an_error_without_reasons_is_told_by_its_status(a_fake_pacs: FakePacs, answer: Answer, why: str) -> None:
    a_fake_pacs.next_answers = [answer]
    with pytest.raises(PacsError, match=why):
        send(a_fake_pacs, "1.5")


def test_an_answer_in_another_form_is_taken_by_its_status(a_fake_pacs: FakePacs) -> None:
    a_fake_pacs.store_answer = Answer(200, b"<xml/>", "application/dicom+xml")
    send(a_fake_pacs, "1.5")
