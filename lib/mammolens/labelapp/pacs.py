"""Ask a PACS for mammograms by DICOMweb (PS3.18): which there are, and one at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import requests
from monailabel.datastore.dicom import DICOMwebClientX
from pydicom.dataset import Dataset
from requests.adapters import HTTPAdapter

from mammolens.errors import PacsError, RequestError, UnknownImageError
from mammolens.files import whole_file
from mammolens.labelapp.identifiers import check_uid

_log = logging.getLogger(__name__)
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_TOLD = ("PatientID", "StudyDate", "StudyTime", "Modality", "ImageLaterality", "ViewPosition", "SOPClassUID")
_AS_STORED = (("application/dicom", "*"),)  # any transfer syntax: the PACS need not transcode


@dataclass(frozen=True, slots=True)
class Instance:
    """One SOP instance of the PACS, as its search answer tells it."""

    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Archive(Protocol):
    """What the datastore wants of a PACS."""

    url: str

    def instances(self) -> list[Instance]:
        """The mammograms that are there now."""

    def fetch(self, instance: Instance, path: Path) -> None:
        """Write one instance to ``path``, whole or not at all."""


class Pacs:
    """A DICOMweb server.

    Args:
        client: see :func:`open_client`.
        search_filter: what an instance must match, by keyword; ``{"Modality": "MG"}``.
    """

    def __init__(self, client: DICOMwebClientX, search_filter: Mapping[str, Any]) -> None:
        self.url = str(client.base_url)
        self._client = client
        self._filter = dict(search_filter)

    def instances(self) -> list[Instance]:
        """Search for instances (QIDO-RS, PS3.18 10.6); those with an invalid UID are left out.

        Raises:
            PacsError: no answer, or an error.
        """
        with errors_of(self.url):
            answers = self._client.search_for_instances(search_filters=self._filter, fields=[*_UIDS, *_TOLD])
        return [instance for answer in answers if (instance := _instance(answer))]

    def fetch(self, instance: Instance, path: Path) -> None:
        """Retrieve one instance as it is stored (WADO-RS, PS3.18 10.4).

        Raises:
            PacsError: no answer, an error, or another instance than was asked for.
            UnknownImageError: the PACS has it no more.
        """
        uids = (instance.study_instance_uid, instance.series_instance_uid, instance.sop_instance_uid)
        with errors_of(self.url):
            dataset = self._client.retrieve_instance(*uids, media_types=_AS_STORED)
        if dataset.get("SOPInstanceUID") != instance.sop_instance_uid:
            raise PacsError(self.url, f"sent another instance than {instance.sop_instance_uid}", "check the PACS")
        with whole_file(path) as temporary:
            dataset.save_as(temporary, write_like_original=False)


def open_client(url: str, *, user: str = "", password: str = "", seconds: float = 30, **prefixes: Any) -> Any:
    """A DICOMweb client that waits at most ``seconds`` for each answer and asks once.

    Args:
        prefixes: qido_url_prefix, wado_url_prefix, stow_url_prefix.
    """
    session = requests.Session()
    session.auth = (user, password) if user and password else None
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Patience(seconds))
    client = DICOMwebClientX(url=url, session=session, **prefixes)
    client.set_http_retry_params(retry=False)
    return client


class _Patience(HTTPAdapter):
    """requests waits for ever unless told otherwise, and the client does not tell it."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().send(*args, **{**kwargs, "timeout": kwargs.get("timeout") or self._seconds})


@contextmanager
def errors_of(url: str) -> Iterator[None]:
    """Say clearly what went wrong with the server at ``url``.

    Raises:
        PacsError: no answer, or an error.
        UnknownImageError: the server answers 404.
    """
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code
        if status == requests.codes.not_found:
            raise UnknownImageError(url, "the PACS holds no such instance", "list the images again") from error
        hint = "check user and password" if status in (401, 403) else "see the log of the PACS"
        raise PacsError(url, f"the PACS answers {status}", hint) from error
    except requests.RequestException as error:
        raise PacsError(
            url, f"the PACS does not answer ({type(error).__name__})", "start it, or check the address"
        ) from error


def _instance(answer: Mapping[str, Any]) -> Instance | None:
    dataset = Dataset.from_json(dict(answer))
    try:
        study, series, instance = (check_uid(str(dataset.get(keyword, ""))) for keyword in _UIDS)
    except RequestError as error:
        _log.warning("left out an instance of the PACS: %s", error)
        return None
    told = {keyword: str(dataset.get(keyword)) for keyword in _TOLD if dataset.get(keyword)}
    return Instance(sop_instance_uid=instance, series_instance_uid=series, study_instance_uid=study, attributes=told)
