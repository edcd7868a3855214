"""`/docs/`: the website of the documentation, where it was built (`make docs`) or came with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import FileResponse, RedirectResponse, Response
from monailabel.config import settings
from monailabel.endpoints.user.auth import RBAC

import mammolens
from mammolens.labelapp.routes.response_headers import CSP, inline_scripts

SITE: Final = Path(mammolens.__file__).parent / "site"
# Sphinx's theme writes styles into its pages and draws icons from data.
_POLICY = (
    "default-src 'none'; script-src 'self' {scripts}; connect-src 'self'; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False, dependencies=[Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER))])


@router.get("/docs")
def start() -> Response:
    """Relative links need the slash."""
    return RedirectResponse("/docs/")


@router.get("/docs/{path:path}")
def page(path: str) -> Response:
    """A file of the website."""
    file = (SITE / (path or "index.html")).resolve()
    if not SITE.is_dir():
        raise HTTPException(404, "the documentation was not built; run `make docs`, or read it in the repository")
    if not (file.is_relative_to(SITE.resolve()) and file.is_file()):
        raise HTTPException(404, "the documentation has no such page; open /docs/")
    return FileResponse(file, headers={CSP: _policy(file), "Cache-Control": "no-cache"})


@cache
def _policy(file: Path) -> str:
    scripts = inline_scripts(file.read_text(encoding="utf-8")) if file.suffix == ".html" else ""
    return _POLICY.format(scripts=scripts)
