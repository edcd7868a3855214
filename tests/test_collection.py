"""The tests are the same ones wherever and whenever they are collected: workers of pytest-xdist have to agree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest

from .patience import PATIENCE_S, end

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).parents[1]
_LONGEST = 80
# Under LC_ALL=C, Python cannot read the .pth files of an environment whose path is not ASCII.
_PLAIN_LOCALE = "C" if f"{REPOSITORY}{sys.prefix}".isascii() else "C.UTF-8"
_COLLECTS = """
import json, os, sys, time
from pathlib import Path

import pytest

file, later, cores = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
now = time.time
time.time, os.cpu_count = lambda: now() + later, lambda: cores


class Notes:
    def pytest_collection_finish(self, session):
        file.write_text(json.dumps([item.nodeid for item in session.items]), encoding="utf-8")


sys.exit(pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"], plugins=[Notes()]))
"""


def _collects(file: Path, later: float, cores: int, **environment: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.Popen(
        [sys.executable, "-c", _COLLECTS, str(file), str(later), str(cores)],
        cwd=REPOSITORY,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def collected(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, list[str]]]:
    """Ids file by file as two computers collect them whose date, clock, language, cores and order of sets differ.

    The first is this one where it runs the whole suite: its worker has collected all tests already.
    """
    folder = tmp_path_factory.mktemp("collected")
    files = [folder / "other.json", folder / "one.json"]
    running = [_collects(files[0], 12_345.6, 64, PYTHONHASHSEED="2", TZ="Etc/GMT+12", LC_ALL="C.UTF-8")]
    here = [item.nodeid for item in request.session.items]
    if not _is_whole(request.config):
        running.append(_collects(files[1], 0, 1, PYTHONHASHSEED="1", TZ="Pacific/Kiritimati", LC_ALL=_PLAIN_LOCALE))
    try:
        for process in running:
            said, _ = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, said
    finally:
        for process in running:
            end(process)
    other, *one = [json.loads(file.read_text(encoding="utf-8")) for file in files[: len(running)]]
    return [_by_file(one[0] if one else here), _by_file(other)]


def _is_whole(config: pytest.Config) -> bool:
    """Whether these are all tests, not a choice of them by path, name, mark or an option that ignores some."""
    chosen = ("file_or_dir", "keyword", "markexpr", "ignore", "ignore_glob", "deselect", "lf")
    return not any(config.getoption(name, None) for name in chosen)


def _by_file(ids: list[str]) -> dict[str, list[str]]:
    """Workers sort files by what they cost, and leave the order within a file."""
    found: dict[str, list[str]] = {}
    for name in ids:
        found.setdefault(name.split("::")[0], []).append(name)
    return found


def test_every_process_collects_the_same_tests_in_the_same_order(collected: list[dict[str, list[str]]]) -> None:
    one, other = collected
    assert sum(map(len, one.values())) > 1000
    assert one.keys() == other.keys()
    pairs = [pair for file, names in one.items() for pair in zip_longest(names, other[file])]
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_ids_are_short_and_printable(collected: list[dict[str, list[str]]]) -> None:
    names = [name for names in collected[0].values() for name in names]
    parameters = {test: found[1] for test in names if (found := re.search(r"\[(.*)\]$", test, re.DOTALL))}
    assert [test for test, words in parameters.items() if not (words.isascii() and words.isprintable())] == []
    assert [test for test, words in parameters.items() if len(words) > _LONGEST or r"\x" in words] == []
