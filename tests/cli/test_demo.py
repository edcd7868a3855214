from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from mammolens.calibration.decile import decile
from mammolens.cli.demo_exams import DemoExam, demo_exams
from mammolens.cli.demo_page import DemoResult, demo_page, demo_results, demo_table
from mammolens.datasets.base import Lesion
from mammolens.dicom.reader import read_header

MASS = Lesion(80, 60, 10, 10, kind="mass")


def _record(
    path: Path, side: str, view: str, *, p_value: float, peaks: dict[tuple[int, int], float], patient: str
) -> Any:
    percentile = 100 * (1 - p_value)
    return SimpleNamespace(
        path=str(path), laterality=side, view=view, rows=400, columns=300, patient=patient, model="model-1",
        percentile=percentile, exam_percentile=percentile, exam_p_value=p_value, exam_score=1 - p_value,
        exam_calibration_patients=35, exam_is_anomalous=p_value <= 0.1, exam_decile=decile(p_value),
        category="unusual" if p_value <= 0.1 else "within_normal_range",
        exam_category="unusual" if p_value <= 0.1 else "within_normal_range",
        decision_rule="flags at most 10 % of normal exams",
        levels={"low": 1.0, "moderate": 2.0, "high": 3.0},
        findings=[SimpleNamespace(peak_location=at, peak=peak) for at, peak in peaks.items()],
    )  # fmt: skip


@pytest.fixture
def results() -> list[DemoResult]:
    """A normal exam, and an unusual one with a mass in both views, found in one of them."""
    calm = {Path("a/L_CC.dcm"): ()}
    unusual = {Path("b/L_MLO.dcm"): (MASS,), Path("b/L_CC.dcm"): (MASS,)}
    exams = [DemoExam("Phantom, no lesion", "Known: no lesion.", calm), DemoExam("<Mass>", "Known: a mass.", unusual)]
    records = [
        _record(Path("a/L_CC.dcm"), "L", "CC", p_value=0.6, peaks={}, patient="A"),
        _record(Path("b/L_MLO.dcm"), "L", "MLO", p_value=0.02, peaks={(5, 5): 4.0}, patient="B"),
        _record(Path("b/L_CC.dcm"), "L", "CC", p_value=0.02, peaks={(5, 5): 5.0, (61, 79): 3.0}, patient="B"),
    ]
    return demo_results(exams, records)


@pytest.fixture
def page(results: list[DemoResult], tmp_path: Path) -> str:
    overlays = {}
    for number, file in enumerate(file for result in results for file in result.exam.files):
        overlays[file] = tmp_path / f"{number}.png"
        Image.new("RGB", (480, 500), (20, 20, 20)).save(overlays[file])
    return demo_page(results, overlays, {"B": "http://127.0.0.1:8000/ohif/b"}, "Lee RS et al.")


def test_the_most_unusual_exam_comes_first(results: list[DemoResult], page: str) -> None:
    assert [result.exam.title for result in results] == ["<Mass>", "Phantom, no lesion"]
    assert page.index("&lt;Mass&gt;</h2>") < page.index("Phantom, no lesion</h2>")
    assert "Flagged as unusual: &lt;Mass&gt;." in page


def test_found_and_missed_lesions_are_counted_and_marked(page: str) -> None:
    assert "Of 2 marked lesions in the images, the model found 1 and missed 1." in page
    assert page.count("<polygon") == 2
    cc, mlo = (
        page.index("<b>L CC</b>: lesion <span>found (finding 3)</span>"),
        page.index('<span class="missed">missed</span>'),
    )
    assert cc < mlo


def test_the_page_stands_alone_and_links_the_viewer_only_while_a_server_runs(page: str) -> None:
    assert "Research use only, not a medical device" in page
    assert re.findall(r'(?:src|href)="(?!data:)([^"]*)"', page) == ["http://127.0.0.1:8000/ohif/b"]


def test_the_table_fits_eighty_columns_with_whole_names(results: list[DemoResult]) -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(demo_table(results))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "Phantom, no lesion" in text
    assert "Unusual" in text
    assert "Within the normal range" in text
    assert "10 of 10" in text
    assert "1 of 2" in text
    assert "none marked" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_demo_has_films_and_phantoms_with_what_is_known_of_them(tmp_path: Path) -> None:
    exams = demo_exams(tmp_path)
    assert len({exam.title for exam in exams}) == 4
    assert max(len(exam.title) for exam in exams) <= 24  # of a table of eighty columns
    known = [sum(map(len, exam.lesions.values())) for exam in exams]
    assert known == [6, 0, 2, 0]
    for exam in exams:
        assert len({read_header(file).patient_id for file in exam.files}) == 1
        assert len(exam.files) == 4
