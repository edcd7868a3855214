from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mammolens.errors import DatasetError
from mammolens.evaluation.decision_rule import DecisionRule
from mammolens.evaluation.grouping import by_site
from mammolens.evaluation.metrics import Metric
from mammolens.evaluation.results import ClassCount
from mammolens.evaluation.score_evaluation import SET_ASIDE, evaluate_scores


@pytest.fixture
def evaluation(images_of_two_sites):
    return evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=200)


def test_figures_agree_with_scikit_learn_in_all_and_in_each_site(evaluation, images_of_two_sites):
    for group, (_, images) in zip(evaluation.groups, by_site(images_of_two_sites), strict=True):
        abnormal, scores = [i.abnormal for i in images], [i.pred_score for i in images]
        assert group.metrics[Metric.AUROC].value == pytest.approx(roc_auc_score(abnormal, scores))
        assert group.metrics[Metric.AUPRC].value == pytest.approx(average_precision_score(abnormal, scores))
        flagged = [i.is_anomalous for i in images if not i.abnormal]
        assert group.metrics[Metric.FALSE_POSITIVE_RATE].value == pytest.approx(np.mean(flagged))


def test_groups_are_all_and_then_each_site(evaluation):
    assert [group.name for group in evaluation.groups] == ["all", "site 1", "site 2"]


def test_counts_tell_images_patients_breasts_and_exams_of_each_class(evaluation):
    counts = evaluation.groups[0].counts
    assert counts.images == ClassCount(120, 120)
    assert counts.patients == counts.breasts == counts.exams == ClassCount(60, 60)


def test_a_patient_with_one_abnormal_breast_is_abnormal_and_her_other_breast_normal(an_image):
    images = [an_image("l", abnormal=True), an_image("r", laterality="R"), an_image("n", patient_id="p2")]
    counts = evaluate_scores(images, alpha=0.1, n_bootstrap=20).groups[0].counts
    assert counts.patients == counts.exams == ClassCount(1, 1)
    assert counts.breasts == ClassCount(2, 1)


def test_fused_views_tell_more_than_single_ones(evaluation):
    figures = evaluation.groups[0].metrics
    assert figures[Metric.AUROC_BREAST].value > figures[Metric.AUROC].value
    assert figures[Metric.AUROC_BREAST] == figures[Metric.AUROC_EXAM]


def test_pairs_within_sites_are_measured_only_where_sites_differ(evaluation):
    measured = [Metric.AUROC_WITHIN_SITES in group.metrics for group in evaluation.groups]
    assert measured == [True, False, False]


def test_age_is_compared_on_the_images_that_tell_it(images_of_two_sites):
    some = [replace(i, covariates={}) if n < 40 else i for n, i in enumerate(images_of_two_sites)]
    (found,) = evaluate_scores(some, alpha=0.1, n_bootstrap=100).groups[0].comparisons
    assert found.baseline == "age"
    assert found.images == ClassCount(100, 100)
    assert found.model_auroc.n_patients == 100
    assert found.difference.value == pytest.approx(found.model_auroc.value - found.baseline_auroc.value)


def test_without_age_nothing_is_compared(images_of_two_sites):
    ageless = [replace(image, covariates={}) for image in images_of_two_sites]
    assert evaluate_scores(ageless, alpha=0.1, n_bootstrap=20).groups[0].comparisons == ()


def test_a_baseline_of_ones_own_is_compared_by_its_name(images_of_two_sites):
    own = {"twice": lambda images: np.array([2 * image.pred_score for image in images])}
    (found,) = evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=20, baselines=own).groups[0].comparisons
    assert (found.baseline, found.difference.value) == ("twice", 0)


def test_a_site_without_abnormals_has_a_false_positive_rate_but_no_auroc(images_of_two_sites):
    images = [image for image in images_of_two_sites if image.site == "1" or not image.abnormal]
    evaluation = evaluate_scores(images, alpha=0.1, n_bootstrap=50)
    figures = evaluation.groups[2].metrics
    assert np.isnan(figures[Metric.AUROC].value)
    assert figures[Metric.FALSE_POSITIVE_RATE].value >= 0
    assert any(caveat.startswith("site 2: only 0 abnormal patients") for caveat in evaluation.caveats)


def test_a_decision_that_is_not_the_promised_one_is_told(images_of_two_sites):
    assert any(
        "images were not decided by 'p <= 0.2'" in c for c in evaluate_scores(images_of_two_sites, alpha=0.2).caveats
    )
    assert not any(
        "not decided by" in c for c in evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=20).caveats
    )


def test_only_a_decision_that_the_rule_could_not_make_is_told(images_of_two_sites):
    for rule in (DecisionRule(confidence=0.9), DecisionRule("mean_std")):
        # Decided at 0.1, so images with p between 0.1 and 0.2 are spared, as a stricter threshold does.
        found = evaluate_scores(images_of_two_sites, alpha=0.2, n_bootstrap=20, rule=rule)
        assert not any("not decided by" in caveat for caveat in found.caveats)


def test_exams_of_unlike_size_in_the_two_classes_are_told(images_of_two_sites):
    def told(images):
        caveats = evaluate_scores(images, alpha=0.1, n_bootstrap=20).caveats
        return [caveat.split(":")[0] for caveat in caveats if "abnormal one" in caveat]

    one_view = [image for image in images_of_two_sites if not image.abnormal or image.view == "CC"]
    one_breast = [
        image if image.abnormal or image.view == "CC" else replace(image, laterality="R")
        for image in images_of_two_sites
    ]
    both = [image for image in one_breast if not image.abnormal or image.view == "CC"]
    assert told(both) == ["a normal exam has 2.0 images and 2.0 breasts, an abnormal one 1.0 and 1.0"]
    assert told(images_of_two_sites) == []
    assert told(one_view) == ["a normal exam has 2.0 images, an abnormal one 1.0"]
    assert told(one_breast) == ["a normal exam has 2.0 breasts, an abnormal one 1.0"]


