"""Say in one line what went wrong with a DICOMweb server, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import requests
from urllib3.exceptions import ReadTimeoutError

from mammolens.errors import PacsError, UnknownImageError

CA_FILE = "MAMMOLENS_DICOMWEB_CA_FILE"  # named in messages; the settings themselves are in pacs_access.py
_TIMEOUT = "MONAI_LABEL_DICOMWEB_PROXY_TIMEOUT"
_DENIED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_BUSY |= {HTTPStatus.GATEWAY_TIMEOUT}


class PacsRefusalError(PacsError):
    """The PACS answered, with an HTTP status that is an error."""

    status: int = 0

    @property
    def is_of_the_request(self) -> bool:
        """Whether the PACS works, but does not do this; another request may well be answered."""
        return self.status not in _DENIED | _BUSY


class CutOffError(requests.exceptions.ChunkedEncodingError):
    """An answer that ends before its end."""


@contextmanager
def errors_of(url: str) -> Iterator[None]:
    """Turn what requests raises into errors of ours.

    Raises:
        PacsError: no answer, not in time, not to be trusted, or nothing that can be understood.
        PacsRefusalError: an HTTP error.
    """
    try:
        yield
    except requests.HTTPError as error:
        raise refusal(url, error.response) from error
    except requests.RequestException as error:
        raise PacsError(url, *_said(error)) from error


@contextmanager
def unknown_if_not_found(url: str) -> Iterator[None]:
    """Turn the refusal 404 of a request for one instance into an unknown image.

    Raises:
        UnknownImageError: the PACS answers 404.
    """
    try:
        yield
    except PacsRefusalError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            raise UnknownImageError(url, "the PACS has no such instance", "list the images again") from error
        raise


def refusal(url: str, response: requests.Response) -> PacsRefusalError:
    """The error for an answer with an HTTP error status."""
    error = PacsRefusalError(url, f"the PACS answers {response.status_code}", _remedy(response.status_code))
    error.status = response.status_code
    return error


def _remedy(status: int) -> str:
    if status in _DENIED:
        return "check user and password or token, and what they may do"
    if status == HTTPStatus.NOT_FOUND:
        return "check that this is the DICOMweb address, often .../dicom-web"
    if status in _BUSY:
        return "it is busy or starting: try again"
    return "see the log of the PACS"


def _said(error: requests.RequestException) -> tuple[str, str]:
    """Reason and remedy."""
    cause = getattr(error.args[0], "reason", error.args[0]) if error.args else None
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"the TLS connection is refused ({cause})",
            f"if its certificate is of your own authority, name that one's file in {CA_FILE}",
        )
    if isinstance(error, requests.Timeout) or isinstance(cause, ReadTimeoutError):
        return "the PACS does not answer in time", f"check whether it is overloaded, or raise {_TIMEOUT}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return (
            "the connection broke off during the PACS's answer",
            "try again; if it recurs, see the log of the PACS",
        )
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return "the answer is not JSON", "check that this is the DICOMweb address, often .../dicom-web"
    return f"the PACS does not answer ({type(error).__name__})", "start it, or check the address"
