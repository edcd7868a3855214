"""The process of a job, as seen from the server."""

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
_TERMINATE_TIMEOUT_S = 5.0
_POOLS = (THREADS, "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")


class JobProcess(Protocol):
    """The process of a job."""

    def ended(self) -> int | None:
        """Its exit code, negative for a signal; ``None`` while it runs."""

    def stop(self) -> None:
        """End it, and wait until it has ended."""


class Launch(Protocol):
    """Starts the process of a job."""

    def __call__(self, files: JobFiles, job: Job) -> JobProcess:
        """Start it; the job is stored as running."""


class WorkerProcess:
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
        self._reader = threading.Thread(target=self._log_output, name=job.job, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ended(self) -> int | None:
        """Its exit code, negative for a signal; ``None`` while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Send SIGTERM, which is safe as each file is written whole; SIGKILL if it hangs."""
        self._process.terminate()
        try:
            self._process.wait(_TERMINATE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _log_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            _log.info("%s", line.decode(errors="replace").rstrip())


def launcher(threads: int) -> Launch:
    """A function that starts the process of a job with this many threads."""

    def launch(files: JobFiles, job: Job) -> JobProcess:
        return WorkerProcess(files, job, threads)

    return launch


def _environment(threads: int) -> dict[str, str]:
    limits = dict.fromkeys(_POOLS, str(threads))
    return {**os.environ, **limits, "MONAI_LABEL_DATASTORE_AUTO_RELOAD": "false"}
