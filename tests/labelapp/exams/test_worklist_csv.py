from __future__ import annotations

import csv
import io
from datetime import date

from mammolens.enums import NormalityCategory
from mammolens.labelapp.exams.worklist_csv import worklist_csv

from ..summaries import a_summary


def test_a_row_holds_what_the_worklist_shows_and_no_cell_is_a_formula() -> None:
    scored = a_summary(
        "e-1", patient='=HYPERLINK("x")', study_date=date(2026, 2, 1), views=["R CC", "L CC"], exam_decile=10,
        exam_p_value=0.005, exam_category=NormalityCategory.HIGHLY_UNUSUAL, exam_category_label="Highly unusual",
        exam_is_anomalous=True, readers=["ada", "bob"], problems=["R CC: is blank.", "L CC: is blank."], rank=3,
    )  # fmt: skip
    first, second = csv.DictReader(io.StringIO(worklist_csv([scored, a_summary("e-2")]), newline=""))
    assert first["patient"] == '\'=HYPERLINK("x")'
    assert (first["rank"], first["exam"], first["study_date"]) == ("3", "e-1", "2026-02-01")
    assert (first["score"], first["p_value"], first["category"]) == ("10", "0.005", "Highly unusual")
    assert (first["flagged"], first["views"], first["readers"]) == ("yes", "R CC, L CC", "ada, bob")
    assert first["problems"] == "R CC: is blank. L CC: is blank."
    assert first["notice"] == "Research use only, not a medical device"
    assert (second["score"], second["flagged"], second["verdict"]) == ("", "", "")
