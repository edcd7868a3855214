"""Search a PACS (QIDO-RS, PS3.18 10.6), page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dicomweb_client import DICOMwebClient

from mammolens.errors import PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.errors import errors_of
from mammolens.labelapp.pacs.instance import (
    INSTANCE_UID,
    KEYWORDS,
    STUDY_UID,
    Answer,
    Instance,
    first_value,
    instance_of,
)
from mammolens.labelapp.pacs.session import open_session

_PAGE = 1000  # answers asked for at once; a server may give fewer
_COUNT, _MODALITIES, _MODALITY = "00201208", "00080061", "00080060"
_STUDY_KEYWORDS = ("StudyInstanceUID", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")


@dataclass(frozen=True, slots=True)
class Found:
    """Answers of all pages; ``surely_all`` unless the server repeated itself, as one does that knows no offset."""

    answers: list[Answer]
    surely_all: bool


class Search:
    """Asks for mammograms.

    Args:
        search_filter: what an instance must match, by keyword; ``{"Modality": "MG"}``.
    """

    def __init__(self, access: PacsAccess, search_filter: Mapping[str, Any]) -> None:
        self._url = access.url
        self._filter = dict(search_filter)
        self._client = DICOMwebClient(
            access.url,
            open_session(access),
            qido_url_prefix=access.qido_prefix,
            permissive_uid=True,  # they are checked by us, and one bad UID must not stop the others
        )
        self._client.set_http_retry_params(retry=False)  # the session does it

    def studies(self, **matching: str) -> dict[str, int | None]:
        """Studies with mammograms, and how many instances of any kind each has, if the server says.

        Raises:
            PacsError: no answer, or one that cannot be understood.
        """
        wanted = {("ModalitiesInStudy" if key == "Modality" else key): value for key, value in self._filter.items()}

        def ask(limit: int, offset: int) -> Any:
            return self._client.search_for_studies(
                limit=limit, offset=offset, fields=_STUDY_KEYWORDS, search_filters=wanted | matching
            )

        found = self._pages(ask, STUDY_UID)
        modality = self._filter.get("Modality")
        return {
            str(first_value(answer, STUDY_UID)): _number(first_value(answer, _COUNT))
            for answer in found.answers
            if _fits((answer.get(_MODALITIES) or {}).get("Value"), modality)
        }

    def all_instances(self, at_most: int | None = None) -> tuple[list[Instance], bool]:
        """Mammograms of the whole PACS, and whether these are surely all; a server need not offer this.

        Args:
            at_most: how many there can be, if that is known.

        Raises:
            PacsRefusalError: the server does not do it.
            PacsError: no answer, or one that cannot be understood.
        """
        found = self._instances(at_most=at_most)
        return self._mammograms(found), found.surely_all

    def instances_of(self, study_instance_uid: str, at_most: int | None = None) -> list[Instance]:
        """Mammograms of one study.

        Args:
            at_most: how many there can be, if that is known.

        Raises:
            PacsError: no answer, or one that cannot be understood.
        """
        return self._mammograms(self._instances(study_instance_uid, at_most=at_most), study_instance_uid)

    def instance(self, sop_instance_uid: str) -> Instance | None:
        """One mammogram, wherever it is; ``None`` if the PACS does not hold it.

        Raises:
            PacsRefusalError: the server does not search for instances of unknown studies.
            PacsError: no answer, or one that cannot be understood.
        """
        found = self._mammograms(self._instances(at_most=1, SOPInstanceUID=sop_instance_uid))
        return next((instance for instance in found if instance.sop_instance_uid == sop_instance_uid), None)

    def _instances(self, study: str | None = None, at_most: int | None = None, **matching: str) -> Found:
        def ask(limit: int, offset: int) -> Any:
            return self._client.search_for_instances(
                study, limit=limit, offset=offset, fields=KEYWORDS, search_filters=self._filter | matching
            )

        return self._pages(ask, INSTANCE_UID, at_most)

    def _mammograms(self, found: Found, study: str | None = None) -> list[Instance]:
        wanted = self._filter.get("Modality")  # some servers pass over what belongs to another level
        fitting = [answer for answer in found.answers if _fits((answer.get(_MODALITY) or {}).get("Value"), wanted)]
        return [instance for answer in fitting if (instance := instance_of(answer, study))]

    def _pages(self, ask: Callable[[int, int], Any], uid: str, at_most: int | None = None) -> Found:
        """All pages (PS3.18 8.3.4.4), until one brings nothing new or nothing is left to come."""
        answers: dict[str, Answer] = {}
        offset = 0
        while True:
            with errors_of(self._url):
                page = ask(_PAGE, offset)
            before = len(answers)
            answers |= {str(first_value(answer, uid)): answer for answer in _checked(page, uid, self._url)}
            if len(answers) == before:
                return Found(list(answers.values()), surely_all=not page)
            if len(answers) == at_most:
                return Found(list(answers.values()), surely_all=True)
            offset += len(page)


def _checked(page: Any, uid: str, url: str) -> list[Answer]:
    """The page, if it is DICOM JSON of what was asked for (PS3.18 F.2)."""
    if isinstance(page, list) and all(isinstance(answer, dict) for answer in page):
        found = [answer for answer in page if _is_attribute(answer.get(uid))]
        if found or not page:
            return found
    raise PacsError(url, "the answer to a search is not DICOM JSON", "check that this is the DICOMweb address")


def _is_attribute(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("Value"), list) and bool(value["Value"])


def _fits(values: Any, wanted: Any) -> bool:
    """Whether the answer has the requested modality, as far as it is known."""
    if not values or not isinstance(wanted, str) or set(wanted) & set("*?,\\"):
        return True
    return wanted in values


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
