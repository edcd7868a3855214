"""Check every id, tag and session from outside before it meets a file system or another server."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath
from uuid import UUID

from mammolens.errors import RequestError

_IMAGE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,159}")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_EXAM_ID = re.compile(r"e-[0-9a-f]{16}")
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_LONGEST_UID = 64
_READABLE_PART = 100
_LOOKS_DERIVED = re.compile(r".*-[0-9a-f]{10}")


def check_image_id(value: str) -> str:
    """Give back an image id that is free of path separators and '..'.

    Raises:
        RequestError: anything else.
    """
    if not _IMAGE_ID.fullmatch(value) or ".." in value:
        raise RequestError(_shown(value), "is not an image id", "give an id that GET /datastore/?output=all lists")
    return value


def check_uid(value: str) -> str:
    """Give back a UID of PS3.5 9.1: at most 64 digits and dots, no component with leading zeros.

    Raises:
        RequestError: anything else.
    """
    if len(value) > _LONGEST_UID or not _UID.fullmatch(value):
        raise RequestError(
            _shown(value), "is not a SOP Instance UID (PS3.5 9.1)", "give the UID of an image of the PACS"
        )
    return value


def check_exam_id(value: str) -> str:
    """Give back an exam id as the worklist hands them out.

    Raises:
        RequestError: anything else.
    """
    if not _EXAM_ID.fullmatch(value):
        raise RequestError(_shown(value), "is not an exam id", "give an id that GET /mammolens/worklist lists")
    return value


def check_tag(value: str) -> str:
    """Give back a label tag: letters, digits, '_' and '-'.

    Raises:
        RequestError: anything else.
    """
    if not _TAG.fullmatch(value):
        raise RequestError(_shown(value), "is not a label tag", "use letters, digits, '_' and '-', at most 64")
    return value


def check_session_id(value: str) -> str:
    """Give back a session id as the server hands them out, a UUID.

    Raises:
        RequestError: anything else.
    """
    try:
        return str(UUID(value))
    except ValueError as error:
        raise RequestError(_shown(value), "is not a session id", "give the id that PUT /session/ returned") from error


def image_id_of(relative: PurePath) -> str:
    """Name a file of a folder: stable, unique, free of path separators.

    A plain name at the top of the folder is its own id; for any other the readable part of the path
    is followed by a digest of the whole.
    """
    path = relative.as_posix()
    if _IMAGE_ID.fullmatch(path) and ".." not in path and not _LOOKS_DERIVED.fullmatch(path):
        return path
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", path).strip("._-")
    readable = re.sub(r"\.{2,}", ".", readable)[-_READABLE_PART:].lstrip("._-") or "image"
    return f"{readable}-{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:10]}"


def _shown(value: str) -> str:
    """What a message repeats of a value from outside: short and printable."""
    return ascii(value[:80])
