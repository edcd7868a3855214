"""`/proxy/dicom/...`: the PACS's DICOMweb resources for viewers in the browser, and nothing else of the PACS."""

from __future__ import annotations

import re
from typing import Annotated

import requests
from fastapi import APIRouter, Body, HTTPException, Request
from fastapi.responses import Response
from monailabel.config import settings

from mammolens.errors import PacsError, RequestError
from mammolens.labelapp.pacs.access import PacsAccess, access_to
from mammolens.labelapp.pacs.errors import errors_of, refusal
from mammolens.labelapp.pacs.session import open_session
from mammolens.labelapp.routes.dependencies import FOR_ANNOTATORS, FOR_USERS

router = APIRouter(include_in_schema=False)
_RESOURCE = re.compile(r"(studies|series|instances)(/[A-Za-z0-9.,_~-]+)*/?")  # PS3.18 10.4 to 10.6
_STORE = re.compile(r"studies(/[0-9.]+)?/?")  # PS3.18 10.5
_PASSED_ON = ("accept", "content-type")
# What DICOMweb answers with (PS3.18 8.7), and errors as text; never pages or pictures that may hold scripts.
_KIND = re.compile(
    r"multipart/related|application/(dicom(\+(json|xml|zip))?|json|octet-stream|pdf|zip)|image/(?!svg)[a-z0-9.+-]+"
    r"|video/(mpeg|mp4|h265)|text/plain"
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/proxy/dicom/{path:path}", dependencies=FOR_USERS)
def read(request: Request, path: str) -> Response:
    """Search and retrieve; ``path`` may start with MONAI Label's 'wado/' or 'qido/'."""
    return _forward(request, _RESOURCE, path)


@router.post("/proxy/dicom/{path:path}", dependencies=FOR_ANNOTATORS)
def store(request: Request, path: str, body: Annotated[bytes, Body()] = b"") -> Response:
    """Store instances; ``path`` may start with MONAI Label's 'stow/'."""
    return _forward(request, _STORE, path, body)


def _forward(request: Request, allowed: re.Pattern[str], path: str, body: bytes = b"") -> Response:
    server = settings.MONAI_LABEL_STUDIES
    if not server.startswith(("http://", "https://")):
        raise HTTPException(404, "there is no PACS behind this server")
    kind, _, rest = path.partition("/")
    kind, resource = (kind, rest) if kind in ("wado", "qido", "stow") else ("", path)
    if not allowed.fullmatch(resource):
        raise RequestError("path", "is not a DICOMweb resource", "ask for studies, series or instances")
    access = access_to(server, settings)
    with errors_of(access.url):
        answer = open_session(access).request(
            request.method,
            access.address(_prefix(access, kind, resource), resource),
            params=request.url.query,
            data=body,
            headers={name: request.headers[name] for name in _PASSED_ON if name in request.headers},
            allow_redirects=False,
        )
    return _passed_back(answer, access.url)


def _passed_back(answer: requests.Response, url: str) -> Response:
    kind = answer.headers.get("content-type")
    plain = (kind or "").partition(";")[0].strip().lower()
    if answer.content and not _KIND.fullmatch(plain):
        if not answer.ok:
            raise HTTPException(answer.status_code, str(refusal(url, answer)))
        raise PacsError(
            url, f"the answer is {plain or 'without a type'}, which is not a DICOMweb type", "check the address"
        )
    return Response(answer.content, answer.status_code, media_type=kind, headers=_HEADERS)


def _prefix(access: PacsAccess, kind: str, resource: str) -> str | None:
    prefixes = {"wado": access.wado_prefix, "qido": access.qido_prefix, "stow": access.stow_prefix}
    # Some versions of OHIF ask for metadata where they search.
    return prefixes.get("wado" if kind == "qido" and resource.endswith("metadata") else kind)
