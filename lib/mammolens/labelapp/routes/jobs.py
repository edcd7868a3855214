"""`/mammolens/jobs`: ask for learning jobs, follow, stop and go on with them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from monailabel.config import RBAC_ADMIN, RBAC_USER, settings
from monailabel.endpoints.user.auth import RBAC, User
from monailabel.interfaces.utils.app import app_instance
from pydantic import Field

from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.learning.queue import LearningQueue
from mammolens.labelapp.parameters import RecalibrateParameters, TrainParameters
from mammolens.labelapp.responses.learning import JobDetail, JobList
from mammolens.labelapp.routes.dependencies import ERRORS, FRESH

router = APIRouter(prefix="/mammolens/jobs", tags=["Learning"], dependencies=[FRESH], responses=ERRORS)
_reads = [Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_USER))]
Admin = Annotated[User, Depends(RBAC(settings.MONAI_LABEL_AUTH_ROLE_ADMIN))]


class TrainJob(TrainParameters):
    """Learn anew from the accepted normals."""

    kind: Literal[LearningKind.TRAIN]


class RecalibrateJob(RecalibrateParameters):
    """Calibrate the serving model on the accepted normals, without learning."""

    kind: Literal[LearningKind.RECALIBRATE]


Wanted = Annotated[TrainJob | RecalibrateJob, Field(discriminator="kind")]


@router.post("", summary=f"{RBAC_ADMIN}Ask for a learning job", status_code=202)
def ask(wanted: Wanted, user: Admin) -> JobDetail:
    """It waits in the queue until those before it are over."""
    parameters = wanted.model_dump(mode="json", exclude={"kind"}, exclude_unset=True)
    queue = _queue()
    return queue.detail(queue.ask(wanted.kind, parameters, user.username))


@router.get("", summary=f"{RBAC_USER}Learning jobs, the newest first", dependencies=_reads)
def all_jobs() -> JobList:
    """At most 50; which one runs, and which wait."""
    return _queue().details()


@router.get("/{job}", summary=f"{RBAC_USER}One learning job", dependencies=_reads)
def one_job(job: str) -> JobDetail:
    """How it stands, its outcome or its error, and its last lines."""
    queue = _queue()
    return queue.detail(queue.get(job))


@router.delete("/{job}", summary=f"{RBAC_ADMIN}Stop a learning job, or take it from the queue")
def stop(job: str, user: Admin) -> JobDetail:
    """The model that serves goes on serving."""
    queue = _queue()
    return queue.detail(queue.stop(job, user.username))


@router.post("/{job}/resume", summary=f"{RBAC_ADMIN}Go on with a stopped or failed learning job")
def resume(job: str, user: Admin) -> JobDetail:
    """It is queued again; a training goes on from its last epoch."""
    queue = _queue()
    return queue.detail(queue.resume(job, user.username))


def _queue() -> LearningQueue:
    queue: LearningQueue = app_instance().learning
    return queue
