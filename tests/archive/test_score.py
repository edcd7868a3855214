from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mammolens.archive.exam_index import Shard
from mammolens.archive.exam_scoring import Scoring
from mammolens.archive.score import score_archive
from mammolens.archive.sources import ArchiveSource, open_archive
from mammolens.enums import RuntimeName
from mammolens.errors import DatasetError, InputError, StorageError
from mammolens.inference.batch import predict_files
from mammolens.models import runtime_choice
from mammolens.models.devices import choose_device
from mammolens.types import ImageAttributes

from .engines import OneByOne


def scored(archive: Path | str, results: Path, model: Path, **options):
    source = archive if isinstance(archive, ArchiveSource) else open_archive(str(archive))
    return score_archive(source, results, Scoring(model), OneByOne(), **options)


def test_rows_have_the_numbers_of_a_prediction(an_archive, a_trained_model, a_predictor, rows_of, tmp_path):
    scored(an_archive, tmp_path, a_trained_model)
    files = sorted(an_archive.rglob("*.dcm"))
    records = {
        str(mammogram.header.path.relative_to(an_archive)): result.record
        for mammogram, result in predict_files(a_predictor, files)
    }
    images = {row["image"]: row for row in rows_of(tmp_path, "images")}
    assert {name for name, row in images.items() if row["failure"] is None} == records.keys()
    for name, record in records.items():
        row = images[name]
        assert row["pred_score"] == pytest.approx(record.pred_score, rel=1e-5)
        assert (row["patient"], row["exam"], row["laterality"], row["view"]) == (
            record.patient, record.exam, record.laterality, record.view,
        )  # fmt: skip
        assert (row["rows"], row["columns"], row["is_anomalous"]) == (record.rows, record.columns, record.is_anomalous)
        assert row["quality_flags"] == record.quality_flags
    exams = {row["exam"]: row for row in rows_of(tmp_path, "exams")}
    assert len(exams) == 3
    for record in records.values():
        assert exams[record.exam]["exam_score"] == pytest.approx(record.exam_score, rel=1e-5)
        assert exams[record.exam]["exam_is_anomalous"] == record.exam_is_anomalous


def test_an_image_without_a_score_is_a_row_with_the_reason(an_archive, a_trained_model, rows_of, tmp_path):
    manifest = scored(an_archive, tmp_path, a_trained_model)
    failed = {row["image"]: row for row in rows_of(tmp_path, "images") if row["failure"]}
    assert len(failed) == 2
    (broken,) = (row for name, row in failed.items() if name.endswith("R_MLO.dcm"))
    assert broken["failure"] == "pixel_data"
    assert broken["patient"]
    assert failed["cut.dcm"]["patient"] is None
    assert all(row["failure_reason"] and row["failure_remedy"] and row["pred_score"] is None for row in failed.values())
    assert manifest.complete
    assert (manifest.images, manifest.exams, sum(manifest.failures.values())) == (13, 3, 2)
    (exam,) = (row for row in rows_of(tmp_path, "exams") if row["images_failed"])
    assert (exam["images"], exam["views"]) == (3, ["L CC", "L MLO", "R CC"])


def test_a_complete_run_is_not_repeated(an_archive, a_trained_model, rows_of, tmp_path):
    first = scored(an_archive, tmp_path, a_trained_model)
    before = rows_of(tmp_path, "images")

    class Unused:
        def map(self, work, items, crashed):
            assert not list(items)
            return iter(())

    again = score_archive(open_archive(str(an_archive)), tmp_path, Scoring(a_trained_model), Unused())
    assert again == first
    assert rows_of(tmp_path, "images") == before


