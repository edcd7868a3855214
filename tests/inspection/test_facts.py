import pydicom
import pytest
from PIL import Image

from mammolens.inspection.facts import FileFacts, facts_of

from .conftest import rewrite


def test_a_dicom_file_states_size_and_transfer_syntax(two_exams):
    facts = facts_of(two_exams / "A" / "L_CC.dcm")
    assert facts == FileFacts("DICOM", 192, 160, "Explicit VR Little Endian")


@pytest.mark.parametrize(("given", "name"), [(pydicom.uid.JPEG2000Lossless, "JPEG 2000"), ("", None)])
def test_the_transfer_syntax_may_be_known_from_elsewhere(two_exams, given, name):
    stated = facts_of(two_exams / "A" / "L_CC.dcm", str(given)).transfer_syntax
    assert stated is None if name is None else stated.startswith(name)


def test_a_refused_file_states_it_as_well(two_exams):
    path = rewrite(two_exams / "A" / "L_CC.dcm", PresentationIntentType="FOR PROCESSING")
    assert facts_of(path).rows == 192


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "PPM"])
def test_pictures_state_their_format_and_size(tmp_path, kind):
    path = tmp_path / "picture"
    Image.new("L", (70, 90), 3).save(path, format=kind)
    assert facts_of(path) == FileFacts("PGM" if kind == "PPM" else kind, 90, 70)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\nbroken", bytes(128) + b"DICMbroken"])
def test_damage_is_answered_with_what_is_known(tmp_path, content):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    assert facts_of(path).rows is None
    assert facts_of(tmp_path / "missing") == FileFacts()
