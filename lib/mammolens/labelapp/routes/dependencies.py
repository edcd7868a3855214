"""What several routes share."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Depends, Response

from mammolens.labelapp.responses.base import ErrorDetail


def _no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


FRESH = Depends(_no_store)
"""Of routes whose answers no cache may keep: they hold a patient's data, or are old in a moment."""

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": ErrorDetail, "description": "Refused, with reason and remedy"},
    "5XX": {"model": ErrorDetail, "description": "The PACS, the ledger or the model cannot answer"},
}
"""How our routes refuse, for their documentation."""
