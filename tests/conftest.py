"""What all tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def development_data() -> Path:
    """The folder of public data sets that the environment variable MAMMOLENS_DATA names."""
    named = os.environ.get("MAMMOLENS_DATA")
    if not named:
        pytest.skip("needs public data sets: set MAMMOLENS_DATA to their folder")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"{folder}: MAMMOLENS_DATA names no folder; correct it, or unset it to skip these tests")
    return folder
