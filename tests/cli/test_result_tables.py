from __future__ import annotations

import io

import pytest
from rich.console import Console

from mammolens.cli.result_tables import findings_table, result_tables, score_table
from mammolens.inference.finding_text import describe_findings
from mammolens.types import AnomalyRecord, Finding

A_FINDING = Finding(
    contour=[(0.0, -0.5), (4.5, 2.0), (0.0, 4.5), (0.0, -0.5)],
    bounding_box=(0, 0, 4, 4),
    area_pixels=20,
    area_mm2=20.0,
    peak=4.5,
    peak_location=(2, 2),
    mean=3.0,
    level="high",
    percentile=83.0,
    position="upper",
    position_guessed=False,
    depth="posterior",
    skin_distance_mm=12.3,
    nipple_distance_mm=None,
    anatomy=None,
)


@pytest.fixture(scope="module")
def records(a_predictor, an_exam) -> list[AnomalyRecord]:
    plain = {"findings": [], "findings_left_out": 0, "quality_flags": [], "outlying_statistic": None}
    return [result.record.model_copy(update=plain) for result in a_predictor.predict_exam(an_exam)]


def printed(*tables: object) -> str:
    page = io.StringIO()
    for table in tables:
        Console(file=page, width=80, color_system=None).print(table)
    return page.getvalue()


def test_without_findings_there_is_one_table(records):
    assert len(result_tables(records)) == 1


def test_findings_are_listed_by_image_with_the_numbers_of_the_pictures(records):
    strong, weak = (A_FINDING.model_copy(update={"peak": peak}) for peak in (9.0, 1.0))
    with_two = records[1].model_copy(update={"findings": [strong, weak], "findings_left_out": 3})
    sibling = records[1].model_copy(update={"findings": [weak.model_copy(update={"peak": 2.0})], "view": "MLO"})
    tables = result_tables([records[0], with_two])
    assert len(tables) == 2
    text = printed(findings_table([records[0], sibling, with_two]))
    words = [*describe_findings(with_two, [1, 3]), *describe_findings(sibling, [2])]
    unwrapped = " ".join(text.split())
    assert [line for line in words if line in unwrapped] == words
    assert words[0].endswith("20 mm2, high, more anomalous than the strongest finding of 83 % of normal exams")
    assert records[0].path.rsplit("/", 1)[1] not in text.split()
    assert max(len(line) for line in text.splitlines()) <= 80


def test_exams_of_equal_percentile_are_ranked_by_score_and_those_beyond_the_calibration_marked(records):
    equal = {"exam_p_value": 1 / 36, "exam_percentile": 100 * 35 / 36, "exam_calibration_patients": 35}
    low, high = (
        records[0].model_copy(update={**equal, "exam": exam, "patient": exam, "exam_score": score})
        for exam, score in (("ANNA", 4.0), ("BERTA", 9.0))
    )
    text = printed(score_table([low, high]))
    assert text.index("BERTA") < text.index("ANNA")
    assert text.split().count(">97") == 2
    assert "than every normal exam of the calibration" in " ".join(text.split())
    assert ">" not in printed(score_table([low.model_copy(update={"exam_calibration_patients": 36})]))


def test_long_names_lose_their_middle_and_notes_are_in_order(records):
    flags = (["view_guessed"], ["implant"], ["implant", "view_guessed"])
    many = [
        record.model_copy(update={"quality_flags": own, "path": f"/a/1.2.840.113654.2.70.1.{n}", "patient": "P" * 30})
        for n, (record, own) in enumerate(zip(records, flags, strict=False))
    ]
    text = printed(score_table(many))
    assert max(len(line) for line in text.splitlines()) <= 80
    for n in range(3):
        assert f"1.2.\N{HORIZONTAL ELLIPSIS}.2.70.1.{n}" in text
    assert "1, 2" in text
    assert "2, 1" not in text


def test_each_flag_is_a_numbered_note_that_is_explained_once(records):
    flagged = [
        records[0].model_copy(update={"quality_flags": ["implant"]}),
        records[1].model_copy(update={"quality_flags": ["view_guessed", "implant"]}),
        records[2],
    ]
    text = " ".join(printed(score_table(flagged)).split())
    assert text.count("an implant; the model was not trained on implants.") == 1
    assert text.count("note 1:") == text.count("note 2:") == 1
    assert "note 3:" not in text
