"""`/healthz` and `/readyz`: for programs that start, watch or balance servers; no login, no facts."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from monailabel.interfaces.utils.app import app_instance

from mammolens.labelapp.routes.dependencies import TEXT

HEALTH: Final = "/healthz"
READINESS: Final = "/readyz"

router = APIRouter(tags=["Health"])


@router.get(HEALTH, summary="Is the server up?", response_class=Response, responses=TEXT)
async def health() -> PlainTextResponse:
    """200 as long as the server answers requests; it takes no thread, so that a busy server answers, too."""
    return PlainTextResponse("up")


@router.get(
    READINESS,
    summary="Can the server infer?",
    response_class=Response,
    responses=TEXT | {503: {"description": "No model is in use", "content": {"text/plain": {}}}},
)
def readiness() -> PlainTextResponse:
    """200 if a model is in use, 503 if none is; a PACS that does not answer does not make this server unready."""
    return PlainTextResponse("ready") if app_instance().is_ready() else PlainTextResponse("not ready", 503)
