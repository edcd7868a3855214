from __future__ import annotations

from pathlib import Path

import pytest

from mammolens import errors
from mammolens.cli.exit_codes import ExitCode, exit_code_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.InputError, 3),
        (errors.NotAMammogramError, 3),
        (errors.UnsupportedMammogramError, 3),
        (errors.PixelDataError, 3),
        (errors.ConfigError, 4),
        (errors.DatasetError, 5),
        (errors.ModelError, 6),
        (errors.ServerError, 7),
        (errors.LedgerError, 8),
        (errors.BackupError, 9),
    ],
)
def test_each_kind_of_error_has_its_code(kind, code):
    assert exit_code_of(kind("a", "b", "c")) == code


def test_the_codes_are_documented():
    text = DOCUMENT.read_text()
    assert all(f"| {code.value} |" in text for code in ExitCode)
