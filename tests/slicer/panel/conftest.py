"""The panel without a screen: PySide6 in PythonQt's clothes, and a server in memory."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

if not os.environ.get("CI"):
    for package in ("slicer", "PySide6"):
        if importlib.util.find_spec(package) is None:
            reason = "needs slicer-core and PySide6: pip install -r requirements/slicer-dev.txt"
            pytest.skip(reason, allow_module_level=True)

from ..stand_in import install

install()

from .exam_server import ExamServer, exam_of  # noqa: E402
from .reader import Reader  # noqa: E402


@pytest.fixture
def a_server() -> ExamServer:
    """Three exams: flagged, not flagged, not yet analysed."""
    second = f"e-{2:016x}"
    return ExamServer(exam_of(2, 0.4, "Berta"), exam_of(1, 0.03, "Anna", next_exam=second), exam_of(3, None, "Clara"))


@pytest.fixture
def read() -> Iterator[Callable[..., Reader]]:
    """Makes readers."""
    readers: list[Reader] = []

    def make(server: ExamServer, **options: Any) -> Reader:
        readers.append(Reader(server, **options))
        return readers[-1]

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture
def a_reader(read: Callable[..., Reader], a_server: ExamServer) -> Reader:
    return read(a_server)
