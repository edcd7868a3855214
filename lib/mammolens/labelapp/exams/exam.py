"""Exams: the datastore's images grouped into examinations, each with an id."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from mammolens.dicom.identity import identity_doubts, substitute_uids
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import UnknownImageError
from mammolens.inference.exam_text import view_name
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.descriptions import ImageDescription
from mammolens.labelapp.identifiers import check_exam_id
from mammolens.labelapp.keys import InfoKey
from mammolens.types import ExamKey

_VIEWS = [view.value for view in ViewPosition]  # CC before MLO
_SIDES = [Laterality.RIGHT.value, Laterality.LEFT.value]  # as they hang: the right breast to the left
# Decisions in the ledger and DICOM objects of results name an image by its UID alone.
_AMBIGUOUS = ("has the SOP Instance UID of a different image", "give each image its own UID")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Exam:
    """The images of one examination, R CC, L CC, R MLO, L MLO first."""

    exam_id: str
    patient: str
    images: tuple[ImageDescription, ...]

    @property
    def image_ids(self) -> list[str]:
        """Their ids."""
        return [image.image_id for image in self.images]

    @property
    def sop_instance_uids(self) -> tuple[str, ...]:
        """SOP Instance UIDs (0008,0018), a copy's once."""
        return tuple(dict.fromkeys(image.sop_instance_uid for image in self.images))

    @property
    def study_date(self) -> date | None:
        """The latest."""
        return max((image.study_date for image in self.images if image.study_date), default=None)


class _Groups(NamedTuple):
    exams: dict[str, Exam]
    left_out: list[str]  # no mammograms
    ambiguous: list[str]  # of one SOP Instance UID, but different
    by_name: Mapping[str, Exam] = MappingProxyType({})  # exam ids, image ids, Study Instance UIDs
    by_patient: Mapping[str, list[Exam]] = MappingProxyType({})  # of those whose Patient ID is known


def exam_id_of(key: ExamKey) -> str:
    """An id that is safe in URLs and does not identify the patient."""
    return f"e-{hashlib.sha256(chr(0).join(key).encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def view_of_image(image: ImageDescription, info: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Side and view: as the header says, or else as they were taken when the image was scored."""
    return image.laterality or info.get(InfoKey.LATERALITY), image.view or info.get(InfoKey.VIEW)


def name_of_image(image: ImageDescription, info: Mapping[str, Any]) -> str:
    """What a person calls the image: 'R CC'."""
    return view_name(*view_of_image(image, info))


class Exams:
    """Finds exams. Grouping ten thousand takes about a second, so groups are cached while the list stays the same.

    Args:
        images: the datastore.
        seconds: maximum age of the groups, as a file may have been replaced by another image.
    """

    def __init__(self, images: ExamImages, *, seconds: float = 10.0) -> None:
        self._images = images
        self._seconds = seconds
        self._lock = threading.Lock()
        self._grouped: tuple[list[str], float] | None = None
        self._groups = _Groups({}, [], [])

    def all(self) -> dict[str, Exam]:
        """Every exam by its id, in the order of the datastore."""
        listed = self._images.list_images()
        with self._lock:
            if self._grouped is None or self._grouped[0] != listed or time.monotonic() > self._grouped[1]:
                groups = _grouped(listed, self._images)
                for image_id in sorted(set(groups.ambiguous) - set(self._groups.ambiguous)):
                    _log.warning("left out: %s", UnknownImageError(image_id, *_AMBIGUOUS))
                self._groups = groups
                self._grouped = (listed, time.monotonic() + self._seconds)
            return self._groups.exams

    def left_out(self) -> list[str]:
        """Ids of images that are not mammograms according to their headers, or share a UID with a different image."""
        self.all()
        return [*self._groups.left_out, *self._groups.ambiguous]

    def get(self, exam_id: str) -> Exam:
        """One exam.

        Raises:
            RequestError: no exam id at all.
            UnknownImageError: there is none of that id.
        """
        exam = self.all().get(check_exam_id(exam_id))
        if exam is None:
            raise UnknownImageError(exam_id, "no such exam here", "see GET /mammolens/worklist")
        return exam

    def of_image(self, image_id: str) -> Exam:
        """The exam that holds an image.

        Raises:
            RequestError: no image id at all.
            UnknownImageError: no image of that id, or no mammogram.
        """
        return self.get(self.find_image(image_id)[0])

    def remembered(self, name: str) -> Exam | None:
        """The exam of this id, with an image of this id, or of this Study Instance UID, as far as it is known already.

        Asks neither disk nor PACS; what came or went since exams were last grouped is not known.
        """
        return self._groups.by_name.get(name)

    def others_of_patient(self, exam: Exam) -> list[Exam]:
        """The other exams of an exam's patient, as far as they are known already; none without a Patient ID."""
        return [other for other in self._groups.by_patient.get(exam.patient, ()) if other.exam_id != exam.exam_id]

    def siblings_of(self, image_id: str) -> list[str]:
        """Ids of the other images of an image's exam; none of what is not a mammogram."""
        try:
            exam = self.of_image(image_id)
        except UnknownImageError:
            return []
        return [other for other in exam.image_ids if other != image_id]

    def find_image(self, image_id: str) -> tuple[str, ImageDescription]:
        """An image's exam id and description, without listing the other images; raises as :meth:`of_image`."""
        described = self._images.describe(image_id)
        if described is None:
            raise UnknownImageError(image_id, "is not a mammogram on this server", "see GET /mammolens/worklist")
        if image_id in self._groups.ambiguous:
            raise UnknownImageError(image_id, *_AMBIGUOUS)
        return exam_id_of(described.exam_key), described

    def of_study(self, study_instance_uid: str) -> Exam:
        """The exam that holds an image of this study.

        Raises:
            UnknownImageError: there is none.
        """
        for exam in self.all().values():
            if any(image.study_instance_uid == study_instance_uid for image in exam.images):
                return exam
        raise UnknownImageError(study_instance_uid, "no mammogram of this study here", "see GET /mammolens/worklist")


