import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mammolens.diagnostics import environment
from mammolens.diagnostics.environment import check_environment


def by_name(checks):
    return {check.name: check for check in checks}


def test_this_environment_has_what_is_needed():
    checks = by_name(check_environment())
    assert {checks[name].status for name in ("MammoLens", "Python", "packages")} == {"ok"}
    assert "compatible versions" in checks["packages"].detail


def test_every_optional_part_is_named_with_what_needs_it():
    checks = by_name(check_environment())
    assert "serve" in checks["extra server"].detail
    assert {"extra web", "extra demo", "extra tune", "extra postgresql"} <= set(checks)


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [("pydicom<2", "has version"), ("no-such-package-at-all>=1", "is not installed"), ("pydicom>=2", None)],
)
def test_a_package_that_is_missing_or_of_another_version_fails(requirement, problem):
    checks = list(environment._needed([Requirement(requirement)]))
    (check,) = checks
    assert check.status == ("ok" if problem is None else "failed")
    assert problem is None or (problem in check.detail and check.remedy)


def test_a_missing_extra_is_a_warning_with_the_command_that_installs_it():
    check = environment._optional("web", "web", [Requirement("no-such-package-at-all==1")])
    assert (check.status, check.remedy) == ("warning", "pip install 'mammolens[web]'")


def test_another_python_fails():
    assert environment._python("3.13.1", SpecifierSet(">=3.11,<3.13")).status == "failed"


def test_a_package_without_metadata_is_told():
    last = list(check_environment("no-such-package-at-all"))[-1]
    assert (last.name, last.status) == ("packages", "warning")
