"""The checksums of a model directory, in a file that ``sha256sum -c`` reads, too."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from mammolens.errors import ModelError
from mammolens.files import sha256_of, write_text

CHECKSUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write_checksums(directory: Path, names: Collection[str]) -> None:
    """Write the SHA-256 of the files that exist; replaces earlier checksums.

    Args:
        directory: of the model.
        names: of its files, relative to it.
    """
    present = [name for name in names if (directory / name).is_file()]
    lines = (f"{sha256_of(directory / name, ModelError)}  {name}\n" for name in present)
    write_text(directory / CHECKSUMS, "".join(lines))


def check_checksums(directory: Path, names: Collection[str], *, ignored: Collection[str] = ()) -> None:
    """Check that every file is what it was when the checksums were written.

    Args:
        directory: of the model.
        names: of the files that the model may consist of; one that exists must be listed.
        ignored: of files that need not match.

    Raises:
        ModelError: naming the file that was changed, is missing or is not listed.
    """
    listed = dict(_listed(directory))
    for name in names:
        if name not in listed and name not in ignored and (directory / name).exists():
            raise ModelError(directory / CHECKSUMS, f"does not list {name}", _remedy(directory))
    for name, expected in listed.items():
        if name in ignored:
            continue
        if name not in names or not (directory / name).is_file():
            raise ModelError(directory, f"has no {name}, which {CHECKSUMS} lists", _remedy(directory))
        if sha256_of(directory / name, ModelError) != expected:
            reason = f"is damaged or was changed: it does not match {CHECKSUMS}"
            raise ModelError(directory / name, reason, _remedy(directory))


def checksums_digest(directory: Path) -> str:
    """SHA-256 of the checksums: of all files of the model at once.

    Raises:
        ModelError: there are none.
    """
    return sha256_of(directory / CHECKSUMS, ModelError)


def _listed(directory: Path) -> Iterator[tuple[str, str]]:
    """Name and checksum of each file."""
    path = directory / CHECKSUMS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = f"has no readable {CHECKSUMS}, which shows whether its files are intact"
        raise ModelError(directory, reason, _remedy(directory)) from error
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ModelError(path, f"line {number} is not a checksum and a file name", _remedy(directory))
        yield match[2], match[1]


def _remedy(directory: Path) -> str:
    return f"restore it from a backup, or accept a change made on purpose with 'mammolens models seal {directory}'"