def _grouped(listed: Sequence[str], images: ExamImages) -> _Groups:
    found, left_out = _described(listed, images)
    ambiguous = _ambiguous(found.values(), images)
    found = {image_id: described for image_id, described in found.items() if image_id not in ambiguous}
    doubts = identity_doubts({image_id: described.identity for image_id, described in found.items()})
    groups: dict[ExamKey, list[ImageDescription]] = {}
    for image_id, described in found.items():
        flagged = replace(described, identity_doubts=doubts[image_id]) if image_id in doubts else described
        groups.setdefault(described.exam_key, []).append(flagged)
    exams = [Exam(exam_id_of(key), key[0], tuple(sorted(group, key=_hanging_order))) for key, group in groups.items()]
    by_name = {name: exam for exam in exams for name in _names_of(exam)}
    by_patient: dict[str, list[Exam]] = {}
    for exam in exams:
        if exam.patient:
            by_patient.setdefault(exam.patient, []).append(exam)
    return _Groups({exam.exam_id: exam for exam in exams}, left_out, ambiguous, by_name, by_patient)


def _names_of(exam: Exam) -> Iterator[str]:
    yield exam.exam_id
    yield from exam.image_ids
    yield from {image.study_instance_uid for image in exam.images if image.study_instance_uid}


def _described(listed: Sequence[str], images: ExamImages) -> tuple[dict[str, ImageDescription], list[str]]:
    """Descriptions by image id, and the ids of what is not a mammogram."""
    found: dict[str, ImageDescription] = {}
    left_out = []
    for image_id in listed:
        try:
            described = images.describe(image_id)
        except UnknownImageError:  # vanished since it was listed
            continue
        if described is None:
            left_out.append(image_id)
        else:
            found[image_id] = described
    return found, left_out


def _ambiguous(found: Iterable[ImageDescription], images: ExamImages) -> list[str]:
    """Ids of the images that share a SOP Instance UID with a different image, so that no decision can name them."""
    by_uid: dict[str, list[str]] = {}
    for described in found:
        by_uid.setdefault(described.sop_instance_uid, []).append(described.image_id)
    shared: dict[Path, tuple[str, str]] = {}
    for uid, image_ids in by_uid.items():
        for image_id in image_ids if len(image_ids) > 1 else ():  # never in a PACS, where the UID is the id
            with suppress(UnknownImageError):  # vanished since it was listed
                shared[Path(images.get_image_uri(image_id))] = image_id, uid
    substitutes = substitute_uids({path: uid for path, (_, uid) in shared.items()})
    return [shared[path][0] for path in substitutes]


def _hanging_order(image: ImageDescription) -> tuple[int, int]:
    return (
        _VIEWS.index(image.view) if image.view else len(_VIEWS),
        _SIDES.index(image.laterality) if image.laterality else len(_SIDES),
    )
