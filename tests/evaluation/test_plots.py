from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import auc

from mammolens.evaluation.plots import (
    calibration_figure,
    decision_threshold,
    histogram_figure,
    reliability_figure,
    roc_figure,
)
from mammolens.evaluation.score_evaluation import evaluate_scores
from mammolens.evaluation.scored import columns


@pytest.fixture
def evaluation(images_of_two_sites):
    return evaluate_scores(images_of_two_sites, alpha=0.1, n_bootstrap=100)


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def the_line(figure, label):
    return next(line for line in figure.axes[0].lines if str(line.get_label()).startswith(label))


def test_every_figure_has_a_title_labelled_axes_and_the_notice(images_of_two_sites, evaluation):
    figures = [make(images_of_two_sites, evaluation) for make in (roc_figure, calibration_figure, reliability_figure)]
    for figure in [*figures, histogram_figure(images_of_two_sites)]:
        axes = figure.axes[0]
        assert axes.get_title(loc="left")
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        assert [text.get_text() for text in figure.texts] == ["Research use only, not a medical device"]


def test_the_roc_has_a_line_a_group_with_images_patients_and_auroc(images_of_two_sites, evaluation):
    labels = legend(roc_figure(images_of_two_sites, evaluation))
    assert labels[1].startswith("all (240 images, 120 patients): AUROC 0.")
    assert [label.split(" (")[0] for label in labels[2:4]] == ["site 1", "site 2"]


def test_the_drawn_curve_encloses_the_auroc(images_of_two_sites, evaluation):
    curve = the_line(roc_figure(images_of_two_sites, evaluation), "all")
    area = auc(curve.get_xdata(), curve.get_ydata())
    assert area == pytest.approx(evaluation.groups[0].metrics["auroc"].value)


def test_the_band_lies_around_the_curve(images_of_two_sites, evaluation):
    figure = roc_figure(images_of_two_sites, evaluation)
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    at = band[np.isclose(band[:, 0], 0.3), 1]
    curve = the_line(figure, "all")
    sensitivity = curve.get_ydata()[curve.get_xdata() <= 0.3].max()
    assert at.min() < sensitivity < at.max()


def test_a_site_without_abnormals_has_no_curve(images_of_two_sites):
    images = [image for image in images_of_two_sites if image.site == "1" or not image.abnormal]
    labels = legend(roc_figure(images, evaluate_scores(images, alpha=0.1, n_bootstrap=20)))
    assert not any(label.startswith("site 2") for label in labels)


def test_the_histogram_tells_classes_counts_and_threshold(images_of_two_sites):
    labels = legend(histogram_figure(images_of_two_sites))
    assert labels[:2] == ["normal (120 images, 60 patients)", "abnormal (120 images, 60 patients)"]
    assert labels[2].startswith("flagged from ")


def test_the_bars_of_a_class_add_up_to_one_although_scores_lie_beyond(images_of_two_sites):
    far = [replace(images_of_two_sites[0], pred_score=1e6), *images_of_two_sites[1:]]
    axes = histogram_figure(far).axes[0]
    assert sum(bar.get_height() for bar in axes.containers[0]) == pytest.approx(1)
    assert "all higher scores" in axes.get_xlabel()


def test_equal_scores_can_be_drawn(an_image):
    histogram_figure([an_image("a"), an_image("b", abnormal=True)])


def test_the_threshold_is_the_lowest_flagged_score_unless_no_single_score_parts_them(an_image):
    scored = [(1.0, False), (2.0, True), (3.0, True)]
    images = [an_image(str(score), pred_score=score, is_anomalous=flagged) for score, flagged in scored]
    assert decision_threshold(columns(images)) == 2
    assert decision_threshold(columns([*images, an_image("x", pred_score=2.5)])) is None
    assert decision_threshold(columns(images[:1])) is None
    assert decision_threshold(columns(images[1:])) is None


def test_the_realised_rate_at_alpha_is_the_share_of_normals_flagged(images_of_two_sites, evaluation):
    curve = the_line(calibration_figure(images_of_two_sites, evaluation), "all, normal (120 images, 60 patients)")
    drawn = np.interp(0.1, curve.get_xdata(), curve.get_ydata())
    assert drawn == pytest.approx(evaluation.groups[0].metrics["false_positive_rate"].value, abs=0.02)


def test_a_p_value_that_equals_alpha_counts_as_flagged(images_of_two_sites):
    halves = [replace(image, p_value=0.5) for image in images_of_two_sites]
    figure = calibration_figure(halves, evaluate_scores(halves, alpha=0.1, n_bootstrap=20))
    assert the_line(figure, "all").get_ydata()[-2:].tolist() == [0, 1]


def test_uniform_p_values_of_normals_stay_within_the_band(an_image):
    p_values = np.random.default_rng(5).random(300)
    images = [an_image(str(n), patient_id=str(n), p_value=float(p)) for n, p in enumerate(p_values)]
    images.append(an_image("x", patient_id="x", abnormal=True))
    figure = calibration_figure(images, evaluate_scores(images, alpha=0.1, n_bootstrap=20))
    band = figure.axes[0].collections[0].get_paths()[0].vertices
    at = band[np.isclose(band[:, 0], 0.25, atol=0.002), 1]
    assert at.min() < np.mean(p_values <= 0.25) < at.max()


def test_reliability_is_the_distribution_of_the_exams_p_values(images_with_everything):
    figure = reliability_figure(
        images_with_everything, evaluate_scores(images_with_everything, alpha=0.1, n_bootstrap=20)
    )
    curve = the_line(figure, "all, normal (60 exams, 60 patients)")
    p_values = {i.exam_id: i.exam_p_value for i in images_with_everything if not i.abnormal}.values()
    assert (curve.get_xdata()[-1], curve.get_ydata()[-1]) == (1, 1)
    at = curve.get_xdata().tolist().index(0.5)
    assert curve.get_ydata()[at] == np.mean([p <= 0.5 for p in p_values])


def test_without_exams_reliability_is_that_of_images(images_of_two_sites, evaluation):
    figure = reliability_figure(images_of_two_sites, evaluation)
    assert "normal images" in figure.axes[0].get_title(loc="left")
