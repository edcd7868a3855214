"""`/train`: the learning jobs as MONAI Label's clients know them.

They replace MONAI Label's own routes, whose tasks are lost at a restart; paths, rights and answers are the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException
from fastapi.concurrency import run_in_threadpool
from monailabel.config import RBAC_ADMIN, RBAC_USER

from mammolens.errors import RequestError
from mammolens.labelapp.jobs.job import Job
from mammolens.labelapp.jobs.queue import LearningQueue
from mammolens.labelapp.keys import TASK, LearningKind, RequestKey
from mammolens.labelapp.parameters import TrainParameters, parse
from mammolens.labelapp.responses.learning import JobState
from mammolens.labelapp.routes.dependencies import FOR_USERS, CurrentAdmin, QueueDep, TaskQueueDep

router = APIRouter(prefix="/train", tags=["Train"])
Params = Annotated[dict[str, Any] | None, Body()]
_STATUS = {
    JobState.QUEUED: "SUBMITTED",
    JobState.RUNNING: "RUNNING",
    JobState.STOPPED: "STOPPED",
    JobState.FAILED: "ERROR",
    JobState.DONE: "DONE",
}


@router.get("/", summary=f"{RBAC_USER}Get Status of Training Task", dependencies=FOR_USERS)
def status(queue: QueueDep, all: bool = False, check_if_running: bool = False) -> Any:  # noqa: A002 - MONAI Label's name
    """The newest learning job, all, or the one that runs."""
    if check_if_running:
        if (job := queue.running()) is None:
            raise HTTPException(404, "no learning job runs now")
        return _task(queue, job)
    jobs = queue.all()
    if not jobs:
        raise HTTPException(404, "there is no learning job yet")
    return [_task(queue, job) for job in reversed(jobs)] if all else _task(queue, jobs[0])


@router.post("/", include_in_schema=False)
async def run_all(
    user: CurrentAdmin, queue: QueueDep, waiting: TaskQueueDep, params: Params = None, run_sync: bool = False
) -> dict[str, Any]:
    """There is one."""
    result = await run(TASK, user, queue, waiting, (params or {}).get(TASK), run_sync, enqueue=True)
    return {TASK: {"result": result, "detail": None}}


@router.post("/{model}", summary=f"{RBAC_ADMIN}Run Training Task for specific model")
async def run(
    model: str,
    user: CurrentAdmin,
    queue: QueueDep,
    waiting: TaskQueueDep,
    params: Params = None,
    run_sync: bool = False,
    enqueue: bool = False,
) -> dict[str, Any]:
    """Ask for a training; ``run_sync`` answers when it is over."""
    if model != TASK:
        raise RequestError(f"model {model[:40]!a}", "is not known here", "see /info/ for the names")
    wanted = parse(TrainParameters, params or {}).model_dump(mode="json", exclude_unset=True)

    def asked() -> Job:
        if not enqueue and any(not job.state.is_over for job in queue.all()):
            raise HTTPException(429, "a learning job runs or waits already; add enqueue=true, or stop it")
        return queue.ask(LearningKind.TRAIN, wanted, user.username)

    job = await run_in_threadpool(asked)
    if run_sync:
        job = await waiting.run(lambda: queue.wait(job.job))
    return await run_in_threadpool(_task, queue, job)


@router.delete("/", summary=f"{RBAC_ADMIN}Stop Training Task")
def stop(user: CurrentAdmin, queue: QueueDep) -> dict[str, Any] | None:
    """The one that runs, else the next one that waits; nothing where there is none."""
    found = queue.current()
    return _task(queue, queue.stop(found.job, user.username)) if found else None


def _task(queue: LearningQueue, job: Job) -> dict[str, Any]:
    """A job in MONAI Label's words; its times are of this computer's clock."""
    times = {"start_ts": _local(job.started_at or job.asked_at)}
    if job.ended_at is not None:
        times["end_ts"] = _local(job.ended_at)
    return {
        "id": job.job,
        "status": _STATUS[job.state],
        "request": {RequestKey.MODEL.value: TASK, "kind": job.kind.value, **job.parameters},
        **times,
        "details": queue.detail(job).log,
    }


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
