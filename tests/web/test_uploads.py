import io
import zipfile

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import MammographyCADSRStorage

from mammolens.web.unpacking import UploadLimits
from mammolens.web.uploads import NamedFile, save_uploads


class Drop(io.BytesIO):
    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def archive(**contents: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in contents.items():
            packed.writestr(name.replace("_dot_", "."), content)
    return file.getvalue()


@pytest.fixture
def limits() -> UploadLimits:
    return UploadLimits(10, 10_000)


def test_files_keep_their_names_and_namesakes_do_not_mix(tmp_path, limits):
    received = save_uploads([Drop("a.png", PNG + b"1"), Drop("a.png", PNG + b"2")], tmp_path, limits)
    assert [path.name for path in received.files] == ["a.png", "a.png"]
    assert [path.read_bytes()[-1:] for path in received.files] == [b"1", b"2"]
    assert not received.problems


def test_images_of_an_archive_are_taken_and_other_files_passed_over(tmp_path, limits):
    drop = Drop("exam.zip", archive(a_dot_png=PNG, readme_dot_txt=b"hello", empty=b""))
    received = save_uploads([drop], tmp_path, limits)
    assert list(received.files.values()) == ["a.png"]
    assert len(list(tmp_path.rglob("*.*"))) == 1


def test_an_archive_without_images_an_archive_within_and_a_good_file(tmp_path, limits):
    drops = [
        Drop("texts.zip", archive(readme_dot_txt=b"hello")),
        Drop("nested.zip", archive(inner_dot_zip=archive(a_dot_png=PNG))),
        Drop("good.png", PNG),
    ]
    received = save_uploads(drops, tmp_path, limits)
    assert list(received.files.values()) == ["good.png"]
    assert [(one.name, one.reason) for one in received.problems] == [
        ("texts.zip", "contains no DICOM, PNG or JPEG file"),
        ("nested.zip: inner.zip", "is an archive within an archive"),
    ]


def test_what_lies_beside_the_images_of_a_patient_cd_costs_nothing(tmp_path, limits):
    texts = {f"viewer/{number}.dll": bytes(5_000) for number in range(30)}
    program = {"viewer/viewer.jar": archive(a=b"x")}
    received = save_uploads([Drop("cd.zip", archive(**texts, **program, a_dot_png=PNG))], tmp_path, limits)
    assert list(received.files.values()) == ["a.png"]
    assert not received.problems
    assert (limits.files, limits.content) == (9, 10_000 - len(PNG))


def test_companions_of_an_archived_cd_are_passed_over(tmp_path, limits):
    report = Dataset()
    report.SOPClassUID, report.is_little_endian, report.is_implicit_VR = MammographyCADSRStorage, True, True
    content = io.BytesIO()
    report.save_as(content)
    image = bytes(128) + b"DICM"  # whatever the reader says of it
    cd = {"DICOM/IM1": image, "DICOM/CAD": content.getvalue(), "splash_dot_png": PNG}
    received = save_uploads([Drop("cd.zip", archive(**cd, dicomdir=image))], tmp_path, limits)
    assert list(received.files.values()) == ["IM1"]
    assert not received.problems
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["IM1"]
    received = save_uploads([Drop("pictures.zip", archive(**cd))], tmp_path, limits)
    assert list(received.files.values()) == ["IM1", "splash.png"]


def test_an_image_with_an_archive_behind_it_is_an_image(tmp_path, limits):
    content = PNG + archive(a_dot_png=PNG)
    received = save_uploads([Drop("a.png", content), Drop("b.png", PNG + b"PK\5\6" + bytes(18))], tmp_path, limits)
    assert list(received.files.values()) == ["a.png", "b.png"]
    assert next(iter(received.files)).read_bytes() == content


def test_damaged_archives_and_endless_names_do_not_keep_the_others_out(tmp_path, limits):
    no_utf_8 = bytearray(archive(ü=b"x"))  # its names are said to be UTF-8
    for name in ("\xfc".encode(),) * 2:
        no_utf_8[no_utf_8.index(name) + 1] = 0x20
    drops = [Drop("bad.zip", bytes(no_utf_8)), Drop("ü" * 240 + ".png", PNG), Drop("good.png", PNG)]
    received = save_uploads(drops, tmp_path, limits)
    assert list(received.files.values()) == ["ü" * 240 + ".png", "good.png"]
    assert [(one.name, one.reason) for one in received.problems] == [("bad.zip", "is a damaged archive")]


def test_what_is_too_large_leaves_nothing_behind_and_the_rest_goes_on(tmp_path, limits):
    received = save_uploads([Drop("big.png", PNG + bytes(20_000)), Drop("good.png", PNG)], tmp_path, limits)
    assert list(received.files.values()) == ["good.png"]
    assert received.problems[0].remedy == "upload fewer or smaller images at once"
    assert not list(tmp_path.rglob("big.png"))


def test_names_of_strangers_cannot_leave_the_folder(tmp_path, limits):
    received = save_uploads([Drop("../../evil.png", PNG), Drop("C:\\x\\evil.png", PNG)], tmp_path / "in", limits)
    assert all(path.resolve().is_relative_to(tmp_path / "in") for path in received.files)
    assert [path.name for path in received.files] == ["evil.png", "evil.png"]


def test_a_file_of_this_computer_is_received_like_a_dropped_one(tmp_path, limits):
    (tmp_path / "a.png").write_bytes(PNG)
    with NamedFile(tmp_path / "a.png") as file:
        received = save_uploads([file], tmp_path / "in", limits)
    assert [path.read_bytes() for path in received.files] == [PNG]
