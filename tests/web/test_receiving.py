import io
import zipfile

import pytest

from mammolens.web.receiving import NamedFile, receive
from mammolens.web.unpacking import Allowance


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
def allowance() -> Allowance:
    return Allowance(10, 10_000)


def test_files_keep_their_names_and_namesakes_do_not_mix(tmp_path, allowance):
    received = receive([Drop("a.png", PNG + b"1"), Drop("a.png", PNG + b"2")], tmp_path, allowance)
    assert [path.name for path in received.files] == ["a.png", "a.png"]
    assert [path.read_bytes()[-1:] for path in received.files] == [b"1", b"2"]
    assert not received.problems


def test_images_of_an_archive_are_taken_and_other_files_passed_over(tmp_path, allowance):
    drop = Drop("exam.zip", archive(a_dot_png=PNG, readme_dot_txt=b"hello", empty=b""))
    received = receive([drop], tmp_path, allowance)
    assert list(received.files.values()) == ["a.png"]
    assert len(list(tmp_path.rglob("*.*"))) == 1


def test_an_archive_without_images_an_archive_within_and_a_good_file(tmp_path, allowance):
    drops = [
        Drop("texts.zip", archive(readme_dot_txt=b"hello")),
        Drop("nested.zip", archive(inner_dot_zip=archive(a_dot_png=PNG))),
        Drop("good.png", PNG),
    ]
    received = receive(drops, tmp_path, allowance)
    assert list(received.files.values()) == ["good.png"]
    assert [(one.name, one.reason) for one in received.problems] == [
        ("texts.zip", "holds no DICOM, PNG or JPEG file"),
        ("nested.zip: inner.zip", "is an archive within an archive"),
    ]


def test_what_is_too_large_leaves_nothing_behind_and_the_rest_goes_on(tmp_path, allowance):
    received = receive([Drop("big.png", PNG + bytes(20_000)), Drop("good.png", PNG)], tmp_path, allowance)
    assert list(received.files.values()) == ["good.png"]
    assert received.problems[0].remedy == "drop fewer or smaller images at once"
    assert not list(tmp_path.rglob("big.png"))


def test_names_of_strangers_cannot_leave_the_folder(tmp_path, allowance):
    received = receive([Drop("../../evil.png", PNG), Drop("C:\\x\\evil.png", PNG)], tmp_path / "in", allowance)
    assert all(path.resolve().is_relative_to(tmp_path / "in") for path in received.files)
    assert [path.name for path in received.files] == ["evil.png", "evil.png"]


def test_a_file_of_this_computer_is_received_like_a_dropped_one(tmp_path, allowance):
    (tmp_path / "a.png").write_bytes(PNG)
    with NamedFile(tmp_path / "a.png") as file:
        received = receive([file], tmp_path / "in", allowance)
    assert [path.read_bytes() for path in received.files] == [PNG]
