"""`/mammolens/erasures`: erase what is kept of a patient."""

from __future__ import annotations

from fastapi import APIRouter, Request
from monailabel.config import RBAC_ADMIN
from monailabel.interfaces.utils.app import app_instance

from mammolens.labelapp.exams.erasure import Requester
from mammolens.labelapp.parameters import ErasureParameters
from mammolens.labelapp.responses.erasure import ErasureReport
from mammolens.labelapp.routes.dependencies import FRESH, CurrentAdmin, ErasuresDep
from mammolens.labelapp.routes.request_ids import request_id_of

router = APIRouter(prefix="/mammolens/erasures", tags=["Erasure"], dependencies=[FRESH])


@router.post("", summary=f"{RBAC_ADMIN}Erase the data kept on a patient")
def erase(wanted: ErasureParameters, request: Request, user: CurrentAdmin, erasures: ErasuresDep) -> ErasureReport:
    """Lists what would be erased; with ``confirm``, erases it. Originals of the folder or the PACS stay."""
    whose = {"patient": wanted.patient, "exam": wanted.exam}
    if not wanted.confirm:
        return erasures.listed(**whose)
    address = request.client.host if request.client else ""
    requester = Requester(
        user.username or "", tuple(user.roles or ()), address, wanted.reason, request_id_of(request.scope)
    )
    report = erasures.carry_out(requester, **whose)
    app_instance().removals.erasures.inc()
    return report
