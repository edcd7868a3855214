from __future__ import annotations

import csv

import pytest

from mammolens.archive.exam_index import Shard
from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.score import score_archive
from mammolens.archive.sources import open_archive
from mammolens.archive.worklist import read_worklist, write_csv
from mammolens.archive.worklist_page import worklist_page
from mammolens.errors import DatasetError

from ..patience import patient
from .engines import OneByOne


@pytest.fixture(scope="module")
def results(an_archive, a_trained_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    score_archive(open_archive(str(an_archive)), folder, Scoring(a_trained_model, thumbnails=True), OneByOne())
    return folder


def test_the_most_anomalous_exam_comes_first_and_csv_has_all(results, rows_of, tmp_path):
    found = read_worklist(results)
    write_csv(found, tmp_path / "worklist.csv")
    with (tmp_path / "worklist.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    stored = {row["exam"]: row for row in rows_of(results, "exams")}
    assert len(rows) == len(stored) == 3
    values = [float(row["exam_p_value"]) for row in rows]
    assert values == sorted(values)
    for row in rows:
        assert float(row["exam_score"]) == stored[row["exam"]]["exam_score"]
        assert row["views"] == ", ".join(stored[row["exam"]]["views"])
        assert row["model"] == found.manifests[0].model
        assert row["notice"].startswith("Research use only")


def test_shards_that_are_missing_are_known(an_archive, a_trained_model, tmp_path):
    source, scoring = open_archive(str(an_archive)), Scoring(a_trained_model)
    score_archive(source, tmp_path, scoring, OneByOne(), shard=Shard(2, 3))
    found = read_worklist(tmp_path)
    assert found.missing_shards == [1, 3]
    assert "Incomplete: 2 of 3 shards" in worklist_page(found, "worklist.csv", 10)


def test_a_folder_without_scores_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="has no scores"):
        read_worklist(tmp_path)


def test_the_page_has_what_was_found_and_nothing_from_elsewhere(results):
    found = read_worklist(results)
    page = worklist_page(found, "worklist.csv", 2)
    assert page.count("Research use only, not a medical device.") == 2
    assert "2 of 3 exams" in page
    assert "worklist.csv has all" in page
    assert "pixel data" in page
    assert page.count('class="overlay"') == sum(len(row["views"]) for row in found.exams.slice(0, 2).to_pylist())
    assert "http" not in page.replace("http-equiv", "")


def test_rows_are_sorted_filtered_and_overlays_shown_in_a_browser(results, a_browser, tmp_path):
    file = tmp_path / "worklist.html"
    file.write_text(worklist_page(read_worklist(results), "worklist.csv", 10), encoding="utf-8")
    view = patient(a_browser.new_page())
    errors = []
    view.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    view.goto(file.as_uri())
    ranks = lambda: view.locator("tbody tr:visible td:first-child").all_inner_texts()[:3]  # noqa: E731
    assert ranks() == ["1", "2", "3"]
    view.get_by_role("button", name="Rank").click()
    view.get_by_role("button", name="Rank").click()
    assert ranks() == ["3", "2", "1"]
    assert view.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    name = view.locator("tbody tr").nth(1).locator("th").inner_text()
    view.locator("#search").fill(name.lower())
    assert view.locator("#count").inner_text() == "1 of 3 exams"
    overlay = view.locator(".sortable tbody tr:visible .view").first
    assert not overlay.locator(".overlay").is_visible()
    overlay.hover()
    assert overlay.locator(".overlay").is_visible()
    assert not errors
    view.close()
