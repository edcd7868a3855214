"""Identity of patient, exam and image, as far as it follows only from several images together."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from pydicom.uid import generate_uid

from mammolens.dicom.opening import FileKind, damage_named, file_kind, open_dicom
from mammolens.dicom.stored_values import stored_pixels
from mammolens.enums import QualityFlag
from mammolens.errors import InputError
from mammolens.types import ImageAttributes, ImageHeader

IDENTITY_DOUBTS: Final[Mapping[QualityFlag, str]] = {
    QualityFlag.PATIENT_UNKNOWN: "There is no Patient ID: images of one study count as one patient.",
    QualityFlag.STUDY_UNKNOWN: "There is no Study Instance UID: the patient's images count as one exam.",
    QualityFlag.STUDY_OF_SEVERAL_PATIENTS: "The study has images of other Patient IDs: each ID counts as a patient.",
    QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS: "Several issuers assigned this Patient ID: it counts as one patient.",
    QualityFlag.SUBSTITUTE_UID: "Its SOP Instance UID was replaced, because a different image has the same one.",
}
"""The flags that doubt whose image it is, each in one sentence."""

_FILES: Final = 10_000  # digests that are remembered, of 64 bytes each
_Image = TypeVar("_Image", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Identity:
    """What an image says of its patient and study (PS3.3 C.7.1.1, C.7.2.1).

    Attributes:
        patient_id: empty if unknown.
        study_instance_uid: ``None`` if not stated.
        issuer_of_patient_id: ``None`` if not stated, or if a table names the patient.
    """

    patient_id: str
    study_instance_uid: str | None
    issuer_of_patient_id: str | None = None

    @classmethod
    def of(cls, header: ImageHeader) -> Identity:
        """That of an image whose header was read."""
        return cls(header.patient_id, header.study_instance_uid, header.issuer_of_patient_id)


def identity_doubts(identities: Mapping[_Image, Identity]) -> dict[_Image, tuple[QualityFlag, ...]]:
    """Flags of the images whose patient or exam is in doubt because of other images; other images are left out.

    Nothing is merged or split: patients go by Patient ID, exams by patient and study, whatever is flagged.

    Args:
        identities: of all images to compare, by any key.
    """
    patients: dict[str, set[str]] = defaultdict(set)
    issuers: dict[str, set[str]] = defaultdict(set)
    for one in identities.values():
        if one.study_instance_uid:
            patients[one.study_instance_uid].add(one.patient_id)
        if one.patient_id and one.issuer_of_patient_id:
            issuers[one.patient_id].add(one.issuer_of_patient_id)
    doubts: dict[_Image, tuple[QualityFlag, ...]] = {}
    for image, one in identities.items():
        raised = {
            QualityFlag.STUDY_OF_SEVERAL_PATIENTS: len(patients.get(one.study_instance_uid or "", ())) > 1,
            QualityFlag.PATIENT_ID_OF_SEVERAL_ISSUERS: len(issuers.get(one.patient_id, ())) > 1,
        }
        if any(raised.values()):
            doubts[image] = tuple(flag for flag, is_raised in raised.items() if is_raised)
    return doubts


def substitute_uids(uids: Mapping[Path, str]) -> dict[Path, str]:
    """SOP Instance UIDs for images that share theirs with a different image; all others are left out.

    A SOP Instance UID names one image (PS3.3 C.12.1.1.1). Images are the same if their stored values are, whatever the
    transfer syntax, so copies share a substitute as they shared the UID; it follows from the UID and the values alone.
    A file whose pixels cannot be read is left out: reading it says why.

    Args:
        uids: SOP Instance UID of each file. Files with a UID of their own are not opened.
    """
    files: dict[str, list[Path]] = defaultdict(list)
    for path, uid in uids.items():
        files[uid].append(path)
    substitutes: dict[Path, str] = {}
    for uid, paths in files.items():
        # Byte for byte the same, as copies mostly are: nothing needs to be decoded.
        if len(paths) > 1 and len(set(_digests(_file_digest, paths).values())) > 1:
            contents = _digests(_values_digest, paths)
            if len(set(contents.values())) > 1:
                substitutes |= {
                    path: str(generate_uid(entropy_srcs=[uid, content])) for path, content in contents.items()
                }
    return substitutes


def with_identity(
    headers: Mapping[Path, ImageHeader], attributes: Mapping[Path, ImageAttributes]
) -> dict[Path, ImageAttributes]:
    """Attributes for reading each file: those given, and the identity that follows from the files together.

    Args:
        headers: of all files to compare, as read with ``attributes``.
        attributes: of a table, for the files that it lists.
    """
    doubts = identity_doubts({path: Identity.of(header) for path, header in headers.items()})
    substitutes = substitute_uids({path: header.sop_instance_uid for path, header in headers.items()})
    return {
        path: replace(
            attributes.get(path, ImageAttributes()),
            sop_instance_uid=substitutes.get(path),
            identity_doubts=doubts.get(path, ()),
        )
        for path in headers
    }


def stored_values_digest(path: Path) -> str | None:
    """SHA-256 of a DICOM image's size and stored values, whatever its header and its lossless transfer syntax.

    ``None`` for a file that is not DICOM, or whose pixels cannot be read.
    """
    return _digests(_values_digest, [path]).get(path)


def _digests(digest: Callable[[Path, int, int], str | None], paths: Iterable[Path]) -> dict[Path, str]:
    found = {}
    for path in paths:
        try:
            status = path.stat()
            content = digest(path, status.st_mtime_ns, status.st_size)
        except OSError:  # vanished since its header was read
            continue
        if content is not None:
            found[path] = content
    return found


@lru_cache(_FILES)  # a server asks again with each new list of its folder
def _file_digest(path: Path, _modified: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(_FILES)
def _values_digest(path: Path, _modified: int, _size: int) -> str | None:
    """Of size and stored values; ``None`` if they cannot be read."""
    try:
        if file_kind(path) is not FileKind.DICOM:
            return None
        with damage_named(path):
            values = stored_pixels(open_dicom(path, with_pixels=True), path).values
    except InputError:
        return None
    digest = hashlib.sha256(str(values.shape).encode())
    digest.update(np.ascontiguousarray(values, np.int32).tobytes())
    return digest.hexdigest()
