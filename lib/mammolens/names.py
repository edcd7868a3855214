"""Names of files as text."""

from __future__ import annotations

import os
import re
from os import PathLike


def path_as_text(path: str | PathLike[str]) -> str:
    r"""A path or name as text that UTF-8 and so JSON can hold; names that differ stay different.

    Linux allows bytes that are not UTF-8, which Python keeps as lone surrogates; they come out as ``\xff``.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def safe_file_name(name: str, longest: int = 200) -> str:
    """The last part of a stranger's file name, without what file systems dislike; its suffix stays.

    Args:
        name: with or without folders, of any system.
        longest: bytes in UTF-8; file systems take 255, and what is made of a file adds to its name.
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(character for character in last if character.isprintable()).strip().lstrip(".")
    stem, dot, suffix = plain.rpartition(".")
    room = longest - len(suffix.encode()) - 1
    return (f"{_cut(stem, room)}{dot}{suffix}" if dot and room > 0 else _cut(plain, longest)) or "image"


def _cut(text: str, longest: int) -> str:
    return text.encode()[:longest].decode(errors="ignore")
