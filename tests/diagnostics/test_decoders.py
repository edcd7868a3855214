import numpy as np
import pytest
from pydicom.uid import RLELossless

from mammolens.diagnostics.decoders import check_decoders
from mammolens.dicom import codecs
from mammolens.dicom.streams import StreamKind


def test_every_transfer_syntax_that_is_read_is_tried_and_decoded():
    checks = list(check_decoders())
    assert [check.name for check in checks] == [syntax.name for syntax in codecs.KINDS]
    assert {check.status for check in checks} == {"ok"}


@pytest.mark.parametrize("kind", codecs._DECODERS)
def test_a_decoder_that_raises_fails_for_its_transfer_syntaxes_alone(monkeypatch, kind):
    def broken(*_: object) -> None:
        raise OSError("libbroken.so: cannot open shared object file")

    monkeypatch.setitem(codecs._DECODERS, kind, broken)
    failed = {check.name for check in check_decoders() if check.status == "failed"}
    assert failed == {syntax.name for syntax, own in codecs.KINDS.items() if own is kind}


def test_a_decoder_of_other_values_fails(monkeypatch):
    monkeypatch.setitem(codecs._DECODERS, StreamKind.JPEG_LS, lambda *_: np.zeros((16, 16), np.uint8))
    (check, *_) = [check for check in check_decoders() if check.status == "failed"]
    assert "decodes other values" in check.detail
    assert check.remedy


def test_rle_that_cannot_be_decoded_fails(monkeypatch):
    monkeypatch.setattr(codecs.rle.utils, "decode_segment", lambda _: b"")
    assert [check.name for check in check_decoders() if check.status == "failed"] == [RLELossless.name]
