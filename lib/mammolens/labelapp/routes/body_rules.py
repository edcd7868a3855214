"""Sizes and content types that each route accepts as a body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

KB: Final = 2**10
MB: Final = 2**20
FORM: Final = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})
JSON: Final = frozenset({"application/json"})
_DICOM_WEB: Final = frozenset({"multipart/related", "application/dicom", "application/dicom+json"})  # PS3.18 10.5


@dataclass(frozen=True, slots=True)
class BodyRule:
    """Size and content types that a route takes.

    Attributes:
        most_bytes: the longest body, in bytes, as it is sent.
        types: media types, without parameters.
    """

    most_bytes: int
    types: frozenset[str]

    def check(self, headers: Headers) -> None:
        """Refuse a body by what the headers say of it.

        Raises:
            HTTPException: 413 where Content-Length is above the limit, 415 for another type or none.
        """
        declared = headers.get("content-length")
        length = int(declared) if declared and declared.isdecimal() else 0
        if not length and "transfer-encoding" not in headers:
            return
        self.check_length(length)
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in self.types:
            raise HTTPException(415, f"Content-Type: is {media_type[:80]!a}; send {' or '.join(sorted(self.types))}")

    def check_length(self, received: int) -> None:
        """Refuse a body that is too long.

        Raises:
            HTTPException: 413.
        """
        if received > self.most_bytes:
            raise HTTPException(413, f"request: has more than {_size(self.most_bytes)}; send less at a time")


DEFAULT_JSON: Final = BodyRule(MB, JSON)
"""Of routes that read JSON and are not named below; a list of ten thousand image ids fits."""

DEFAULT_FORM: Final = BodyRule(MB, FORM)
"""The same for forms."""

BODY_RULES: Final[dict[tuple[str, str], BodyRule]] = {
    # An uncompressed mammogram has up to 60 MB, one with many frames several times that.
    ("POST", "/infer/{model}"): BodyRule(512 * MB, FORM),
    ("PUT", "/datastore/"): BodyRule(512 * MB, FORM),
    ("PUT", "/datastore/image"): BodyRule(512 * MB, FORM),
    ("PUT", "/session/"): BodyRule(512 * MB, FORM),
    ("POST", "/proxy/dicom/{path:path}"): BodyRule(512 * MB, _DICOM_WEB),
    ("POST", "/mammolens/present"): BodyRule(2048 * MB, FORM),  # several exams
    ("PUT", "/datastore/label"): BodyRule(128 * MB, FORM),
    ("POST", "/mammolens/decisions/import"): BodyRule(256 * MB, FORM),
    # 100 regions of 2,000 points each
    ("POST", "/mammolens/exams/{exam}/decisions"): BodyRule(16 * MB, JSON),
    ("POST", "/mammolens/reader-studies"): BodyRule(16 * MB, JSON),  # 100,000 exams
    ("PUT", "/datastore/image/info"): BodyRule(16 * MB, FORM),
    ("POST", "/auth/token"): BodyRule(16 * KB, FORM),  # anyone may ask, also below
    ("POST", "/auth/session"): BodyRule(16 * KB, JSON),
}
"""By method and path of the route."""


def _size(count: int) -> str:
    return f"{count // MB} MB" if count >= MB else f"{count // KB} KB"
