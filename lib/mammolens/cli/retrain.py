"""``mammolens retrain``."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

from mammolens.cli.console import err, is_quiet, one_line_errors, out, say, say_error, say_warning
from mammolens.cli.exit_codes import ExitCode
from mammolens.cli.server_requests import ask
from mammolens.errors import ServerError

_JOBS = "/mammolens/jobs"
_LOOK_S = 0.5
_PATIENCE_S = 60.0  # for a server that is started again
_FAILED = "failed: "  # in the log before the reason, which is also the job's error
_OVER = ("stopped", "failed", "done")
_LEFT = "no longer following; the job continues: see `mammolens retrain --status`, end it with --stop"


def retrain(
    server: Annotated[str, typer.Argument(help="Server address.")] = "http://127.0.0.1:8000",
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Start from new weights instead of those of the model in use.")
    ] = False,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Epochs; by default those of the model in use.", show_default=False)
    ] = None,
    recalibrate: Annotated[
        bool, typer.Option("--recalibrate", help="Only recalibrate the model in use, without training.")
    ] = False,
    wait_for_me: Annotated[bool, typer.Option("--ask", help="Require a person's approval after the gate.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the running job, or else the next queued one.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the last stopped or failed job.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show the jobs without starting one.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the job, or all of them, as JSON.")] = False,
    token: Annotated[
        str | None, typer.Option(envvar="MAMMOLENS_TOKEN", help="Bearer token, if the server requires authentication.")
    ] = None,
) -> None:
    """Have a running server train on the exams accepted as normal, and follow the job.

    The server trains in the background, one job at a time, and uses the new model only if the gate finds it no worse
    (docs/learning.md). Ctrl-C does not stop the job. The exit code is 6 if the new model is rejected.

    Example: mammolens retrain --epochs 20
    """
    with one_line_errors(when_stopped=_LEFT):
        jobs = _Jobs(server, token)
        if status:
            _show(jobs.all(), as_json=as_json)
        elif stop:
            _tell(jobs.stop(), as_json=as_json)
        else:
            wanted: dict[str, Any] = {"ask": True} if wait_for_me else {}
            if recalibrate:
                _check_alone(from_scratch, epochs)
            else:
                wanted |= {"from_scratch": True} if from_scratch else {}
                wanted |= {"epochs": epochs} if epochs else {}
            kind = "recalibrate" if recalibrate else "train"
            if not resume and (missing := jobs.all().get("missing", {}).get(kind)):
                say_warning(f"the new model will not be used: {missing}")
            job = jobs.resume() if resume else jobs.begin(kind, wanted)
            _tell(_followed(jobs, job["job"]), as_json=as_json)


class _Jobs:
    """The learning jobs of a server."""

    def __init__(self, server: str, token: str | None) -> None:
        self._server, self._token = server, token

    def all(self) -> dict[str, Any]:
        return ask(self._server, _JOBS, token=self._token)

    def get(self, name: str) -> dict[str, Any]:
        return ask(self._server, f"{_JOBS}/{name}", token=self._token)

    def begin(self, kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return ask(self._server, _JOBS, method="POST", body={"kind": kind, **parameters}, token=self._token)

    def stop(self) -> dict[str, Any]:
        jobs = self.all()
        name = jobs["running"] or next(iter(jobs["queued"]), None)
        if name is None:
            raise ServerError("--stop", "no job is running or queued", "see --status")
        return ask(self._server, f"{_JOBS}/{name}", method="DELETE", token=self._token)

    def resume(self) -> dict[str, Any]:
        for job in self.all()["jobs"]:
            if job["state"] in ("stopped", "failed"):
                return ask(self._server, f"{_JOBS}/{job['job']}/resume", method="POST", token=self._token)
        raise ServerError("--resume", "there is no stopped or failed job", "see --status")


def _followed(jobs: _Jobs, name: str) -> dict[str, Any]:
    """The job when it is over; meanwhile a bar, and its lines as they come."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    said: list[str] = []
    failures: list[str] = []
    with Progress(*columns, console=err(), disable=is_quiet()) as bar:
        shown = bar.add_task("queued", total=1.0)
        while True:
            job = _patiently(jobs, name)
            new = _new(said, job["log"])
            failures += [line for line in new if _FAILED in line]
            for line in new:
                if _FAILED not in line and not bar.disable:
                    bar.console.print(line, soft_wrap=True)
            said = job["log"]
            if job["state"] in _OVER:
                for line in failures:
                    if job["error"] is None or job["error"] not in " ".join(line.split()):  # which is said at the end
                        bar.console.print(line, soft_wrap=True)
                bar.update(shown, description=job["state"], completed=float(job["state"] == "done"))
                return job
            progress = job["progress"] or {}
            bar.update(
                shown,
                description=progress.get("sentence") or ("queued" if job["state"] == "queued" else "starting"),
                completed=progress.get("share") or 0.0,
            )
            time.sleep(_LOOK_S)


def _patiently(jobs: _Jobs, name: str) -> dict[str, Any]:
    """Keep following when the server is restarted: a running job continues then."""
    ends = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return jobs.get(name)
        except ServerError:
            if time.monotonic() > ends:
                raise
            time.sleep(_LOOK_S)


def _new(before: list[str], now: list[str]) -> list[str]:
    """Lines that were not there before; of a log, the last ones are known."""
    for start in range(len(before) + 1):
        known = before[start:]
        if now[: len(known)] == known:
            return now[len(known) :]
    return now


def _tell(job: dict[str, Any], *, as_json: bool) -> None:
    """How it ended, by words and exit code."""
    if as_json:
        out().print(json.dumps(job, indent=2), soft_wrap=True)
    outcome = job["outcome"] or {}
    if job["state"] == "failed":
        say_error(job["error"])
        raise typer.Exit(ExitCode.SERVER)
    if job["state"] != "done":
        say(f"the job is {job['state']}")
        return
    say(outcome["reason"])
    if not as_json:
        out().print(outcome["model"])
    if not (outcome["serves"] or outcome["waits"]):
        raise typer.Exit(ExitCode.MODEL)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        out().print(json.dumps(answer, indent=2), soft_wrap=True)
        return
    if not answer["jobs"]:
        say("there are no training jobs")
    for job in answer["jobs"]:
        how = (job["progress"] or {}).get("sentence") or job["error"] or (job["outcome"] or {}).get("reason") or ""
        words = f"{job['asked_at'][:16]}  {job['kind']:<11}  {job['state']:<7}  {job['asked_by']}"
        out().print(f"{words}  {how}".rstrip(), soft_wrap=True)


def _check_alone(from_scratch: bool, epochs: int | None) -> None:
    if from_scratch or epochs:
        raise typer.BadParameter("--recalibrate does not train: leave out --from-scratch and --epochs")
