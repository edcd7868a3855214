"""`/`: the worklist as a page, of files of ours alone."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from mammolens import RESEARCH_USE_ONLY

router = APIRouter(include_in_schema=False)
_PAGES = Path(__file__).parent / "pages"
_PAGE = "worklist.html"
_TYPES = {"worklist.js": "text/javascript", "worklist.css": "text/css"}  # nothing else is served
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@router.get("/")
def start_page() -> HTMLResponse:
    """The worklist; it holds no data itself, its script asks for them as every client does."""
    page = (_PAGES / _PAGE).read_text(encoding="utf-8")
    return HTMLResponse(page.replace("{{ notice }}", RESEARCH_USE_ONLY), headers=_HEADERS)


@router.get("/mammolens/pages/{name}")
def part_of_the_page(name: str) -> Response:
    """Its script or its style sheet."""
    if name not in _TYPES:
        raise HTTPException(404, "there is no such page; open /")
    return Response((_PAGES / name).read_bytes(), media_type=_TYPES[name], headers=_HEADERS)
