"""How a command ends that a script has put into the background."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import psutil
import pytest
from topology.ports import free_port

from mammolens.training.checkpoint import FILE as CHECKPOINT

from ..patience import PATIENCE_S


@pytest.mark.parametrize("in_background", [False, True])
def test_sigterm_ends_a_command_as_ctrl_c_does(
    start_mammolens, a_config_file, a_tiny_config, phantom_folder, tmp_path, in_background
):
    training = a_tiny_config.training.model_copy(update={"epochs": 10_000, "patience": 10_000})
    a_config_file.write_text(a_tiny_config.model_copy(update={"training": training}).to_yaml())
    arguments = ("train", "-c", a_config_file, "-d", phantom_folder, "-o", tmp_path / "model")
    process = start_mammolens(*arguments, in_background=in_background)
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            if not in_background:
                break
            process.send_signal(signal.SIGINT)
        if line.startswith("epoch 4/"):  # it went on
            break
    process.terminate()
    _, stderr = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "stopped; run the same command with --resume to continue"
    assert (tmp_path / ".model.training" / CHECKPOINT).is_file()


@pytest.mark.parametrize("in_background", [False, True])
def test_ctrl_c_reaches_the_server_of_a_command_only_where_it_reaches_the_command(start_mammolens, in_background):
    process = start_mammolens("web", "--port", free_port(), in_background=in_background)
    assert "Ctrl-C to stop" in process.stderr.readline()
    (page,) = psutil.Process(process.pid).children()
    assert (os.getpgid(page.pid) == os.getpgid(process.pid)) is not in_background
    process.terminate()
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert not page.is_running()


def test_a_command_that_is_killed_leaves_no_server_behind(start_mammolens):
    process = start_mammolens("web", "--port", free_port())
    assert "Ctrl-C to stop" in process.stderr.readline()
    started = psutil.Process(process.pid).children(recursive=True)
    assert started
    process.kill()
    process.communicate(timeout=PATIENCE_S)
    try:
        _, left = psutil.wait_procs(started, timeout=PATIENCE_S / 10)
        assert not left
    finally:
        for orphan in started:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()
