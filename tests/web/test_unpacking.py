import io
import zipfile

import pytest

from mammolens.errors import InputError
from mammolens.web.unpacking import Allowance, copied, damage_of_archive, is_archive, members


def packed(**contents: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    file.seek(0)
    return file


def test_only_base_names_come_out_and_paths_that_climb_are_passed_over():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("../../etc/passwd", "/abs/a.dcm", "deep/er/b.dcm", "a/../c.dcm"):
            archive.writestr(name, b"x")
    assert [name for name, _ in members(file, "exam.zip")] == ["a.dcm", "b.dcm"]


def test_folders_hidden_files_and_indices_are_passed_over():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("exam/", "DICOMDIR", ".hidden", "__MACOSX/._a.dcm", "exam/.git/b.dcm", "exam/c.dcm"):
            archive.writestr(name, b"x")
    assert [name for name, _ in members(file, "exam.zip")] == ["c.dcm"]


def test_what_is_really_there_counts_and_not_what_is_declared():
    bomb = packed(a=bytes(5_000_000))
    assert len(bomb.getvalue()) < 10_000
    (member,) = [io.BytesIO(member.read()) for _, member in members(bomb, "bomb.zip")]
    target = io.BytesIO()
    with pytest.raises(InputError, match="bomb: is too large"):
        copied(member, target, Allowance(1, 2_000_000), "bomb")
    assert len(target.getvalue()) <= 2_000_000


def test_one_file_more_than_is_allowed_is_refused():
    allowance = Allowance(1, 10)
    allowance.spend_file("a")
    with pytest.raises(InputError, match="b: there are more files"):
        allowance.spend_file("b")


def test_an_archive_with_a_password_is_named_with_the_remedy():
    file = packed(a=b"secret")
    content = bytearray(file.getvalue())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    with pytest.raises(InputError, match=r"exam\.zip: is protected by a password; unpack it"):
        list(members(io.BytesIO(bytes(content)), "exam.zip"))


def test_a_damaged_archive_is_named():
    content = bytearray(packed(a=b"0123456789" * 100).getvalue())
    content[40] ^= 0xFF
    with pytest.raises(InputError, match=r"exam\.zip: is a damaged archive"), damage_of_archive("exam.zip"):
        [member.read() for _, member in members(io.BytesIO(bytes(content)), "exam.zip")]


def test_telling_an_archive_leaves_the_file_at_its_beginning():
    file = packed(a=b"x")
    assert is_archive(file)
    assert file.tell() == 0
    assert not is_archive(io.BytesIO(b"no archive"))
