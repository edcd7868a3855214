from __future__ import annotations

import ctypes
import json
import subprocess
import sys

import pytest

# In a process of its own, whose heap has no gaps that other tests left.
PROGRAM = """
import ctypes, json, resource
from contextlib import nullcontext
from mammolens.training.reused_memory import reused_memory

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
SIZE = 64 * 2**20

def touch():
    block = ctypes.c_void_p(library.malloc(ctypes.c_size_t(SIZE)))
    library.memset(block, 1, ctypes.c_size_t(SIZE))
    library.free(block)

def faults(context):
    with context:
        touch()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            touch()
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(json.dumps([faults(context) for context in (nullcontext(), reused_memory(), nullcontext())]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_memory_is_reused_within_and_given_back_afterwards():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    before, within, afterwards = json.loads(ended.stdout)
    assert within < 0.1 * before
    assert within < 0.1 * afterwards
