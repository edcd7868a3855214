"""Python and the packages that MammoLens needs."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import mammolens
from mammolens.diagnostics.results import Check, failed, passed, warned

GROUP: Final = "environment"
_DISTRIBUTION: Final = "mammolens"
_EXTRAS: Final = {
    "server": "serve, retrain, demo",
    "web": "web",
    "demo": "demo and the data set cbis-ddsm",
    "export": "mammolens export and --runtime",
    "tune": "tune",
    "postgresql": "a decision ledger in PostgreSQL",
}


def check_environment(distribution: str = _DISTRIBUTION) -> Iterator[Check]:
    """Python's version, the needed packages with their versions, and the packages of optional parts."""
    yield passed(GROUP, "MammoLens", f"{mammolens.__version__} in {Path(mammolens.__file__).parent}")
    try:
        about = metadata.metadata(distribution)
        requirements = [Requirement(line) for line in metadata.requires(distribution) or []]
    except metadata.PackageNotFoundError:
        reason = "is not installed as a package, so its requirements are unknown"
        yield warned(GROUP, "packages", f"{distribution} {reason}", "run 'make install', or pip install mammolens")
        return
    yield _python(platform.python_version(), SpecifierSet(about["Requires-Python"] or ""))
    needed = [one for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})]
    yield from _needed(needed)
    for extra, used_by in _EXTRAS.items():
        own = [
            one for one in requirements if one not in needed and one.marker and one.marker.evaluate({"extra": extra})
        ]
        yield _optional(extra, used_by, own)


def _python(version: str, wanted: SpecifierSet) -> Check:
    found = f"{version} on {platform.system()} {platform.machine()}"
    if wanted.contains(version, prereleases=True):
        return passed(GROUP, "Python", found)
    return failed(GROUP, "Python", f"{found}; needed: {wanted}", f"install MammoLens with a Python of {wanted}")


def _needed(requirements: list[Requirement]) -> Iterator[Check]:
    problems = [(one.name, problem) for one in requirements if (problem := _problem(one))]
    if not problems:
        yield passed(GROUP, "packages", f"all {len(requirements)} are installed in compatible versions")
    for name, problem in problems:
        yield failed(GROUP, name, problem, "run 'make install', or pip install mammolens")


def _optional(extra: str, used_by: str, requirements: list[Requirement]) -> Check:
    name = f"extra {extra}"
    problems = [f"{one.name} {problem}" for one in requirements if (problem := _problem(one))]
    if not problems:
        return passed(GROUP, name, f"is installed; used by {used_by}")
    return warned(GROUP, name, f"{', '.join(problems)}; needed for {used_by}", f"pip install 'mammolens[{extra}]'")


def _problem(requirement: Requirement) -> str | None:
    """What is wrong with an installed package, or ``None``."""
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return "is not installed"
    if requirement.specifier.contains(version, prereleases=True):
        return None
    return f"has version {version}, not {requirement.specifier}"
