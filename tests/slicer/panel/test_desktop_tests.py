"""The tests that desktop Slicer runs itself, as far as they go without its window."""

import unittest
from types import SimpleNamespace
from typing import Any

import pytest
import slicer

from .reader import MODULE


def test_the_modules_own_tests_pass_on_the_core(a_core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    segmentations = SimpleNamespace(logic=lambda: a_core.segmentations)
    monkeypatch.setattr(slicer, "mrmlScene", a_core.scene, raising=False)
    monkeypatch.setattr(slicer, "modules", SimpleNamespace(segmentations=segmentations), raising=False)
    suite = unittest.defaultTestLoader.discover(str(MODULE / "Testing"), "*TestCase.py")
    result = unittest.TestResult()
    suite.run(result)
    assert result.wasSuccessful(), [trace for _, trace in (*result.failures, *result.errors)]
    assert result.testsRun - len(result.skipped) == 5
