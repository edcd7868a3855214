from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.errors import InputError
from mammolens.inference.batch import predict_files
from mammolens.inference.presentation import INDEX, Presentation, present, problem_of


@pytest.fixture(scope="module")
def files(phantoms) -> dict[Path, str]:
    """Two patients with two views each, under names that are not those of the files."""
    chosen = [case.path for patient in phantoms.patients[:2] for case in phantoms.cases if case.patient_id == patient]
    return {path: f"given-{number}.dcm" for number, path in enumerate([*chosen[:2], *chosen[4:6]])}


@pytest.fixture(scope="module")
def folder(a_predictor, files, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("presented")
    present(a_predictor, files, folder)
    return folder


def test_numbers_are_those_of_the_predictor(a_predictor, files, folder):
    told = {view.record.path: view.record for exam in Presentation.load(folder).exams for view in exam.views}
    analysed = predict_files(a_predictor, list(files), {}, pytest.fail)
    expected = {files[mammogram.header.path]: result.record for mammogram, result in analysed}
    assert told == {name: record.model_copy(update={"path": name}) for name, record in expected.items()}


def test_exams_are_told_apart_and_every_file_that_is_named_is_there(folder):
    exams = Presentation.load(folder).exams
    assert [len(exam.views) for exam in exams] == [2, 2]
    for view in (view for exam in exams for view in exam.views):
        for name in (
            view.overlay,
            view.anomaly_map,
            view.image,
            view.network_input,
            view.reconstruction,
            *view.heat.values(),
        ):
            assert (folder / name).stat().st_size > 0
        assert list(view.heat) == list(view.record.levels)


def test_the_normal_exams_are_those_whose_p_value_is_told(a_predictor, folder):
    for exam in Presentation.load(folder).exams:
        record = exam.of_exam
        assert exam.normal_scores == sorted(exam.normal_scores)
        assert sum(exam.normal_weights) == pytest.approx(1)
        above = sum(
            weight
            for score, weight in zip(exam.normal_scores, exam.normal_weights, strict=True)
            if score >= record.exam_score
        )
        patients = a_predictor.calibration.exam_scales.whole.pooled.patients  # too few to tell machines apart
        assert record.exam_p_value == pytest.approx((1 + above * patients) / (1 + patients))
        flagged = exam.threshold is not None and record.exam_score >= exam.threshold
        assert flagged == record.exam_is_anomalous


def test_progress_is_told_for_good_and_bad_files_alike(a_predictor, files, tmp_path):
    bad = tmp_path / "bad.dcm"
    bad.write_text("no image")
    given = {bad: "bad", next(iter(files)): "good"}
    told: list[tuple[int, int, str]] = []
    presentation = present(a_predictor, given, tmp_path / "out", lambda *step: told.append(step))
    assert told == [(1, 2, "bad"), (2, 2, "good")]
    assert [problem.name for problem in presentation.problems] == ["bad"]
    assert len(presentation.exams) == 1


def test_a_problem_tells_no_path_of_this_computer(tmp_path):
    one, other = tmp_path / "1" / "a.dcm", tmp_path / "2" / "b.dcm"
    error = InputError(one, f"is the same image as {other}, but R here", "keep the right one")
    problem = problem_of(error, {one: "a.dcm", other: "b.dcm"})
    assert (problem.name, problem.reason) == ("a.dcm", "is the same image as b.dcm, but R here")


def test_an_index_of_another_version_is_an_error_with_the_remedy(tmp_path):
    (tmp_path / INDEX).write_text('{"exams": [{}]}')
    with pytest.raises(InputError, match="use the same version on both sides"):
        Presentation.load(tmp_path)
