from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import psutil
import pytest
from PIL import Image

from mammolens.dicom import libjpeg_process

GREYS = np.arange(64 * 48, dtype=np.uint8).reshape(64, 48)


@pytest.fixture(scope="module")
def stream() -> bytes:
    file = io.BytesIO()
    Image.fromarray(GREYS).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture(autouse=True)
def a_process(monkeypatch):
    """None has started yet for a test, whatever other tests have decoded."""
    process = libjpeg_process.LibjpegProcess()
    monkeypatch.setattr(libjpeg_process, "_process", process)
    yield process
    process.end()


def test_a_refused_stream_is_named_and_the_next_one_decoded(stream):
    with pytest.raises(RuntimeError, match="libjpeg error code"):
        libjpeg_process.decode(stream[:100])
    assert libjpeg_process.decode(stream).shape == GREYS.shape


def test_a_process_that_died_is_replaced(stream, a_process):
    picture = libjpeg_process.decode(stream)
    psutil.Process(a_process.pid).kill()
    with pytest.raises(RuntimeError, match="ended without an answer"):
        libjpeg_process.decode(stream)
    np.testing.assert_array_equal(libjpeg_process.decode(stream), picture)


def test_a_process_that_has_grown_is_replaced(stream, a_process, monkeypatch):
    """libjpeg keeps memory for each stream that it refuses."""
    monkeypatch.setattr(libjpeg_process, "_LARGEST", 1)
    libjpeg_process.decode(stream)
    assert a_process.pid is None
    assert libjpeg_process.decode(stream).shape == GREYS.shape


@pytest.mark.slow
def test_what_memory_the_program_itself_uses_does_not_count(stream, a_process):
    """Linux counts the peak of a program in that of each process that it starts."""
    large = np.ones(600 << 20, dtype=np.uint8)
    libjpeg_process.decode(stream)
    del large
    assert a_process.pid is not None


FORKS = """
import os, sys
from mammolens.dicom import libjpeg_process
stream = sys.stdin.buffer.read()
libjpeg_process.decode(stream)
ours = libjpeg_process._process.pid
if (fork := os.fork()) == 0:
    libjpeg_process.decode(stream)
    os._exit(libjpeg_process._process.pid != ours)
print(os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]), libjpeg_process.decode(stream).shape)
"""


def test_a_fork_has_a_process_of_its_own(stream):
    """In a program without threads, of which a fork is safe."""
    ended = subprocess.run([sys.executable, "-c", FORKS], input=stream, capture_output=True, check=True)
    assert ended.stdout.decode().strip() == f"1 {GREYS.shape}"
