"""`/mammolens/inference`: inference of all new exams in the background."""

from __future__ import annotations

from fastapi import APIRouter
from monailabel.config import RBAC_USER

from mammolens.labelapp.responses.exams import BackgroundInferenceStatus
from mammolens.labelapp.routes.dependencies import FOR_USERS, FRESH, BackgroundInferenceDep, CurrentUser

router = APIRouter(prefix="/mammolens/inference", tags=["Exams"], dependencies=[FRESH])


@router.get("", summary=f"{RBAC_USER}Background inference of new exams", dependencies=FOR_USERS)
def status(inference: BackgroundInferenceDep) -> BackgroundInferenceStatus:
    """Which exam is being inferred, how many are done, and which failed."""
    return inference.status()


@router.post("", summary=f"{RBAC_USER}Infer all new exams in the background", dependencies=FOR_USERS, status_code=202)
def request(inference: BackgroundInferenceDep) -> BackgroundInferenceStatus:
    """It continues without the client, and after a restart of the server, until no new exam is left."""
    inference.request()
    return inference.status()


@router.delete("", summary=f"{RBAC_USER}Stop background inference")
def stop(user: CurrentUser, inference: BackgroundInferenceDep) -> BackgroundInferenceStatus:
    """The exam in progress is completed; nothing more is inferred until the next request, also after a restart."""
    inference.stop(user.username)
    return inference.status()
