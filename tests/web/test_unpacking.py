import errno
import io
import zipfile

import numpy as np
import pytest

from mammolens.errors import InputError
from mammolens.web.unpacking import UploadLimits, copied, damage_of_archive, is_archive, members

PLENTY = UploadLimits(100, 10**9, 10**6)


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
    assert [name for name, _ in members(file, "exam.zip", PLENTY)] == ["a.dcm", "b.dcm"]


def test_folders_and_hidden_files_are_passed_over():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("exam/", "DICOMDIR", ".hidden", "__MACOSX/._a.dcm", "exam/.git/b.dcm", "exam/c.dcm"):
            archive.writestr(name, b"x")
    assert [name for name, _ in members(file, "exam.zip", PLENTY)] == [
        "DICOMDIR",  # of the upload, it tells which pictures are a CD's own
        "c.dcm",
    ]


def test_what_is_really_there_counts_and_not_what_is_declared():
    bomb = packed(a=bytes(5_000_000))
    assert len(bomb.getvalue()) < 10_000
    (member,) = [io.BytesIO(member.read()) for _, member in members(bomb, "bomb.zip", PLENTY)]
    target = io.BytesIO()
    with pytest.raises(InputError, match="bomb: exceeds the size limit"):
        copied(member, target, UploadLimits(1, 2_000_000), "bomb")
    assert len(target.getvalue()) <= 2_000_000


def test_one_file_more_than_is_allowed_is_refused():
    limits = UploadLimits(1, 10)
    limits.spend_file("a")
    with pytest.raises(InputError, match="b: the upload has too many files"):
        limits.spend_file("b")


def test_an_archive_with_a_password_is_named_with_the_remedy():
    file = packed(a=b"secret")
    content = bytearray(file.getvalue())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    with pytest.raises(InputError, match=r"exam\.zip: is password-protected; unpack it"):
        list(members(io.BytesIO(bytes(content)), "exam.zip", PLENTY))


def test_a_damaged_archive_is_named():
    content = bytearray(packed(a=b"0123456789" * 100).getvalue())
    content[40] ^= 0xFF
    with pytest.raises(InputError, match=r"exam\.zip: is a damaged archive"), damage_of_archive("exam.zip"):
        [member.read() for _, member in members(io.BytesIO(bytes(content)), "exam.zip", PLENTY)]


def test_a_directory_beyond_a_limit_is_not_read():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(80):
            archive.writestr(f"{number}{'x' * 60_000}", b"")
    with pytest.raises(InputError, match=r"exam\.zip: contains too many other files"), damage_of_archive("exam.zip"):
        next(members(file, "exam.zip", PLENTY))


def test_one_entry_more_than_is_allowed_is_refused():
    looked = members(packed(a=b"x", b=b"x", c=b"x"), "exam.zip", UploadLimits(100, 1000, 2))
    assert [next(looked)[0], next(looked)[0]] == ["a", "b"]
    with pytest.raises(InputError, match=r"exam\.zip: contains too many other files"):
        next(looked)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_inflate_without_a_bound_are_refused(method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.dcm", bytes(10_000))
    with pytest.raises(
        InputError, match=r"exam\.zip: uses an unsupported compression method; pack it as an ordinary zip"
    ):
        list(members(file, "exam.zip", PLENTY))


def test_whatever_is_damaged_in_an_archive_is_named():
    whole, rng = packed(a_dot_png=b"0123456789" * 30, b__c=b"x", ü=b"y").getvalue(), np.random.default_rng(7)
    refused = 0
    for _ in range(1500):
        content = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            content[place] = rng.integers(256)
        try:
            with damage_of_archive("exam.zip"):
                for _, member in members(io.BytesIO(bytes(content)), "exam.zip", PLENTY):
                    copied(member, io.BytesIO(), PLENTY, "member")
        except InputError:
            refused += 1
    assert refused > 500


def test_a_full_disk_is_no_damage_of_an_archive():
    with pytest.raises(OSError, match="No space"), damage_of_archive("exam.zip"):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_telling_an_archive_leaves_the_file_at_its_beginning():
    file = packed(a=b"x")
    assert is_archive(file)
    assert file.tell() == 0
    assert not is_archive(io.BytesIO(b"no archive"))
