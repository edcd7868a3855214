"""deploy/mammolens.service: systemd understands it, and what it starts is a command of ours."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

from mammolens.cli import server_process
from mammolens.cli.main import app

SERVICE = Path(__file__).parents[2] / "deploy" / "mammolens.service"


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt-get install systemd"
)
def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    program = tmp_path / "mammolens"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / SERVICE.name
    unit.write_text(SERVICE.read_text().replace("/opt/mammolens/bin/mammolens", str(program)))  # which must exist
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert SERVICE.name not in done.stderr  # what it says of other units is not ours


@pytest.mark.parametrize("key", ["ExecStartPre", "ExecStart"])
def test_what_it_runs_is_understood(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = _unit()
    (tmp_path / "server.yaml").write_text("studies: studies")
    program, command, *arguments = shlex.split(unit["Service"][key].replace("/etc/mammolens", str(tmp_path)))
    assert program == "/opt/mammolens/bin/mammolens"
    found = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    assert found.make_context(command, arguments).params["studies"] == "studies"


def test_it_waits_for_inference_that_runs_and_lets_serve_end_its_server() -> None:
    inference = 30.0  # of an exam of four views on two cores
    assert inference < server_process.LONGEST_STOP_S < float(_unit()["Service"]["TimeoutStopSec"])


def _unit() -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(SERVICE)
    return unit
