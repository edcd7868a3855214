"""What the server tells, as values: nonsense in a field is nothing known, a missing id is an error."""

from typing import Any

import pytest
from MammoLensLib.decision import Region
from MammoLensLib.errors import ServerError
from MammoLensLib.exam import ExamDetail, ExamEntry
from MammoLensLib.view import Finding, View

VIEW = {
    "image": "a",
    "sop_instance_uid": "1.2",
    "laterality": "R",
    "view": "CC",
    "p_value": 0.03,
    "percentile": 97,
    "is_anomalous": True,
    "quality": [{"flag": "low_contrast", "explanation": "pale"}],
    "findings": [
        {
            "rank": 1,
            "text": "high, 35 mm2",
            "level": "high",
            "peak": 8.5,
            "peak_place": [3, 4],
            "bounding_box": [1, 2, 5, 6],
            "contour": [[1, 2], [5, 2], [5.5, 6]],
            "area_mm2": 35.2,
        }
    ],
    "findings_left_out": 2,
    "error": None,
}
EXAM: dict[str, Any] = {
    "exam": "e-1",
    "patient": "173",
    "images": ["a"],
    "views": ["R CC"],
    "state": "judging",
    "exam_p_value": 0.03,
    "verdict": None,
    "progress": {"done": 2, "total": 8, "doing": "judging R CC"},
    "breasts": [{"laterality": "R", "score": 2.5, "sentence": "More anomalous than 97 % of normal breasts."}],
    "levels": [{"name": "high", "value": 4, "share": 0.05, "segment": 3, "colour": "#bd0026", "meaning": "..."}],
    "views_in_detail": [VIEW],
    "decisions": [{"verdict": "finding", "regions": [{"image": "a", "points": [[1, 2], [3, 4]]}], "undone": True}],
    "next": "e-2",
    "something_new": {"of": "another version"},
}


def test_an_exam_is_read_in_full() -> None:
    exam = ExamDetail.of_json(EXAM)
    assert (exam.exam, exam.next, exam.entry.views, exam.entry.exam_p_value) == ("e-1", "e-2", ("R CC",), 0.03)
    assert (exam.progress.done, exam.progress.total, exam.progress.doing) == (2, 8, "judging R CC")
    assert (exam.levels[0].name, exam.levels[0].value, exam.levels[0].segment) == ("high", 4.0, 3)
    assert exam.decisions[0].undone
    assert exam.decisions[0].regions == (Region("a", ((1.0, 2.0), (3.0, 4.0))),)
    (view,) = exam.views
    assert (view.name, view.is_anomalous, view.findings_left_out) == ("R CC", True, 2)
    contour = ((1.0, 2.0), (5.0, 2.0), (5.5, 6.0))
    assert view.findings == (Finding(1, "high, 35 mm2", "high", 8.5, (3.0, 4.0), (1.0, 2.0, 5.0, 6.0), contour, 35.2),)


@pytest.mark.parametrize(
    "changes",
    [
        {"exam_p_value": "0.03", "exam_is_anomalous": "yes", "images": None, "problems": {}, "patient": 173},
        {"progress": [], "levels": None, "decisions": ["normal"], "next": "", "breasts": {}},
        {"views_in_detail": [{**VIEW, "findings": [{"rank": 1, "contour": [[1, 2], "x", [3]], "peak_place": [1]}]}]},
    ],
)
def test_what_cannot_be_read_is_not_known(changes: dict[str, Any]) -> None:
    exam = ExamDetail.of_json({**EXAM, **changes})
    assert exam.exam == "e-1"
    for view in exam.views:
        assert all(finding.contour in ((), view.findings[0].contour) for finding in view.findings)
    if "exam_p_value" in changes:
        assert exam.entry.exam_p_value is exam.entry.exam_is_anomalous is exam.entry.patient is None
    if "levels" in changes:
        assert (exam.levels, exam.decisions, exam.next, exam.progress) == ((), (), None, None)


@pytest.mark.parametrize("told", [None, [], "e-1", {}, {"exam": ""}, {"exam": 7}])
def test_an_exam_without_id_is_an_error(told: object) -> None:
    with pytest.raises(ServerError, match="tells no 'exam'"):
        ExamEntry.of_json(told)


def test_a_view_of_unknown_side_is_named_by_its_image() -> None:
    assert View("1.2.3", view="CC").name == "1.2.3"
