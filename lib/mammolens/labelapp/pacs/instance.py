"""One image of a PACS, as described by its search answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydicom.dataset import Dataset

from mammolens.dicom.collection_quirks import attributes_of_collection
from mammolens.dicom.views import laterality_of, view_of
from mammolens.enums import Laterality, ViewPosition
from mammolens.errors import RequestError
from mammolens.labelapp.identifiers import check_uid

_log = logging.getLogger(__name__)
Answer = Mapping[str, Any]
STUDY_UID, SERIES_UID, INSTANCE_UID = "0020000D", "0020000E", "00080018"
_PLAIN = {
    "00100020": "PatientID",
    "00080020": "StudyDate",
    "00080030": "StudyTime",
    "00080060": "Modality",
    "00080016": "SOPClassUID",
}
_VIEW = ("00200062", "00200060", "00082218", "00185101", "00540220")
VIEW_KEYWORDS = ("ImageLaterality", "Laterality", "AnatomicRegionSequence", "ViewPosition", "ViewCodeSequence")
KEYWORDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", *_PLAIN.values(), *VIEW_KEYWORDS)


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance.

    Args:
        attributes: texts by keyword, as far as the search answer has them. ImageLaterality is 'L' or 'R' and
            ViewPosition as in :class:`~mammolens.enums.ViewPosition`, wherever the answer had them from.
    """

    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def first_value(answer: Answer, tag: str) -> Any:
    """The first value of an attribute in DICOM JSON (PS3.18 F.2); ``None`` where there is none."""
    values = (answer.get(tag) or {}).get("Value") or [None]
    return values[0]


def instance_of(answer: Answer, study_instance_uid: str | None = None) -> Instance | None:
    """Read one search answer; one with an impossible UID is left out, and logged.

    Args:
        study_instance_uid: the study that was searched; answers may lack its UID.
    """
    study = first_value(answer, STUDY_UID) or study_instance_uid
    try:
        uids = [check_uid(str(uid)) for uid in (first_value(answer, tag) for tag in (INSTANCE_UID, SERIES_UID))]
        return Instance(uids[0], uids[1], check_uid(str(study)), _attributes(answer))
    except RequestError as error:
        _log.warning("left out an instance of the PACS: %s", error)
        return None


def _attributes(answer: Answer) -> dict[str, str]:
    plain = {keyword: str(value) for tag, keyword in _PLAIN.items() if (value := first_value(answer, tag))}
    of_the_view = json.dumps({tag: answer[tag] for tag in _VIEW if tag in answer}, sort_keys=True)
    return plain | _side_and_view(of_the_view) | _known(plain.get("PatientID", ""))


@lru_cache(maxsize=1024)  # there are few of them, and pydicom takes its time
def _side_and_view(of_the_view: str) -> dict[str, str]:
    header = Dataset.from_json(of_the_view)
    return _texts(laterality_of(header)[0], view_of(header)[0])


@lru_cache(maxsize=1024)  # the images of one patient mostly follow each other
def _known(patient_id: str) -> dict[str, str]:
    header = Dataset()
    header.PatientID = patient_id
    known = attributes_of_collection(header)
    return _texts(known.laterality, known.view)


def _texts(laterality: Laterality | None, view: ViewPosition | None) -> dict[str, str]:
    found = {"ImageLaterality": laterality, "ViewPosition": view}
    return {keyword: value.value for keyword, value in found.items() if value}
