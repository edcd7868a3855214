from dataclasses import replace

import pytest

from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.score_evaluation import evaluate_scores
from mammolens.evaluation.sections import ReportTable, sections


def found(images, **given):
    return {
        section.heading: section for section in sections(evaluate_scores(images, alpha=0.1, n_bootstrap=20, **given))
    }


def test_sections_come_in_the_order_of_reading(images_with_everything):
    assert list(found(images_with_everything)) == [
        "Figures",
        "False positives: nominal and realised",
        "Triage",
        "Comparison with other scores",
        "Localisation",
        "Subgroups",
    ]


def test_what_was_not_measured_has_no_section(an_image):
    assert list(found([an_image("a"), an_image("b", patient_id="p2", abnormal=True)])) == [
        "Figures",
        "False positives: nominal and realised",
        "Triage",
    ]


def test_a_promise_says_whether_it_is_kept(images_with_everything):
    flagged = [replace(image, is_anomalous=True) for image in images_with_everything]
    rows = found(flagged)["False positives: nominal and realised"].tables[0].rows
    assert rows[0] == ("all", "images", "60", "120", "100.0 %", "3.3 % to 20.0 %", "above")
    assert ("machine m1", "exams") in [row[:2] for row in rows]


def test_the_original_rule_promises_nothing_and_is_not_assessed(images_with_everything):
    section = found(images_with_everything, rule=DecisionRule("mean_std"))["False positives: nominal and realised"]
    assert "does not control the" in section.text
    assert not section.tables


def test_a_confident_promise_is_told_as_one_that_lies_above_the_average_rate(images_with_everything):
    none_flagged = [replace(image, is_anomalous=False) for image in images_with_everything]
    section = found(none_flagged, rule=DecisionRule(confidence=0.9))["False positives: nominal and realised"]
    assert "with confidence 0.9" in section.text
    assert "average rate is therefore below 10 %" in section.text
    assert section.tables[0].rows[0][-2:] == ("0.0 % to 16.7 %", "within")


def test_the_counts_tell_what_an_exam_of_each_class_is_made_of(an_image):
    both = [an_image(f"n{side}", laterality=side) for side in "LR"]
    images = [*both, an_image("x", patient_id="p2", abnormal=True), an_image("y", patient_id="p3", abnormal=True)]
    rows = {row[0]: row[1:] for row in found(images)["Figures"].tables[0].rows}
    assert rows["Images per exam, mean"] == rows["Breasts per exam, mean"] == ("2.0 / 1.0",)


def test_triage_names_the_four_shares(images_with_everything):
    rows = found(images_with_everything)["Triage"].tables[0].rows
    assert [row[0] for row in rows] == ["10 %", "20 %", "30 %", "50 %"]
    assert all("%" in row[1] for row in rows)


def test_maps_have_figures_differences_and_froc(images_with_everything):
    places, gains, rates = found(images_with_everything)["Localisation"].tables
    assert [row[0] for row in places.rows] == ["model", "blob"]
    assert [row[0] for row in gains.rows] == ["blob"]
    assert rates.header[1:] == ("0.25", "0.5", "1", "2", "4")


def test_a_ragged_table_is_refused():
    with pytest.raises(ValueError, match="2 cells"):
        ReportTable(("a", "b"), (("1", "2"), ("1",)))
