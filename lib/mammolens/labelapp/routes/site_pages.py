"""`/`, `/models` and `/login` as pages for a browser, and the scripts that they and OHIF load."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

import mammolens
from mammolens import RESEARCH_USE_ONLY
from mammolens.labelapp.routes import documentation

router = APIRouter(include_in_schema=False)
BROWSER: Final = Path(mammolens.__file__).parent / "browser"
_TYPES = {".js": "text/javascript", ".css": "text/css"}  # nothing else is served as a file
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}


@router.get("/")
def worklist() -> HTMLResponse:
    """What is to be read."""
    return _page("worklist.html")


@router.get("/models")
def models() -> HTMLResponse:
    """Which model serves, what is learned, and what a person has to say about it."""
    return _page("models.html")


@router.get("/login")
def login() -> HTMLResponse:
    """Where a person with an account of this server logs in and out."""
    return _page("login.html")


@router.get("/mammolens/browser/{folder}/{name}")
def browser_file(folder: str, name: str) -> Response:
    """A script or a style sheet; the addresses mirror the folders, so that relative imports hold in both."""
    file = BROWSER / folder / name
    if file.parent.parent != BROWSER or file.suffix not in _TYPES or not file.is_file():
        raise HTTPException(404, "there is no such file; open /")
    return Response(file.read_bytes(), media_type=_TYPES[file.suffix], headers=_HEADERS)


def login_failed_page(request: Request, reason: str, status: int) -> HTMLResponse:
    """The page shown instead of JSON if a login at a provider fails, at any address."""
    root = "../" * (request.url.path.count("/") - 1)  # relative, as all links of the pages
    page = (BROWSER / "pages" / "login-failed.html").read_text(encoding="utf-8")
    page = page.replace("{{ notice }}", RESEARCH_USE_ONLY).replace("{{ root }}", root or "./")
    page = page.replace("{{ reason }}", html.escape(reason))  # last: what it says is not a template
    return HTMLResponse(page, status, {**_HEADERS, "Cache-Control": "no-store"})


def _page(name: str) -> HTMLResponse:
    """A page holds no data itself, its script asks for them as every client does."""
    page = (BROWSER / "pages" / name).read_text(encoding="utf-8")
    link = '<a href="docs/">Documentation</a> ' if documentation.SITE.is_dir() else ""
    page = page.replace("{{ notice }}", RESEARCH_USE_ONLY).replace("{{ documentation }}", link)
    return HTMLResponse(page, headers=_HEADERS)