def test_images_without_laterality_are_told_and_leave_breast_level_unmeasured(images_of_two_sites):
    unsided = [replace(image, laterality=None) for image in images_of_two_sites]
    evaluation = evaluate_scores(unsided, alpha=0.1, n_bootstrap=20)
    assert Metric.AUROC_BREAST not in evaluation.groups[0].metrics
    assert "240 images without laterality are excluded at breast level" in evaluation.caveats


def test_the_same_images_and_seed_give_the_same_evaluation_in_any_order(evaluation, images_of_two_sites):
    again = evaluate_scores(images_of_two_sites[::-1], alpha=0.1, n_bootstrap=200)
    assert [g.metrics[Metric.AUROC] for g in again.groups] == [g.metrics[Metric.AUROC] for g in evaluation.groups]


def test_one_class_alone_is_refused(images_of_two_sites):
    with pytest.raises(DatasetError, match="known to be abnormal"):
        evaluate_scores([image for image in images_of_two_sites if not image.abnormal], alpha=0.1)


@pytest.mark.parametrize("alpha", [0, 1, 10])
def test_an_alpha_that_is_no_share_is_refused(images_of_two_sites, alpha):
    with pytest.raises(ValueError, match="alpha"):
        evaluate_scores(images_of_two_sites, alpha=alpha)


@pytest.fixture
def everything(images_with_everything):
    return evaluate_scores(images_with_everything, alpha=0.1, n_bootstrap=50)


def test_exams_have_a_false_positive_rate_of_their_own_decision(everything, images_with_everything, evaluation):
    exams = {image.exam_id: image for image in images_with_everything}.values()
    figures = everything.groups[0].metrics
    for metric, abnormal in ((Metric.FALSE_POSITIVE_RATE_EXAM, False), (Metric.SENSITIVITY_EXAM, True)):
        flagged = [exam.exam_is_anomalous for exam in exams if exam.abnormal == abnormal]
        assert figures[metric].value == pytest.approx(np.mean(flagged))
    assert Metric.FALSE_POSITIVE_RATE_EXAM not in evaluation.groups[0].metrics


def test_exams_are_ranked_by_p_value_too(everything, images_with_everything):
    exams = list({image.exam_id: image for image in images_with_everything}.values())
    expected = roc_auc_score([exam.abnormal for exam in exams], [-exam.exam_p_value for exam in exams])
    assert everything.groups[0].metrics[Metric.AUROC_EXAM_P_VALUE].value == pytest.approx(expected)


def test_breasts_and_exams_have_an_auprc_that_agrees_with_scikit_learn(evaluation, images_of_two_sites):
    exams = {}
    for image in images_of_two_sites:
        exams.setdefault((image.exam_id, image.abnormal), []).append(image.pred_score)
    abnormal, scores = [ill for _, ill in exams], [np.mean(views) for views in exams.values()]
    figures = evaluation.groups[0].metrics
    assert figures[Metric.AUPRC_EXAM].value == pytest.approx(average_precision_score(abnormal, scores))
    assert figures[Metric.AUPRC_BREAST].value == figures[Metric.AUPRC_EXAM].value


def test_triage_counts_the_abnormal_exams_below_the_normals_set_aside(evaluation, images_of_two_sites):
    exams = {}
    for image in images_of_two_sites:
        exams.setdefault((image.exam_id, image.abnormal), []).append(image.pred_score)
    normal = sorted(np.mean(views) for (_, ill), views in exams.items() if not ill)
    abnormal = np.array([np.mean(views) for (_, ill), views in exams.items() if ill])
    for point, share in zip(evaluation.triage, SET_ASIDE, strict=True):
        assert point.set_aside == share
        assert point.missed.value == pytest.approx((abnormal <= normal[round(60 * share) - 1]).mean())


def test_subgroups_are_those_of_the_traits_that_differ(everything, images_with_everything):
    names = [(group.dimension, group.name) for group in everything.subgroups]
    assert names[:8] == [
        *[("site", "1"), ("site", "2"), ("machine", "m1"), ("machine", "m2")],
        *[("view", "CC"), ("view", "MLO"), ("density", "A"), ("density", "B")],
    ]
    assert {dimension for dimension, _ in names[8:]} == {"age"}
    for group in everything.subgroups[6:8]:
        images = [image for image in images_with_everything if image.covariates["density"] == group.name]
        assert group.images == ClassCount(*(sum(i.abnormal == ill for i in images) for ill in (False, True)))
        expected = roc_auc_score([i.abnormal for i in images], [i.pred_score for i in images])
        assert group.auroc.value == pytest.approx(expected)


def test_every_kept_score_is_compared_beside_age(everything):
    assert [found.baseline for found in everything.groups[0].comparisons] == ["age", "blob", "older, model"]


def test_lesions_can_be_measured_without_normals(images_with_everything):
    found = evaluate_scores([image for image in images_with_everything if image.abnormal], alpha=0.1, n_bootstrap=20)
    assert found.maps[0].pixel_auroc.value > 0.8
    assert np.isnan(found.groups[0].metrics[Metric.AUROC].value)
