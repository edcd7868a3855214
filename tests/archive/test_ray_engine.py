"""Two Ray nodes on this computer, of which one is killed."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.ray_engine import ray_engine
from mammolens.archive.score import index_archive, score_archive
from mammolens.archive.sources import open_archive
from mammolens.errors import ConfigError

from ..patience import PATIENCE_S, end
from .engines import OneByOne

SCRIPT = Path(__file__).with_name("two_ray_nodes.py")
# Ray gives up on what a busy computer may take long for, starves its workers, and kills them if memory is short. Unless
# clusters are "disabled", it takes another address than that of the loopback; two nodes on it work all the same.
SURROUNDINGS = {
    "RAY_agent_register_timeout_ms": str(int(1000 * PATIENCE_S)),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_health_check_timeout_ms": str(int(1000 * PATIENCE_S)),
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_worker_niceness": "0",
    "RAY_worker_register_timeout_seconds": str(int(PATIENCE_S)),
}


def test_without_ray_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match="mammolens\\[ray\\]"), ray_engine(None):
        pass


@pytest.mark.slow
def test_rows_are_the_same_without_ray_and_though_a_node_is_killed(
    fork_server, an_archive, a_trained_model, rows_of, tmp_path
):
    """Without Ray: in this process, in one thread, as in the processes of the local engine."""
    if not os.environ.get("CI"):
        pytest.importorskip("ray", reason="needs Ray: pip install 'mammolens[ray]'")
    alone, cluster = tmp_path / "alone", tmp_path / "cluster"
    source = open_archive(str(an_archive))
    for results in (alone, cluster):
        index_archive(source, results, OneByOne())
    score_archive(source, alone, Scoring(a_trained_model), OneByOne())
    # In /tmp: a socket's path may not be long. Ray's processes write logs there until the last of them has ended.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as sockets:
        program = fork_server.start(
            SCRIPT,
            an_archive,
            cluster,
            a_trained_model,
            environment={**os.environ, **SURROUNDINGS, "RAY_TMPDIR": sockets},
            own_session=True,
        )
        try:
            said, complained = program.communicate(PATIENCE_S)
        finally:
            end(program)
    assert program.returncode == 0, complained
    (told,) = (json.loads(line) for line in said.splitlines() if line.startswith('{"killed'))
    assert told == {"killed": True, "nodes": 2}  # one of them, the head, has no cores
    for kind in ("images", "exams"):
        assert rows_of(cluster, kind) == rows_of(alone, kind)
