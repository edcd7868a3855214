"""`mammolens serve --config FILE --check`: options from a file, and whether the server would start."""

from __future__ import annotations

import json
import os
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

import pytest
from topology.ports import free_port

from mammolens.cli import server_check
from mammolens.labelapp import settings
from mammolens.labelapp.dimse_settings import DESTINATION_PAIRS, LISTENER_PAIRS
from mammolens.labelapp.settings import ServerSettings
from mammolens.labelapp.webhook_settings import WEBHOOK_PAIRS

from ..labelapp.pacs.fake_pacs import FakePacs, served

pytestmark = pytest.mark.usefixtures("shipped_models_are_well")  # the doctor's tests and their own try them


@pytest.fixture
def write(tmp_path: Path):
    """Write a file of settings that are good, but for those that are given."""
    (tmp_path / "studies").mkdir()

    def written(*lines: str, studies: str | None = None) -> Path:
        good = [f"studies: {studies or tmp_path / 'studies'}", f"app: {tmp_path / 'app'}", f"port: {free_port()}"]
        stated = {line.partition(":")[0] for line in lines}
        path = tmp_path / "server.yaml"
        path.write_text("\n".join([*(line for line in good if line.partition(":")[0] not in stated), *lines]))
        return path

    return written


@pytest.fixture
def settings_are_checked_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the child process, which would spend seconds on imports in each of these tests."""

    def run(command: list[str], *, input: str, env: dict[str, str], **_: object) -> CompletedProcess[str]:  # noqa: A002
        assert command[1:] == ["-m", settings.__name__]
        with patch.dict(os.environ, env, clear=True):
            return CompletedProcess(command, 0, json.dumps(settings._checked(json.loads(input))))

    monkeypatch.setattr(server_check.subprocess, "run", run)


def said(result) -> str:
    """What the command printed, without the breaks of its table."""
    return " ".join((result.stdout + result.stderr).split())


@pytest.mark.slow
def test_a_file_is_checked_whole_and_nothing_is_started_or_made(mammolens, write, tmp_path):
    port = free_port()
    lines = ["retrain_at: 02:00", "results: [segmentation, report]", "conf:", f"  dimse_port: {port}"]
    result = mammolens("serve", "--config", write(*lines), "--check")
    assert result.exit_code == 0, result.stdout
    assert f"dimse_port={port}, results=segmentation,report, retrain_at=02:00" in said(result)
    assert f"DIMSE port {port} ok is free on 127.0.0.1, no TLS" in said(result)
    assert "taken as well" in said(result)  # the models are asked for, too
    assert "everything required works" in said(result)
    assert not (tmp_path / "app").exists()


@pytest.mark.usefixtures("settings_are_checked_here")
@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["retrain_at: 25:00"], "'25:00' is not a time of day"),
        (["conf:", "  held_out_share: 2"], "held_out_share"),
        (["studies: /nowhere/at/all"], "is not a folder"),
        (["studies: http://reader:secret@localhost/dicom-web"], "contains a user name or password"),
    ],
)
def test_what_keeps_the_server_from_starting_is_named_and_the_code_is_one(mammolens, write, lines, reason):
    result = mammolens("serve", "--config", write(*lines), "--check")
    assert result.exit_code == 1
    assert reason in said(result)


@pytest.mark.usefixtures("settings_are_checked_here")
def test_an_unknown_setting_is_a_warning(mammolens, write):
    result = mammolens("serve", "--config", write("conf:", "  infer_queu: 64"), "--check")
    assert result.exit_code == 0
    assert "infer_queu warning is not a setting of MammoLens" in said(result)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("prot: 8000", "prot: is not an option of mammolens serve; did you mean 'port'?"),
        ("port: {a: b}", "give one value, or a list"),
        ("conf: [a, b]", "give 'name: value' lines below it"),
        ("port: [", "is not valid YAML"),
        ("just text", "has no 'option: value' lines"),
        ("port: many", "--port"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_usage_error(mammolens, tmp_path, text, reason):
    (tmp_path / "server.yaml").write_text(text)
    result = mammolens("serve", tmp_path, "--config", tmp_path / "server.yaml", "--check")
    assert result.exit_code == 2
    assert "".join(reason.split()) in "".join(said(result).replace("│", " ").split())


@pytest.mark.usefixtures("settings_are_checked_here")
def test_what_is_typed_goes_before_a_variable_and_a_variable_before_the_file(mammolens, write, monkeypatch):
    typed, stated, varied = (free_port() for _ in range(3))
    monkeypatch.setenv("MAMMOLENS_SERVE_DRIFT_WINDOW", "200")
    file = write(f"port: {stated}")
    assert f"port {typed}" in said(mammolens("serve", "--config", file, "--port", typed, "--check"))
    result = mammolens("serve", "--config", file, "--check")
    assert f"port {stated}" in said(result)
    assert "drift_window=200" in said(result)
    monkeypatch.setenv("MAMMOLENS_SERVE_PORT", str(varied))
    assert f"port {varied}" in said(mammolens("serve", "--config", file, "--check"))


@pytest.mark.slow
@pytest.mark.usefixtures("settings_are_checked_here")
def test_a_pacs_that_does_not_answer_is_a_failure_and_one_that_does_is_counted(mammolens, write):
    with served(FakePacs()) as pacs:
        result = mammolens("serve", "--config", write(studies=pacs.url), "--check")
        assert result.exit_code == 0, result.stdout
    result = mammolens("serve", "--config", write(studies=f"http://127.0.0.1:{free_port()}/dicom-web"), "--check")
    assert result.exit_code == 1


@pytest.mark.usefixtures("settings_are_checked_here")
def test_every_setting_can_be_stated_in_a_file(mammolens, write):
    """Those that are not options by ``conf``; an empty value is as good as none."""
    several = {"result_policy", "dimse_listener", "dimse_destination", "webhook"}  # each made of several settings
    names = [one for one in ServerSettings.__dataclass_fields__ if one not in several] + sorted(
        LISTENER_PAIRS | DESTINATION_PAIRS | WEBHOOK_PAIRS
    )
    result = mammolens("serve", "--config", write("conf:", *(f"  {name}: ''" for name in names)), "--check")
    assert result.exit_code == 0, result.stdout
    assert "warning" not in result.stdout
