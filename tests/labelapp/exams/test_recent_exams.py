from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mammolens.enums import Verdict
from mammolens.labelapp.exams.recent_exams import RecentExam, RecentExams
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import ExamSummary

from ..summaries import a_summary


class Images:
    """What is remembered of images; it counts what is asked for."""

    def __init__(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        self.known = known
        self.asked: list[str] = []

    def infos(self, image_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        asked = list(image_ids)
        self.asked += asked
        return {image: self.known[image] for image in asked if image in self.known}


def recent_exams(
    entries: Sequence[ExamSummary], infos: Mapping[str, Mapping[str, Any]], patients: int
) -> list[RecentExam]:
    return RecentExams(Images(infos), patients).among(entries)  # type: ignore[arg-type]


def _entry(exam: str, patient: str, verdict: Verdict | None = None, study_date: str = "2026-01-01") -> ExamSummary:
    images = [f"{exam}-cc", f"{exam}-mlo"]
    return a_summary(exam, patient=patient, study_date=study_date, images=images, verdict=verdict, exam_p_value=0.5)


def _info(scored: float | None, machine: str = "A", software: str | None = "1", **more: Any) -> dict[str, Any]:
    told = {
        InfoKey.PRED_SCORE: 1.0,
        InfoKey.RAW_SCORE: 1.0,
        InfoKey.P_VALUE: 0.5,
        InfoKey.MODEL: "model",
        InfoKey.CALIBRATION: "cal",
        InfoKey.LATERALITY: "L",
        InfoKey.VIEW: "CC",
        InfoKey.ACQUISITION_GROUP: machine,
        InfoKey.SOP_INSTANCE_UID: "1.2",
        InfoKey.SOFTWARE_VERSIONS: software,
        **({InfoKey.FIRST_SCORED: scored} if scored is not None else {}),
        **more,
    }
    return {str(key): value for key, value in told.items()}


def _infos(*scored: tuple[str, float]) -> dict[str, dict[str, Any]]:
    return {f"{exam}-{view}": _info(time) for exam, time in scored for view in ("cc", "mlo")}


def _times(exams: list[RecentExam]) -> list[float]:
    return [exam.scored_at for exam in exams]


def test_the_exams_that_were_scored_last_are_taken() -> None:
    entries = [_entry(name, name) for name in "abc"]
    assert _times(recent_exams(entries, _infos(("a", 3.0), ("b", 1.0), ("c", 2.0)), 2)) == [3.0, 2.0]


def test_of_a_patient_only_her_first_exam_among_them_is_taken() -> None:
    entries = [_entry("a", "anna"), _entry("b", "anna"), _entry("c", "carla")]
    assert _times(recent_exams(entries, _infos(("a", 3.0), ("b", 1.0), ("c", 2.0)), 100)) == [1.0, 2.0]


def test_a_patient_of_long_ago_comes_back_with_her_new_exam() -> None:
    """Else nobody would be left to watch once every woman of a programme has been here."""
    entries = [_entry("new", "anna"), _entry("c", "carla"), _entry("old", "anna")]
    infos = _infos(("new", 3.0), ("c", 2.0), ("old", 1.0))
    assert _times(recent_exams(entries, infos, 1)) == [3.0]


def test_exams_without_a_patient_id_are_of_different_patients() -> None:
    entries = [_entry("a", ""), _entry("b", "")]
    assert _times(recent_exams(entries, _infos(("a", 2.0), ("b", 1.0)), 100)) == [2.0, 1.0]


def test_exams_with_a_finding_are_left_out() -> None:
    verdicts = [Verdict.FINDING, Verdict.NORMAL, Verdict.POOR_QUALITY, None]
    entries = [_entry(str(n), str(n), verdict) for n, verdict in enumerate(verdicts)]
    infos = _infos(*((str(n), float(n)) for n in range(4)))
    assert _times(recent_exams(entries, infos, 100)) == [3.0, 2.0, 1.0]


def test_an_exam_counts_from_its_first_score_on() -> None:
    infos = {"a-cc": _info(5.0), "a-mlo": _info(4.0)}
    assert _times(recent_exams([_entry("a", "a")], infos, 100)) == [4.0]


def test_an_exam_that_was_never_scored_is_none_of_them() -> None:
    infos = {"a-cc": {"ts": 5}, "a-mlo": _info(None, pred_score=None)}
    assert recent_exams([_entry("a", "a"), _entry("gone", "b")], infos, 100) == []


def test_exams_scored_in_the_same_moment_are_taken_by_their_date() -> None:
    entries = [_entry("a", "a", study_date="2025-01-01"), _entry("b", "b", study_date="2026-01-01")]
    infos = {**_infos(("a", 1.0)), **{f"b-{view}": _info(1.0, "B") for view in ("cc", "mlo")}}
    (exam,) = recent_exams(entries, infos, 1)
    assert exam.acquisition_group == "B"


def test_machine_and_software_are_those_of_all_images() -> None:
    of_one = {"a-cc": _info(1.0, "A", "1"), "a-mlo": _info(1.0, "A", "2")}
    (exam,) = recent_exams([_entry("a", "a")], of_one, 1)
    assert (exam.acquisition_group, exam.software_versions) == ("A", None)
    of_two = {"a-cc": _info(1.0, "A"), "a-mlo": _info(1.0, "B")}
    (exam,) = recent_exams([_entry("a", "a")], of_two, 1)
    assert (exam.acquisition_group, exam.software_versions) == (None, "1")


def test_only_lines_that_have_changed_and_the_chosen_ones_are_looked_up_again() -> None:
    entries = [_entry(name, name) for name in "abc"]
    images = Images(_infos(("a", 3.0), ("b", 2.0), ("c", 1.0)))
    recent = RecentExams(images, 1)  # type: ignore[arg-type]
    recent.among(entries)
    images.asked.clear()
    entries[2] = _entry("c", "c")
    assert _times(recent.among(entries)) == [3.0]
    assert images.asked == ["c-cc", "c-mlo", "a-cc", "a-mlo"]


def test_a_line_that_has_changed_counts_as_it_is_now() -> None:
    images = Images({})
    recent = RecentExams(images, 100)  # type: ignore[arg-type]
    assert recent.among([_entry("a", "a")]) == []
    images.known = _infos(("a", 1.0))
    assert _times(recent.among([_entry("a", "a")])) == [1.0]
    assert recent.among([_entry("a", "a", Verdict.FINDING)]) == []
    assert recent.among([]) == []
