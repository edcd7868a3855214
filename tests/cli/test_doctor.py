from __future__ import annotations

import json
import socket
import time
from types import SimpleNamespace

import pytest
from topology.ports import free_port

from ..labelapp.pacs.fake_pacs import FakePacs, served


@pytest.fixture
def healthy(tmp_path):
    """Arguments with which the doctor finds nothing."""
    return ["doctor", "--folder", tmp_path, "--port", free_port()]


@pytest.mark.slow
def test_all_is_well_here(mammolens, healthy):
    result = mammolens(*healthy, "--json")
    assert result.exit_code == 0, result.stdout
    found = json.loads(result.stdout)
    assert found["healthy"] is True
    groups = list(dict.fromkeys(check["group"] for check in found["checks"]))
    assert groups == ["environment", "devices", "decoders", "models", "folders", "ports"]
    assert "everything required works" in result.stderr


@pytest.mark.usefixtures("shipped_models_are_well")
def test_what_is_broken_is_in_the_table_with_its_remedy_and_the_code_is_one(mammolens, tmp_path):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "model").mkdir()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        broken = ("-m", tmp_path / "model", "--folder", tmp_path / "file" / "below", "--port", port)
        result = mammolens("doctor", *broken)
    assert result.exit_code == 1
    assert "3 of" in result.stderr
    assert "checks failed" in result.stderr
    words = " ".join(result.stdout.split())
    for said in (f"port {port}", "in use by another program", "cannot be written to", "Research use only"):
        assert said in words
    assert result.stdout.count("failed") == 3
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


@pytest.mark.slow
@pytest.mark.usefixtures("shipped_models_are_well")
def test_a_pacs_that_answers_is_well_and_one_that_does_not_has_failed(mammolens, healthy, monkeypatch):
    # It is asked several times, with pauses that nobody waits for.
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=lambda _: None, time=time.time))
    with served(FakePacs()) as pacs:
        pacs.add_study("1.2")
        well = json.loads(mammolens(*healthy, "--pacs", pacs.url, "--json").stdout)["checks"][-1]
    assert (well["group"], well["status"], well["detail"]) == ("PACS", "ok", "answers; 1 studies with mammograms")
    result = mammolens(*healthy, "--pacs", pacs.url, "--json")
    assert result.exit_code == 1
    ill = json.loads(result.stdout)["checks"][-1]
    assert (ill["group"], ill["status"]) == ("PACS", "failed")
    assert "the PACS does not answer" in ill["detail"]
    assert ill["remedy"]
