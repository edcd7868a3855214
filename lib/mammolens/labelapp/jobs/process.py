"""The process that does a job, as the server sees it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from typing import Protocol

from mammolens.labelapp.jobs.files import JobFiles
from mammolens.labelapp.jobs.job import Job
from mammolens.labelapp.jobs.worker import THREADS

_log = logging.getLogger(__name__)
_LONGEST_GOODBYE_S = 5.0
_POOLS = (THREADS, "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")


class Learner(Protocol):
    """A process that learns."""

    def ended(self) -> int | None:
        """Its exit code, negative for a signal; ``None`` while it runs."""

    def stop(self) -> None:
        """End it, and wait until it has ended."""


class Launch(Protocol):
    """What starts one."""

    def __call__(self, files: JobFiles, job: Job) -> Learner:
        """Start it; the job is saved as running."""


class LearnerProcess:
    """Runs :mod:`mammolens.labelapp.jobs.worker`; what it prints goes into the server's log.

    Args:
        files: of the jobs.
        job: to do.
        threads: how many it may use.
    """

    def __init__(self, files: JobFiles, job: Job, threads: int) -> None:
        command = [sys.executable, "-m", "mammolens.labelapp.jobs.worker", str(files.root.resolve()), job.job]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # never written to: it ends when this server does, and so does the worker
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(threads),
            start_new_session=True,  # Ctrl-C is for the server; a job that it ended would count as a crash
        )
        self._reader = threading.Thread(target=self._pass_on, name=job.job, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ended(self) -> int | None:
        """Its exit code, negative for a signal; ``None`` while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """SIGTERM, which it does not resist, as all it writes is whole; SIGKILL where it hangs."""
        self._process.terminate()
        try:
            self._process.wait(_LONGEST_GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _pass_on(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            _log.info("%s", line.decode(errors="replace").rstrip())


def launching(threads: int) -> Launch:
    """What starts the process of a job."""

    def launch(files: JobFiles, job: Job) -> Learner:
        return LearnerProcess(files, job, threads)

    return launch


def _environment(threads: int) -> dict[str, str]:
    limits = dict.fromkeys(_POOLS, str(threads))
    return {**os.environ, **limits, "MONAI_LABEL_DATASTORE_AUTO_RELOAD": "false"}
