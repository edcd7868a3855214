from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from mammolens.datasets.base import Dataset
from mammolens.errors import DatasetError
from mammolens.evaluation.records import scores_csv
from mammolens.evaluation.scored import ScoredImage
from mammolens.evaluation.scored_set import read_scores
from mammolens.experiments.cross_fit import CrossFit, ScoredFold
from mammolens.experiments.cross_report import folds_csv, pairs_of_one_model, report, with_scores_of
from mammolens.experiments.fold_scores import combined

DATASET = Dataset("set", (), "a licence", "a citation")


def scored(name, score, *, abnormal=False, site="1", exam="1"):
    return ScoredImage(
        path=Path(f"/data/{name}.dcm"),
        patient_id=name,
        exam_id=exam,
        abnormal=abnormal,
        site=site,
        laterality=None,
        view=None,
        pred_score=score,
        p_value=0.05 if score > 1.5 else 0.5,
        is_anomalous=score > 1.5,
    )


@pytest.fixture
def found():
    """Two models on very different scales; each of them tells its own pairs apart without a mistake."""
    ill = ("x", "y")
    first = [scored("a", 0.0), scored("b", 1.0), *(scored(name, 2.0, abnormal=True) for name in ill)]
    second = [scored("c", 100.0), scored("d", 101.0), *(scored(name, 102.0, abnormal=True) for name in ill)]
    folds = (ScoredFold(1, "m-1", tuple(first)), ScoredFold(2, "m-2", tuple(second)))
    return CrossFit(folds, tuple(combined({1: first, 2: second}, {"x": 1, "y": 2})))


def test_pairs_of_one_model_are_never_compared_over_models(found):
    same_model, same_site = pairs_of_one_model(found.folds, 50, 0)
    assert same_model.value == same_site.value == 1.0
    assert same_model.n_patients == 6


def test_pairs_of_one_site_are_those_of_one_site(found):
    elsewhere = tuple(
        replace(
            fold, images=tuple(replace(image, site="2") if image.patient_id in "ax" else image for image in fold.images)
        )
        for fold in found.folds
    )
    wrong = replace(elsewhere[0].images[0], pred_score=50.0)  # patient a, site 2, scores above every abnormal
    folds = (replace(elsewhere[0], images=(wrong, *elsewhere[0].images[1:])), elsewhere[1])
    same_model, same_site = pairs_of_one_model(folds, 50, 0)
    assert same_model.value == pytest.approx(6 / 8)
    assert same_site.value == pytest.approx(3 / 4)


def test_the_report_is_the_evaluations_and_tells_of_the_folds(found, a_quick_config, tmp_path):
    evaluation = report(found, a_quick_config, DATASET, tmp_path, n_bootstrap=50)
    assert evaluation.groups[0].counts.images.normal == 4
    page = (tmp_path / "evaluation.md").read_text()
    assert "set, cross-fitting in 2 folds" in page
    assert "quick: m-1, m-2" in page
    assert "Pairs scored by the same model: image AUROC 1.000" in page
    assert "Other images of patients with an abnormal image are not scored" in page
    assert "licence: a licence" in page
    assert {image.path for image in read_scores(tmp_path / "scores.csv")} == {image.path for image in found.images}
    first, second = csv.DictReader((tmp_path / "folds.csv").open())
    assert first == {
        "fold": "1", "model": "m-1", "normal_patients": "2", "normal_images": "2", "abnormal_images": "2",
        "auroc": "1.0000", "false_positives": "0.0000",
    }  # fmt: skip
    assert second["false_positives"] == "1.0000"


def test_another_run_is_compared_on_the_same_images(found, a_quick_config, tmp_path):
    other = tmp_path / "autoencoder" / "scores.csv"
    other.parent.mkdir()
    # It gets every pair wrong, on a computer where the data lie elsewhere; one image it has not.
    moved = [
        replace(image, path=Path("/elsewhere") / image.path.name, pred_score=-image.pred_score)
        for image in found.images
        if image.patient_id != "d"
    ]
    other.write_text(scores_csv(moved))
    evaluation = report(found, a_quick_config, DATASET, tmp_path / "out", against=[other], n_bootstrap=50)
    (comparison,) = evaluation.groups[0].comparisons
    assert comparison.baseline == "autoencoder"
    assert comparison.images.normal == 3
    ours, theirs = comparison.model_auroc.value, comparison.baseline_auroc.value
    assert theirs == pytest.approx(1 - ours)
    assert comparison.difference.value == pytest.approx(ours - theirs)


def test_scores_of_other_images_are_refused(found, tmp_path):
    other = tmp_path / "scores.csv"
    other.write_text(scores_csv([scored("stranger", 1.0)]))
    with pytest.raises(DatasetError, match=r"scores\.csv: contains only scores of other images"):
        with_scores_of(found.images, "other", other)


def test_an_exam_of_the_same_name_is_not_taken_for_another_patients(found, tmp_path):
    other = tmp_path / "scores.csv"
    other.write_text(scores_csv([scored("a", 7.0), scored("b", 7.0, exam="2")]))
    matched = {image.patient_id: image.other_scores for image in with_scores_of(found.images, "other", other)}
    assert matched["a"] == {"other": 7.0}
    assert matched["b"] == {}


def test_folds_are_a_line_each(found):
    assert len(folds_csv(found.folds).splitlines()) == 3