def test_shards_have_whole_patients_and_together_all_images_once(an_archive, a_trained_model, rows_of, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    scored(an_archive, whole, a_trained_model)
    for number in (1, 2, 3):
        manifest = scored(an_archive, parts, a_trained_model, shard=Shard(number, 3))
        assert (manifest.shard, manifest.shards) == (number, 3)
    key = lambda row: row["image"]  # noqa: E731
    assert sorted(rows_of(parts, "images"), key=key) == sorted(rows_of(whole, "images"), key=key)
    assert sorted(rows_of(parts, "exams"), key=lambda row: row["exam"]) == sorted(
        rows_of(whole, "exams"), key=lambda row: row["exam"]
    )


def test_a_folder_with_scores_of_another_kind_is_refused(an_archive, a_trained_model, phantoms, tmp_path):
    scored(an_archive, tmp_path, a_trained_model)
    other = an_archive / phantoms.patients[0]
    with pytest.raises(DatasetError, match="choose another folder"):
        scored(other, tmp_path, a_trained_model)
    with pytest.raises(DatasetError, match="1 shards"):
        scored(an_archive, tmp_path, a_trained_model, shard=Shard(1, 2))
    coarse = Scoring(a_trained_model, device=choose_device("cpu", "bfloat16"))
    for scoring in (Scoring(a_trained_model, True), coarse, Scoring(a_trained_model, all_details=True)):
        with pytest.raises(DatasetError, match="without thumbnails, reduced details, runtime torch, device cpu"):
            score_archive(open_archive(str(an_archive)), tmp_path, scoring, OneByOne())


@pytest.fixture
def another_is_fastest(monkeypatch):
    """A probe in which ONNX Runtime wins, once."""
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    probed = []

    def seconds(runtimes, _):
        probed.append(True)
        assert len(probed) == 1, "a continued run takes the runtime of the first"
        return {runtime.name: float(runtime.name is not RuntimeName.ONNXRUNTIME) for runtime in runtimes}

    monkeypatch.setattr(runtime_choice, "seconds_of", seconds)


def test_a_shard_is_scored_by_one_runtime(an_archive, a_trained_model, another_is_fastest, rows_of, tmp_path):
    archive, scoring = open_archive(str(an_archive)), Scoring(a_trained_model, runtime=RuntimeName.AUTO)
    scored(an_archive, tmp_path / "torch", a_trained_model)
    for _ in ("first", "continued"):
        assert score_archive(archive, tmp_path / "auto", scoring, OneByOne()).runtime is RuntimeName.ONNXRUNTIME
    torch, other = (
        {row["image"]: row["pred_score"] for row in rows_of(tmp_path / name, "images")} for name in ("torch", "auto")
    )
    assert torch == pytest.approx(other, abs=1e-3)
    with pytest.raises(DatasetError, match="runtime onnxruntime"):
        scored(an_archive, tmp_path / "auto", a_trained_model)


def test_one_process_at_a_time_scores_a_shard(an_archive, a_trained_model, tmp_path):
    class Second:
        def map(self, work, items, crashed):
            with pytest.raises(StorageError, match="another process writes shard-1-of-1"):
                scored(an_archive, tmp_path, a_trained_model)
            return OneByOne().map(work, items, crashed)

    results = tmp_path
    score_archive(open_archive(str(an_archive)), results, Scoring(a_trained_model), IndexedFirst(Second()))


class IndexedFirst:
    """One engine for the index, another for the scores."""

    def __init__(self, then) -> None:
        self._engines = [OneByOne(), then]

    def map(self, work, items, crashed):
        return self._engines.pop(0).map(work, items, crashed)


def test_a_source_without_an_image_is_refused(a_trained_model, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="contains no image"):
        scored(tmp_path / "empty", tmp_path / "out", a_trained_model)


def test_what_a_table_says_wins(an_archive, a_trained_model, rows_of, tmp_path):
    scored(an_archive, tmp_path, a_trained_model, known=lambda _: replace(ImageAttributes(), machine_id="49"))
    machines = Counter(row["acquisition_group"] for row in rows_of(tmp_path, "images") if not row["failure"])
    assert machines == {"49": 11}


def test_thumbnails_are_pictures_and_change_no_score(an_archive, a_trained_model, rows_of, tmp_path):
    scored(an_archive, tmp_path / "plain", a_trained_model)
    score_archive(open_archive(str(an_archive)), tmp_path / "seen", Scoring(a_trained_model, True), OneByOne())
    plain, seen = rows_of(tmp_path / "plain", "images"), rows_of(tmp_path / "seen", "images")
    pictures = ("thumbnail", "thumbnail_overlay")
    assert [{k: v for k, v in row.items() if k not in pictures} for row in seen] == [
        {k: v for k, v in row.items() if k not in pictures} for row in plain
    ]
    for row in seen:
        for name in pictures:
            assert (row[name] is None) == (row["failure"] is not None)
            assert row[name] is None or row[name].startswith(b"\xff\xd8")


def test_a_list_gives_images_relative_to_its_folder(an_archive, a_trained_model, rows_of, tmp_path):
    names = sorted(str(path.relative_to(an_archive)) for path in an_archive.rglob("L_*.dcm"))
    listed = an_archive / "list.txt"
    listed.write_text("\n".join([*names, "", names[0], "missing.dcm"]))
    try:
        scored(listed, tmp_path, a_trained_model)
    finally:
        listed.unlink()
    rows = {row["image"]: row["failure"] for row in rows_of(tmp_path, "images")}
    assert rows == dict.fromkeys(names) | {"missing.dcm": "unreadable"}


def test_images_that_only_this_process_can_read_are_fetched_and_removed(an_archive, a_trained_model, rows_of, tmp_path):
    fetched: list[Path] = []

    def fetch(location, path, *, header_only):
        if location.endswith("L_CC.dcm"):
            raise InputError(location, "the PACS has it no more", "refresh")
        if not header_only:
            assert len([one for one in fetched if one.exists()]) <= 4
            fetched.append(path)
        path.write_bytes(Path(location).read_bytes())

    folder = open_archive(str(an_archive))
    scored(ArchiveSource("pacs", folder.images, fetch), tmp_path / "fetched", a_trained_model)
    scored(an_archive, tmp_path / "read", a_trained_model)
    whole = {row["image"]: row for row in rows_of(tmp_path / "read", "images")}
    for row in rows_of(tmp_path / "fetched", "images"):
        if row["image"].endswith("L_CC.dcm"):
            assert row["failure_reason"] == "the PACS has it no more"
        elif row["failure"] is None:
            assert row == whole[row["image"]]
    assert fetched
    assert not any(path.exists() for path in fetched)
