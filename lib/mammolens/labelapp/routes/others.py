"""Log and reload, in place of MONAI Label's own, which load scripts of other sites or require no role."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections import deque
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import PlainTextResponse, Response
from monailabel.config import RBAC_ADMIN, settings
from monailabel.interfaces.utils.app import app_instance, clear_cache

from mammolens.labelapp.routes.dependencies import FOR_ADMINS, TEXT

router = APIRouter(tags=["Others"])
_reloading = threading.Lock()


@router.get("/logs/", summary=f"{RBAC_ADMIN}Get Logs", dependencies=FOR_ADMINS, response_class=Response, responses=TEXT)
def last_lines(lines: int = 300) -> PlainTextResponse:
    """The last lines of the server's log, as text."""
    path = Path(settings.MONAI_LABEL_APP_DIR) / "logs" / "app.log"
    if not path.is_file():
        raise HTTPException(404, "there is no log yet")
    with path.open(encoding="utf-8", errors="replace") as log:
        return PlainTextResponse("".join(deque(log, maxlen=max(1, min(lines, 100_000)))))


@router.get(
    "/logs/gpu",
    summary=f"{RBAC_ADMIN}Get GPU Info (nvidia-smi)",
    dependencies=FOR_ADMINS,
    response_class=Response,
    responses=TEXT,
)
def gpu() -> PlainTextResponse:
    """What nvidia-smi says."""
    program = shutil.which("nvidia-smi")
    if program is None:
        raise HTTPException(404, "there is no nvidia-smi on this machine")
    return PlainTextResponse(subprocess.run([program], capture_output=True, text=True, timeout=30, check=False).stdout)


@router.post("/reload", include_in_schema=False, dependencies=FOR_ADMINS)
def reload() -> dict[str, str]:
    """Rebuild the app from the same folder, studies and settings."""
    with _reloading:
        clear_cache()
        app = app_instance()
        app.server_mode(True)
    return {}
