from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pydicom.uid import JPEGLosslessSV1, RLELossless

from mammolens.diagnostics.decoders import check_decoders
from mammolens.dicom import codecs
from mammolens.dicom.streams import StreamKind


def test_every_transfer_syntax_that_is_read_is_tried_and_decoded():
    checks = list(check_decoders())
    assert [check.name for check in checks] == [codecs.syntax_name(syntax) for syntax in codecs.KINDS]
    assert {check.status for check in checks} == {"ok"}


@pytest.fixture
def decode_by(monkeypatch) -> Iterator[Callable[..., None]]:
    """Decode a kind of stream by a function instead."""

    def replace(kind: StreamKind, decode: Callable[..., object]) -> None:
        monkeypatch.setitem(codecs.DECODERS, kind, (codecs.Decoder("a package", "numpy", decode),))
        codecs.decoder_of.cache_clear()

    yield replace
    codecs.decoder_of.cache_clear()


def test_the_decoder_that_is_used_is_named():
    found = {check.name: check.detail for check in check_decoders()}
    assert found[JPEGLosslessSV1.name] == f"{codecs.decoder_of(StreamKind.LOSSLESS_JPEG).package} decodes it"


def test_a_kind_without_any_decoder_fails(monkeypatch, decode_by):
    decode_by(StreamKind.JPEG_LS, print)
    monkeypatch.setitem(codecs.DECODERS, StreamKind.JPEG_LS, (codecs.Decoder("charls", "no_such_module", print),))
    (check, *_) = [check for check in check_decoders() if check.status == "failed"]
    assert check.detail == "no decoder of JPEG-LS is installed: charls"


@pytest.mark.parametrize("kind", codecs.DECODERS)
def test_a_decoder_that_raises_fails_for_its_transfer_syntaxes_alone(decode_by, kind):
    def broken(*_: object) -> None:
        raise OSError("libbroken.so: cannot open shared object file")

    decode_by(kind, broken)
    failed = {check.name for check in check_decoders() if check.status == "failed"}
    assert failed == {codecs.syntax_name(syntax) for syntax, own in codecs.KINDS.items() if own is kind}


def test_a_decoder_of_other_values_fails(decode_by):
    decode_by(StreamKind.JPEG_LS, lambda *_: np.zeros((16, 16), np.uint8))
    (check, *_) = [check for check in check_decoders() if check.status == "failed"]
    assert "decodes values that differ" in check.detail
    assert check.remedy


def test_rle_that_cannot_be_decoded_fails(decode_by):
    decode_by(StreamKind.RLE, lambda *_: np.zeros(0, np.uint8))
    assert [check.name for check in check_decoders() if check.status == "failed"] == [RLELossless.name]
