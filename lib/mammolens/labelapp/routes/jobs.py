"""`/mammolens/jobs`: request learning jobs, follow, stop and resume them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from monailabel.config import RBAC_ADMIN, RBAC_USER
from pydantic import Field

from mammolens.labelapp.keys import LearningKind
from mammolens.labelapp.parameters import RecalibrateParameters, TrainParameters
from mammolens.labelapp.responses.learning import JobDetail, JobList
from mammolens.labelapp.routes.dependencies import FOR_USERS, FRESH, CurrentAdmin, QueueDep, ReadinessDep

router = APIRouter(prefix="/mammolens/jobs", tags=["Learning"], dependencies=[FRESH])


class TrainJob(TrainParameters):
    """Train on the eligible normals."""

    kind: Literal[LearningKind.TRAIN]


class RecalibrateJob(RecalibrateParameters):
    """Calibrate the serving model on the eligible normals, without training."""

    kind: Literal[LearningKind.RECALIBRATE]


Wanted = Annotated[TrainJob | RecalibrateJob, Field(discriminator="kind")]


@router.post("", summary=f"{RBAC_ADMIN}Request a learning job", status_code=202)
def ask(wanted: Wanted, user: CurrentAdmin, queue: QueueDep) -> JobDetail:
    """It waits in the queue until those before it are over."""
    parameters = wanted.model_dump(mode="json", exclude={"kind"}, exclude_unset=True)
    return queue.detail(queue.ask(wanted.kind, parameters, user.username))


@router.get("", summary=f"{RBAC_USER}Learning jobs, the newest first", dependencies=FOR_USERS)
def all_jobs(queue: QueueDep, readiness: ReadinessDep) -> JobList:
    """At most 50; which one runs, and which wait; and why another would be refused."""
    return queue.details().model_copy(update={"missing": readiness.missing()})


@router.get("/{job}", summary=f"{RBAC_USER}One learning job", dependencies=FOR_USERS)
def one_job(job: str, queue: QueueDep) -> JobDetail:
    """Its state, its outcome or error, and the last lines of its log."""
    return queue.detail(queue.get(job))


@router.delete("/{job}", summary=f"{RBAC_ADMIN}Stop a learning job, or take it from the queue")
def stop(job: str, user: CurrentAdmin, queue: QueueDep) -> JobDetail:
    """The serving model is not affected."""
    return queue.detail(queue.stop(job, user.username))


@router.post("/{job}/resume", summary=f"{RBAC_ADMIN}Resume a stopped or failed learning job")
def resume(job: str, user: CurrentAdmin, queue: QueueDep) -> JobDetail:
    """It is queued again; a training continues from its last epoch."""
    return queue.detail(queue.resume(job, user.username))
