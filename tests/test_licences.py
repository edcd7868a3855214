from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
_COPYLEFT = re.compile(r"GPL|General Public License|Affero")
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==", flags=re.MULTILINE)


def _licence_of(name: str) -> str:
    metadata = distribution(name).metadata
    classifiers = [line for line in metadata.get_all("Classifier", []) if line.startswith("License")]
    text = metadata.get("License-Expression") or metadata.get("License") or ""
    return " ".join([*classifiers, text.strip().partition("\n")[0]])


def test_every_copyleft_package_that_is_installed_with_us_is_named_and_no_other() -> None:
    names = {
        name
        for file in ("runtime", "monailabel")
        for name in _PINNED.findall((ROOT / f"requirements/{file}.txt").read_text())
    }
    rows = [line for line in (ROOT / "docs/licences.md").read_text().splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert {name for name in names if _COPYLEFT.search(_licence_of(name))} == named
