"""`/mammolens/drift`: whether the model that serves still speaks of the exams that come."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from monailabel.config import RBAC_USER, settings
from monailabel.endpoints.user.auth import RBAC
from monailabel.interfaces.utils.app import app_instance

from mammolens.labelapp.responses.learning import DriftDetail
from mammolens.labelapp.routes.dependencies import ERRORS, FRESH

router = APIRouter(prefix="/mammolens", tags=["Learning"], dependencies=[FRESH], responses=ERRORS)


@router.get(
    "/drift",
    summary=f"{RBAC_USER}Whether machines, software or scores have changed",
    dependencies=[Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER))],
)
def drift() -> DriftDetail:
    """The last exams against the calibration: alarms with their cause, machines, software, p-values."""
    told: DriftDetail = app_instance().drift_watch.detail()
    return told
