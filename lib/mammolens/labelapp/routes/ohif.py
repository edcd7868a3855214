"""`/ohif/...`: the viewer that MONAI Label brings along, started with our configuration.

OHIF needs no build for a mode of its own: its `app-config.js` may set a function that gives extension and mode as
objects. Ours loads them from the ES modules in `browser/ohif/`.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Final

import monailabel.endpoints
from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from monailabel.config import settings
from monailabel.endpoints.user.auth import RBAC

from mammolens import RESEARCH_USE_ONLY
from mammolens.errors import RequestError
from mammolens.labelapp.routes.response_headers import CSP, inline_scripts

VIEWER = Path(monailabel.endpoints.__file__).parent / "static" / "ohif"
_CONFIGURATION = """window.config = async context =>
  (await import('/mammolens/browser/ohif/mode.js')).configuration(context, %s);
"""
_MANIFEST = re.compile(r"/mammolens/(reader-studies/[a-z0-9_-]+/)?exams/[A-Za-z0-9-]+/ohif\.json")
_FOREIGN = re.compile(r'<link [^>]*href="https?://[^>]*>|@import url\("?https?://[^)]*\);?')  # fonts of Google's
_TEXTS: Final = {".html": "text/html", ".css": "text/css"}
# OHIF decodes in workers that it makes of blobs, with WebAssembly, writes styles into its elements, and has a library
# (ndarray) that compiles functions of text.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' blob: {scripts}; worker-src 'self' blob:; "
    "connect-src 'self' blob: data:; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NAMED_BY_CONTENT = re.compile(r"[0-9a-f]{20}\.(js|wasm)$")
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False, dependencies=[Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER))])


@router.get("/ohif/app-config.js")
def configuration() -> Response:
    """What OHIF's page loads first; it replaces the one in the wheel."""
    script = _CONFIGURATION % json.dumps({"pacs": _has_pacs(), "notice": RESEARCH_USE_ONLY})
    return Response(script, media_type="text/javascript", headers={CSP: _policy(), **_ASK_AGAIN})


@router.get("/ohif")
@router.get("/ohif/{path:path}")
def viewer(request: Request, path: str = "") -> Response:
    """A file of OHIF, or its page for an address that OHIF itself understands.

    Its own list of studies asks a PACS; without one, the start page has the worklist. OHIF loads whatever ``url``
    names as the exam's images; only manifests of this server are let through.

    Raises:
        RequestError: ``url`` is something else.
    """
    for name, value in request.query_params.multi_items():
        if name.lower() == "url" and not _MANIFEST.fullmatch(value):
            raise RequestError("url", "is not an exam manifest of this server", "open the exam from the worklist")
    if not path and not _has_pacs():
        return RedirectResponse("/")
    file = (VIEWER / path).resolve()
    if not (file.is_relative_to(VIEWER.resolve()) and file.is_file()):
        file = VIEWER / "index.html"
    headers = {CSP: _policy(), **(_FOR_EVER if _NAMED_BY_CONTENT.search(file.name) else _ASK_AGAIN)}
    if file.suffix in _TEXTS:
        return Response(_own_text(file), media_type=_TEXTS[file.suffix], headers=headers)
    return FileResponse(file, headers=headers)


@cache
def _own_text(file: Path) -> str:
    """A page or a style sheet of OHIF that asks no other server."""
    return _FOREIGN.sub("", file.read_text(encoding="utf-8"))


@cache
def _policy() -> str:
    """What OHIF may load; of inline scripts those of its page."""
    return _POLICY.format(scripts=inline_scripts(_own_text(VIEWER / "index.html")))


def _has_pacs() -> bool:
    studies: str = settings.MONAI_LABEL_STUDIES
    return studies.startswith(("http://", "https://"))
