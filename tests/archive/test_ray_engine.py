"""Two Ray nodes on this computer; Ray is not part of the tests' environment: 240 MB, and its own processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.process_engine import ProcessEngine
from mammolens.archive.ray_engine import ray_engine
from mammolens.archive.score import index_archive, score_archive
from mammolens.archive.sources import open_archive
from mammolens.errors import ConfigError

from ..patience import PATIENCE_S
from .engines import OneByOne

SCRIPT = Path(__file__).with_name("two_ray_nodes.py")


IS_THERE = find_spec("ray") is not None


@pytest.mark.skipif(IS_THERE, reason="Ray is installed")
def test_without_ray_the_remedy_is_named():
    with pytest.raises(ConfigError, match="mammolens\\[ray\\]"), ray_engine(None):
        pass


@pytest.mark.skipif(not IS_THERE, reason="Ray is not installed: pip install 'mammolens[ray]'")
@pytest.mark.slow
def test_rows_are_those_of_the_local_engine_though_a_node_is_killed(an_archive, a_trained_model, rows_of, tmp_path):
    local, cluster = tmp_path / "local", tmp_path / "cluster"
    source = open_archive(str(an_archive))
    for results in (local, cluster):
        index_archive(source, results, OneByOne())
    score_archive(source, local, Scoring(a_trained_model), ProcessEngine(1))
    command = [sys.executable, str(SCRIPT), str(an_archive), str(cluster), str(a_trained_model)]
    variables = {**os.environ, "RAY_worker_niceness": "0"}  # else workers starve on a busy computer
    ended = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE_S, env=variables, check=False)
    assert ended.returncode == 0, ended.stderr
    (told,) = (json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"nodes'))
    assert told == {"nodes before": 3, "nodes after": 2}  # one of them, the head, has no cores
    for kind in ("images", "exams"):
        assert rows_of(cluster, kind) == rows_of(local, kind)
