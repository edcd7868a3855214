from datetime import date
from types import SimpleNamespace

import pytest

from mammolens.datasets.base import Lesion
from mammolens.inference.presentation import PresentedBreast, PresentedExam
from mammolens.types import Finding
from mammolens.web import exam_summary


def with_record(exam: PresentedExam, **changes) -> PresentedExam:
    views = [view.model_copy(update={"record": view.record.model_copy(update=changes)}) for view in exam.views]
    return exam.model_copy(update={"views": views})


@pytest.fixture
def an_exam_shown(a_presentation):
    return a_presentation.exams[0]


def test_an_extreme_exam_is_said_to_be_more_anomalous_and_a_usual_one_not(an_exam_shown):
    unusual = with_record(an_exam_shown, exam_percentile=97.9, exam_category="unusual", exam_decile=10)
    assert exam_summary.headline(unusual) == "Unusual: more anomalous than 97 % of normal exams."
    assert exam_summary.score(unusual).startswith("Score 10 of 10 (p = ")
    usual = with_record(an_exam_shown, exam_percentile=50.0, exam_category="within_normal_range")
    assert exam_summary.headline(usual).startswith("Within the normal range")


def test_the_most_anomalous_exam_comes_first_and_equal_ranks_go_by_score(an_exam_shown):
    low, high, beyond = (
        with_record(an_exam_shown, exam_p_value=p_value, exam_score=score)
        for p_value, score in ((0.2, 1.0), (0.2, 3.0), (0.1, 0.5))
    )
    assert exam_summary.most_anomalous_first([low, high, beyond]) == [beyond, high, low]


def test_the_decision_is_told_with_its_rule_or_why_there_is_none(an_exam_shown):
    flagged = with_record(an_exam_shown, exam_is_anomalous=True, decision_rule="flags at most 10 % of normal exams")
    assert (
        exam_summary.decision(flagged.model_copy(update={"threshold": 1.0}))
        == "Flagged. The model flags at most 10 % of normal exams."
    )
    never = flagged.model_copy(update={"threshold": None})
    assert exam_summary.decision(never) == "Cannot be flagged: the model was calibrated on too few normal patients."


def test_what_the_model_does_not_look_for_is_told_with_what_the_score_means(an_exam_shown):
    plain = exam_summary.meaning(with_record(an_exam_shown, limitation=None))
    assert plain == f"{exam_summary.MEANING} {an_exam_shown.score_meaning}"
    limited = with_record(an_exam_shown, limitation="Nothing small is looked for.")
    assert exam_summary.meaning(limited) == f"{plain} Nothing small is looked for."


def test_a_breast_is_set_against_breasts():
    breast = PresentedBreast(laterality="L", percentile=95.0, p_value=0.05, decile=10, category="highly_unusual")
    said = "Left breast: score 10 of 10 (p = 0.05). Highly unusual: more anomalous than 95 % of normal breasts."
    assert exam_summary.breast_line(breast) == said


def test_asymmetry_is_told_where_both_breasts_were_imaged(an_exam_shown):
    assert "40 %" in str(exam_summary.asymmetry_line(with_record(an_exam_shown, asymmetry_p_value=0.6)))
    assert exam_summary.asymmetry_line(with_record(an_exam_shown, asymmetry_p_value=None)) is None


def test_a_flag_of_one_view_names_it_and_one_of_all_does_not(an_exam_shown):
    shared = with_record(an_exam_shown, quality_flags=["no_pixel_spacing"])
    first = shared.views[0].model_copy(
        update={"record": shared.views[0].record.model_copy(update={"quality_flags": ["no_pixel_spacing", "blank"]})}
    )
    lines = exam_summary.flag_lines(shared.model_copy(update={"views": [first, *shared.views[1:]]}))
    assert lines[0].startswith("Pixel spacing is missing")
    assert lines[1] == f"{exam_summary.of_view(first.record)}: Hardly any breast structure is visible."


def test_exams_of_equal_titles_are_told_apart_by_date_and_then_by_number(an_exam_shown):
    plain = an_exam_shown.model_copy(update={"study_date": None})
    early, late = (plain.model_copy(update={"study_date": date(2020, 5, day)}) for day in (1, 2))
    other = early.model_copy(update={"patient": "other"})
    title = exam_summary.exam_title(plain)
    assert exam_summary.exam_titles([late, other, early, plain, early]) == [
        f"{title}, 2020-05-02",
        exam_summary.exam_title(other),
        f"{title}, 2020-05-01, exam 1",
        title,
        f"{title}, 2020-05-01, exam 2",
    ]
    assert exam_summary.exam_titles([plain, plain]) == [f"{title}, exam 1", f"{title}, exam 2"]


def test_findings_are_listed_by_strength_over_all_views(an_exam_shown):
    def finding(peak, depth):
        return Finding.model_construct(
            peak=peak, position=None, position_guessed=False, depth=depth, anatomy=None, nipple_distance_mm=None,
            area_mm2=20.0, level="high", percentile=90.0,
        )  # fmt: skip

    cc, mlo = an_exam_shown.views[0], an_exam_shown.views[2]
    views = [
        view.model_copy(
            update={"record": view.record.model_copy(update={"findings": found, "findings_left_out": more})}
        )
        for view, found, more in (
            (cc, [finding(3.0, "middle"), finding(1.0, "anterior")], 2),
            (mlo, [finding(9.0, "posterior")], 0),
        )
    ]
    share = "more anomalous than the strongest finding of 90 % of normal exams"
    assert exam_summary.finding_lines(an_exam_shown.model_copy(update={"views": views})) == [
        f"1: R MLO, posterior third, 20 mm2, high, {share}",
        f"2: R CC, middle third, 20 mm2, high, {share}",
        f"3: R CC, anterior third, 20 mm2, high, {share}",
        "R CC: 2 more with lower peaks",
    ]


def test_known_lesions_are_counted_and_each_is_found_or_missed():
    findings = [SimpleNamespace(peak_location=peak) for peak in ((90, 90), (20, 50))]
    record = SimpleNamespace(path="a.dcm", laterality="R", view="CC", findings=findings)
    exam = SimpleNamespace(views=[SimpleNamespace(record=record)], finding_numbers=[[1, 3]])
    lesions = {"a.dcm": (Lesion(50, 20, 5, 5, kind="mass"), Lesion(10, 10, 5, 5, kind="mass"))}
    assert exam_summary.known_lesion_lines(exam, lesions) == ["R CC: mass found (finding 3)", "R CC: mass missed"]
    assert exam_summary.known_lesion_count(exam, lesions) == "Of 2 marked lesions, the model found 1 and missed 1."
    assert exam_summary.known_lesion_lines(exam, {}) == []
