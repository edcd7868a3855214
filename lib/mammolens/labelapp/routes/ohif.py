"""`/ohif/...`: the viewer that MONAI Label brings along, started with our configuration.

OHIF needs no build for a mode of its own: its `app-config.js` may set a function that gives extension and mode as
objects. Ours loads them from the ES modules in `browser/ohif/`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import monailabel.endpoints
from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse, RedirectResponse, Response
from monailabel.config import settings
from monailabel.endpoints.user.auth import RBAC

from mammolens import RESEARCH_USE_ONLY

VIEWER = Path(monailabel.endpoints.__file__).parent / "static" / "ohif"
_CONFIGURATION = """window.config = async context =>
  (await import('/mammolens/browser/ohif/mode.js')).configuration(context, %s);
"""
_NAMED_BY_CONTENT = re.compile(r"[0-9a-f]{20}\.(js|wasm)$")
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN = {"Cache-Control": "no-cache"}

router = APIRouter(include_in_schema=False, dependencies=[Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER))])


@router.get("/ohif/app-config.js")
def configuration() -> Response:
    """What OHIF's page loads first; it replaces the one in the wheel."""
    script = _CONFIGURATION % json.dumps({"pacs": _has_pacs(), "notice": RESEARCH_USE_ONLY})
    return Response(script, media_type="text/javascript", headers=_ASK_AGAIN)


@router.get("/ohif")
@router.get("/ohif/{path:path}")
def viewer(path: str = "") -> Response:
    """A file of OHIF, or its page for an address that OHIF itself understands.

    Its own list of studies asks a PACS; without one, the start page has the worklist.
    """
    if not path and not _has_pacs():
        return RedirectResponse("/")
    file = (VIEWER / path).resolve()
    if not (file.is_relative_to(VIEWER.resolve()) and file.is_file()):
        file = VIEWER / "index.html"
    return FileResponse(file, headers=_FOR_EVER if _NAMED_BY_CONTENT.search(file.name) else _ASK_AGAIN)


def _has_pacs() -> bool:
    studies: str = settings.MONAI_LABEL_STUDIES
    return studies.startswith(("http://", "https://"))
