"""Every error as one clear line with a fitting status, never a stack trace: JSON, or a page where a browser logs in."""

from __future__ import annotations

import errno
import logging
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from monailabel.config import settings
from monailabel.interfaces.exception import MONAILabelError, MONAILabelException

from mammolens.errors import (
    ConfigError,
    DatasetError,
    InputError,
    LedgerError,
    MammoLensError,
    ModelError,
    PacsError,
    StorageError,
    UnknownImageError,
    UnknownJobError,
    UnknownStudyError,
)
from mammolens.labelapp.responses.base import ErrorDetail
from mammolens.labelapp.routes.browser_session import wants_page
from mammolens.labelapp.routes.openid_logins import LoginFailed
from mammolens.labelapp.routes.site_pages import login_failed_page

_NOT_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS}
_log = logging.getLogger(__name__)
_STATUS: tuple[tuple[type[MammoLensError], int], ...] = (
    (UnknownImageError, 404),
    (UnknownStudyError, 404),
    (UnknownJobError, 404),
    (InputError, 422),
    (DatasetError, 409),
    (ModelError, 503),
    (PacsError, 503),
    (LedgerError, 503),
    (ConfigError, 503),
    (StorageError, 507),
    (MammoLensError, 400),
)


ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": ErrorDetail, "description": "Refused, with reason and remedy"},
    "5XX": {"model": ErrorDetail, "description": "The PACS, the ledger or the model cannot answer"},
}
"""How every route refuses, for its documentation; in place of FastAPI's 422, whose form no answer has."""


def status_of(error: MammoLensError) -> int:
    """HTTP status of one of our errors."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def add_error_responses(app: FastAPI) -> None:
    """Register the handlers; the middleware stack must be rebuilt afterwards."""
    handlers: dict[type[Exception], Callable[[Request, Exception], JSONResponse]] = {
        MammoLensError: _ours,
        MONAILabelException: _monai_labels,
        RequestValidationError: _not_as_documented,
        TimeoutError: _too_slow,
        OSError: _not_written,
        Exception: _unexpected,
    }
    app.exception_handlers.update(handlers)
    app.exception_handlers[LoginFailed] = _login_failed


def _ours(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MammoLensError)
    _log.warning("refused: %s", error)
    return JSONResponse({"detail": without_folders(str(error))}, status_of(error))


def _monai_labels(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, MONAILabelException)
    _log.warning("refused: %s %s", error.error, error.msg)
    status = 400 if error.error is MONAILabelError.INVALID_INPUT else 500
    return JSONResponse({"detail": without_folders(str(error.msg))}, status)


async def _login_failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, LoginFailed)
    if wants_page(request.scope, request.headers):
        return login_failed_page(request, str(error.detail), error.status_code)
    return await http_exception_handler(request, error)


def _not_as_documented(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    malformed = first["type"] in ("json_invalid", "json_type")
    return JSONResponse({"detail": f"{where}: {first['msg']}; see /openapi.json"}, 400 if malformed else 422)


def _too_slow(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "the model took longer than MONAI_LABEL_INFER_TIMEOUT; try again"}, 504)


def _not_written(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OSError)
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if error.errno not in _NOT_WRITTEN:
        return _unexpected(request, error)
    reason = f"cannot write ({os.strerror(error.errno)}); free some space, or correct the permissions of its folders"
    return JSONResponse({"detail": f"the server: {reason}"}, 507)


def without_folders(text: str) -> str:
    """A text without folders of the server: paths are relative to the studies, the app and the like."""
    folders = [settings.MONAI_LABEL_STUDIES, settings.MONAI_LABEL_APP_DIR, str(Path(__file__).parents[2])]
    folders += [settings.MONAI_LABEL_DICOMWEB_CACHE_PATH, tempfile.gettempdir(), str(Path.cwd()), str(Path.home())]
    for folder in sorted({*folders, *map(os.path.realpath, folders)}, key=len, reverse=True):
        if folder.startswith("/") and folder.strip("/"):
            text = re.sub(rf"(?<![\w./-]){re.escape(folder.rstrip('/'))}(?:/|(?![\w.-]))", "", text)
    return text


def _unexpected(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "unexpected error; the server's log has the details"}, 500)
