"""Store instances in a PACS (STOW-RS, PS3.18 10.5), and say which it refused and why."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from uuid import uuid4

import pydicom
import requests
from pydicom.dataset import Dataset

from mammolens.errors import PacsError
from mammolens.labelapp.pacs.access import PacsAccess
from mammolens.labelapp.pacs.errors import errors_of, refusal
from mammolens.labelapp.pacs.session import open_session
from mammolens.labelapp.storage_status import DUPLICATE, status_text


def store(access: PacsAccess, datasets: Sequence[Dataset]) -> None:
    """Store, one request an instance; what the PACS holds already is fine.

    dicomweb-client is not used for this: it sends large ones in a way that cannot be tried again, and passes over
    refusals in answers whose media type has a parameter.

    Raises:
        PacsError: no answer; or some were refused, each named with its reason, after all were tried.
    """
    refused = [why for dataset in datasets if (why := _refused(access, dataset))]
    if refused:
        stored = len(datasets) - len(refused)
        raise PacsError(
            access.url,
            f"the PACS refused {len(refused)} of {len(datasets)} objects: {', '.join(refused)}",
            f"the other {stored} are stored; see the log of the PACS" if stored else "see the log of the PACS",
        )


def _refused(access: PacsAccess, dataset: Dataset) -> str | None:
    """Store one instance; its UID and why it was refused, if it was."""
    boundary = uuid4().hex
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
    }
    with errors_of(access.url):
        response = open_session(access).post(
            access.address(access.stow_prefix, "studies"), data=_body(dataset, boundary), headers=headers
        )
    reasons = [reason for reason in _reasons(response) if reason != DUPLICATE]
    if reasons:
        return f"{dataset.SOPInstanceUID} ({status_text(reasons[0])})"
    if response.status_code >= requests.codes.bad_request and not _answers_duplicate(response):
        raise refusal(access.url, response)
    return None


def _body(dataset: Dataset, boundary: str) -> bytes:
    with BytesIO() as file:
        pydicom.dcmwrite(file, dataset, write_like_original=False)
        content = file.getvalue()
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join((head, content, f"\r\n--{boundary}--\r\n".encode()))


def _reasons(response: requests.Response) -> list[int]:
    """Failure Reasons of the answer (PS3.18 I.2); none where there are none or they cannot be read."""
    try:
        answer = response.json()
        dataset = Dataset.from_json(answer[0] if isinstance(answer, list) else answer)
        return [int(item.get("FailureReason") or 0) for item in dataset.get("FailedSOPSequence") or []]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return []


def _answers_duplicate(response: requests.Response) -> bool:
    return DUPLICATE in _reasons(response)
