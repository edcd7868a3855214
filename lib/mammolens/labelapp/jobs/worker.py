"""The process of a job: ``python -m mammolens.labelapp.jobs.worker JOBS JOB``, started by the server.

It ends with the server, whose pipe is its standard input. Its output becomes part of the server's log; the result is
written to the job's files.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

from mammolens.errors import InputError, MammoLensError, UnknownImageError
from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job, JobResult
from mammolens.labelapp.jobs.progress import ProgressWriter
from mammolens.labelapp.keys import RequestKey
from mammolens.training.progress import Observer

_log = logging.getLogger(__name__)
THREADS = "OMP_NUM_THREADS"
_NICENESS = 10
_UNEXPECTED = "the training: ended by an unexpected error; the server's log has the details"
_IMAGE = "an image: cannot be used; the server's log names it"  # a path or an id may name a patient


def main(arguments: list[str]) -> int:
    """Run one job; returns 0 if it has an outcome."""
    files, name = JobFiles(Path(arguments[0])), arguments[1]
    _end_with_the_server()
    _lower_priority()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
    with files.learning():
        result = _result(files, files.get(name))
        files.save_result(name, result)
    return 0 if result.error is None else 1


def _result(files: JobFiles, job: Job) -> JobResult:
    try:
        return JobResult(outcome=_learn(job, _parameters(files, job), ProgressWriter(files, job)))
    except (InputError, UnknownImageError) as error:
        _log.error("failed: %s", error)
        return JobResult(error=_IMAGE)
    except MammoLensError as error:
        _log.error("failed: %s", error)
        return JobResult(error=" ".join(str(error).split()))
    except MemoryError:
        _log.exception("failed")
        return JobResult(error="memory: not enough for the training; give the server more, or use a smaller batch_size")
    except Exception:  # noqa: BLE001 - after any error, the queue must know that the job is over
        _log.exception("failed")
        return JobResult(error=_UNEXPECTED)


def _learn(job: Job, parameters: dict[str, Any], observe: Observer) -> dict[str, Any]:
    import torch
    from monailabel.interfaces.utils.app import app_instance

    torch.set_num_threads(int(os.environ.get(THREADS, "1")))
    outcome: dict[str, Any] = app_instance().learn(job.kind, parameters, observe, job.asked_by)
    return outcome


def _parameters(files: JobFiles, job: Job) -> dict[str, Any]:
    """Of the request; an attempt that is not the first resumes the one before."""
    again = {RequestKey.RESUMED.value: True} if job.attempts > 1 else {}
    return {**job.parameters, **again, RequestKey.WORK_FOLDER.value: str(files.work_folder(job.job))}


def _end_with_the_server() -> None:
    """Leave at once when the server is gone, however it ended: the system closes its end of the pipe."""

    def wait() -> None:
        while os.read(0, 1):  # unbuffered: a buffer's lock would be in the way of leaving
            pass
        os._exit(1)

    threading.Thread(target=wait, name="server", daemon=True).start()


def _lower_priority() -> None:
    """Inference has priority."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
