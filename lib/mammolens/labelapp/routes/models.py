"""`/mammolens/models`, `suspect-normals`, `drift`: model versions, exams left out of training, drift monitoring."""

from __future__ import annotations

from fastapi import APIRouter
from monailabel.config import RBAC_ADMIN, RBAC_USER

from mammolens.labelapp.parameters import ModelDecisionParameters
from mammolens.labelapp.responses.learning import DriftDetail, ModelList, ModelVersion, SuspectNormalList
from mammolens.labelapp.routes.dependencies import (
    FOR_USERS,
    FRESH,
    CurrentAdmin,
    DriftMonitorDep,
    ExamServiceDep,
    ModelVersionsDep,
    SuspectNormalsDep,
)

router = APIRouter(prefix="/mammolens", tags=["Models"], dependencies=[FRESH])


@router.get("/models", summary=f"{RBAC_USER}All versions of the model", dependencies=FOR_USERS)
def models(versions: ModelVersionsDep) -> ModelList:
    """Versions with the gate's results, newest first; which one is in use; the history."""
    return versions.all()


@router.get("/models/{model}", summary=f"{RBAC_USER}One version of the model", dependencies=FOR_USERS)
def one_model(model: str, versions: ModelVersionsDep) -> ModelVersion:
    """A line of the list."""
    return versions.model(model)


@router.post("/models/rollback", summary=f"{RBAC_ADMIN}Use the previous model again")
def rollback(
    user: CurrentAdmin, versions: ModelVersionsDep, wanted: ModelDecisionParameters | None = None
) -> ModelList:
    """Once more, and it is the one before that; kept in the history with who and why."""
    versions.rollback(by=user.username, why=wanted.why if wanted else "")
    return versions.all()


@router.post("/models/{model}/promote", summary=f"{RBAC_ADMIN}Use a version")
def promote(
    model: str, user: CurrentAdmin, versions: ModelVersionsDep, wanted: ModelDecisionParameters | None = None
) -> ModelList:
    """Accept it; `why` is required where the gate has not passed it against the model in use."""
    versions.promote(model, by=user.username, why=wanted.why if wanted else "")
    return versions.all()


@router.post("/models/{model}/refuse", summary=f"{RBAC_ADMIN}Keep the model in use")
def refuse(
    model: str, user: CurrentAdmin, versions: ModelVersionsDep, wanted: ModelDecisionParameters | None = None
) -> ModelList:
    """The version stays, rejected; it can be promoted later."""
    versions.refuse(model, by=user.username, why=wanted.why if wanted else "")
    return versions.all()


@router.get("/suspect-normals", summary=f"{RBAC_USER}Exams with suspected label noise", dependencies=FOR_USERS)
def suspect_normals(suspects: SuspectNormalsDep, service: ExamServiceDep) -> SuspectNormalList:
    """Exams confirmed as normal with an extreme score; not used for training until they are confirmed again."""
    return suspects.all(service.worklist)


@router.get(
    "/drift",
    summary=f"{RBAC_USER}Whether machines, software or scores have changed",
    tags=["Learning"],
    dependencies=FOR_USERS,
)
def drift(monitor: DriftMonitorDep) -> DriftDetail:
    """The last exams against the calibration: alarms with their cause, machines, software, p-values."""
    return monitor.detail()
