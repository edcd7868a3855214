"""`/mammolens/jobs`: ask for learning jobs, follow, stop and go on with them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from monailabel.config import RBAC_ADMIN, RBAC_USER, settings
from monailabel.endpoints.user.auth import RBAC, User
from monailabel.interfaces.utils.app import app_instance
from pydantic import Field

from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.learning.job import Job
from mammolens.labelapp.learning.queue import LearningQueue
from mammolens.labelapp.parameters import RecalibrateParameters, TrainParameters

router = APIRouter(prefix="/mammolens/jobs", tags=["Learning"])
_reads = [Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER))]
Admin = Annotated[User, Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_ADMIN))]
_FRESH = {"Cache-Control": "no-store"}


class TrainJob(TrainParameters):
    """Learn anew from the accepted normals."""

    kind: Literal[LearningKind.TRAIN]


class RecalibrateJob(RecalibrateParameters):
    """Calibrate the serving model on the accepted normals, without learning."""

    kind: Literal[LearningKind.RECALIBRATE]


Wanted = Annotated[TrainJob | RecalibrateJob, Field(discriminator="kind")]


@router.post("", summary=f"{RBAC_ADMIN}Ask for a learning job", status_code=202)
def ask(wanted: Wanted, user: Admin) -> JSONResponse:
    """It waits in the queue until those before it are over."""
    parameters = wanted.model_dump(mode="json", exclude={"kind"}, exclude_unset=True)
    return _answer(_queue().ask(wanted.kind, parameters, user.username), 202)


@router.get("", summary=f"{RBAC_USER}Learning jobs, the newest first", dependencies=_reads)
def all_jobs() -> JSONResponse:
    """At most 50; which one runs, and which wait."""
    return JSONResponse(_queue().all_as_json(), headers=_FRESH)


@router.get("/{job}", summary=f"{RBAC_USER}One learning job", dependencies=_reads)
def one_job(job: str) -> JSONResponse:
    """How it stands, its outcome or its error, and its last lines."""
    return _answer(_queue().get(job))


@router.delete("/{job}", summary=f"{RBAC_ADMIN}Stop a learning job, or take it from the queue")
def stop(job: str, user: Admin) -> JSONResponse:
    """The model that serves goes on serving."""
    return _answer(_queue().stop(job, user.username))


@router.post("/{job}/resume", summary=f"{RBAC_ADMIN}Go on with a stopped or failed learning job")
def resume(job: str, user: Admin) -> JSONResponse:
    """It is queued again; a training goes on from its last epoch."""
    return _answer(_queue().resume(job, user.username))


def _queue() -> LearningQueue:
    queue: LearningQueue = app_instance().learning
    return queue


def _answer(job: Job, status: int = 200) -> JSONResponse:
    return JSONResponse(_queue().as_json(job), status, headers=_FRESH)
