"""Each extra asks for what requirements/ pins and the tests run on; the documentation says what it brings."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def pins() -> dict[str, str]:
    """Versions of the sets that are installed together; sbom.txt is for a tool that runs alone."""
    found = {}
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in path.read_text().splitlines() if path.name != "sbom.txt" else []:
            name, separator, version = line.split("#")[0].split(";")[0].partition("==")
            if separator:
                found[canonicalize_name(name.split("[")[0].strip())] = version.strip()
    return found


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_asks_for_what_is_pinned(extra: str) -> None:
    pinned = pins()
    for requirement in map(Requirement, EXTRAS[extra]):
        name = canonicalize_name(requirement.name)
        if name == "mammolens":
            assert requirement.extras <= set(EXTRAS)
        else:
            assert name in pinned, f"{requirement} of [{extra}]: pin it in requirements/"
            assert requirement.specifier.contains(pinned[name]), f"{requirement} of [{extra}] excludes {pinned[name]}"


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_documentation_says_what_an_extra_brings(extra: str) -> None:
    assert f"\n| `{extra}` |" in (ROOT / "docs" / "python.md").read_text()
