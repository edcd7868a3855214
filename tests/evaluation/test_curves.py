import numpy as np
import pytest

from mammolens.evaluation.curves import froc_figure, triage_figure
from mammolens.evaluation.score_evaluation import evaluate_scores


@pytest.fixture
def evaluation(images_with_everything):
    return evaluate_scores(images_with_everything, alpha=0.1, n_bootstrap=50)


def the_line(figure, label):
    return next(line for line in figure.axes[0].lines if str(line.get_label()).startswith(label))


def test_the_triage_curve_passes_through_the_points_of_the_table(images_with_everything, evaluation):
    figure = triage_figure(images_with_everything, evaluation)
    curve = the_line(figure, "all (60 normal, 60 abnormal exams)")
    for point in evaluation.triage:
        at = np.isclose(curve.get_xdata(), point.set_aside)
        assert curve.get_ydata()[at] == pytest.approx(point.missed.value)
    assert curve.get_ydata()[0] == 0


def test_the_froc_has_a_line_a_map_that_agrees_with_the_table(images_with_everything, evaluation):
    figure = froc_figure(images_with_everything, evaluation)
    for found in evaluation.maps:
        curve = the_line(figure, found.name)
        for point in found.froc:
            below = curve.get_xdata() <= point.false_positives_per_image + 1e-9
            assert curve.get_ydata()[below].max() == pytest.approx(point.found.value)


def test_both_have_labelled_axes_and_the_notice(images_with_everything, evaluation):
    for make in (triage_figure, froc_figure):
        figure = make(images_with_everything, evaluation)
        assert figure.axes[0].get_xlabel()
        assert figure.axes[0].get_ylabel()
        assert figure.texts[0].get_text() == "Research use only, not a medical device"
