from types import SimpleNamespace
from typing import Any

import pytest

from mammolens.datasets.base import Lesion
from mammolens.inference.known_lesions import compare_with_known, describe_known


@pytest.fixture
def a_record() -> Any:
    """A right CC view whose two findings peak at (row 50, column 20) and (row 10, column 90)."""
    findings = [SimpleNamespace(peak_location=(20, 50)), SimpleNamespace(peak_location=(90, 10))]
    return SimpleNamespace(laterality="R", view="CC", findings=findings)


ON_SECOND = Lesion(12, 88, 5, 5, kind="mass")
ELSEWHERE = Lesion(80, 80, 5, 5, kind="mass")


def test_a_lesion_is_found_by_the_finding_whose_peak_lies_on_it(a_record: Any) -> None:
    known = compare_with_known(a_record, [ON_SECOND, ELSEWHERE], [1, 4])
    assert [(one.lesion, one.finding) for one in known] == [(ON_SECOND, 4), (ELSEWHERE, None)]


def test_found_and_missed_are_said_in_words(a_record: Any) -> None:
    said = describe_known(a_record, [ON_SECOND, ELSEWHERE], [1, 4])
    assert said == ["R CC: mass found (finding 4)", "R CC: mass missed"]


@pytest.mark.parametrize(("shape", "corner"), [("box", True), ("ellipse", False)])
def test_a_box_has_corners_and_an_ellipse_has_none(shape: str, corner: bool) -> None:
    lesion = Lesion(50, 50, 10, 20, shape=shape)
    assert lesion.contains(50, 69)
    assert lesion.contains(59, 69) is corner
    assert not lesion.contains(61, 50)
