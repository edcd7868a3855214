import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mammolens.evaluation import froc
from mammolens.evaluation.localisation import Localisation, bin_keys, localise


def marks(lesions, *pairs):
    return Localisation(lesions, tuple(pairs), (1,) if lesions else (), (1,) if lesions else (), (1,) * bool(lesions))


def at(statistic, weights):
    return float(statistic(np.array([weights], np.float64))[0])


@pytest.fixture
def three_images():
    """Two lesions, one of them marked twice, beside false marks; a lesion that no mark finds; a normal image."""
    return [
        marks(2, (5.0, 0), (4.0, -1), (3.0, 0), (2.0, 1)),
        marks(1, (4.5, -1)),
        marks(0, (1.0, -1), (0.5, -1)),
    ]


def test_the_froc_curve_of_three_images_is_the_one_worked_out_by_hand(three_images):
    false, found = froc.froc_curve(three_images, np.ones(3))
    assert false.tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 2 / 3, 1, 4 / 3])
    assert found.tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 2 / 3])


@pytest.mark.parametrize(("false_positives_per_image", "found"), [(0, 1 / 3), (0.5, 1 / 3), (2 / 3, 2 / 3), (4, 2 / 3)])
def test_sensitivity_is_read_at_the_lowest_threshold_allowed(three_images, false_positives_per_image, found):
    assert at(froc.froc(three_images, false_positives_per_image), [1, 1, 1]) == pytest.approx(found)


def test_a_mark_that_ties_with_a_false_one_falls_with_it():
    tied = [marks(1, (2.0, -1), (2.0, 0))]
    assert at(froc.froc(tied, 0.5), [1]) == 0
    assert at(froc.froc(tied, 1), [1]) == 1


def test_an_image_drawn_twice_counts_twice(three_images):
    assert at(froc.froc(three_images, 0), [2, 1, 1]) == pytest.approx(2 / 5)
    assert at(froc.froc(three_images, 0), [2, 1, 1]) == at(froc.froc([three_images[0], *three_images], 0), [1, 1, 1, 1])


def test_without_lesions_the_froc_is_undefined(three_images):
    assert np.isnan(at(froc.froc(three_images[2:], 1), [1]))


def test_the_hit_rate_is_the_share_of_images_whose_first_mark_lies_on_a_lesion(three_images):
    assert at(froc.hit_rate(three_images[:2]), [1, 1]) == 0.5
    assert at(froc.hit_rate(three_images[:2]), [3, 1]) == 0.75


@pytest.fixture
def maps_with_truth():
    """Five maps with a lesion of another brightness each, as localisations and as pixels."""
    rng, places, pixels = np.random.default_rng(3), [], []
    for number in range(5):
        lesions = np.zeros((30, 30), np.int32)
        lesions[5 : 10 + number, 4:12] = 1
        values = (rng.gamma(2, 1 + number, (30, 30)) + number * lesions).astype(np.float32)
        breast = np.ones((30, 30), np.bool_)
        places.append(localise(values, breast, breast, lesions))
        pixels.append((lesions.ravel() > 0, values.ravel()))
    return places, pixels


def test_pixel_auroc_agrees_with_scikit_learn_on_the_same_bins_and_nearly_on_the_values(maps_with_truth):
    places, pixels = maps_with_truth
    truth, values = (np.concatenate(column) for column in zip(*pixels, strict=True))
    found = at(froc.pixel_auroc(places), [1] * 5)
    assert found == pytest.approx(roc_auc_score(truth, bin_keys(values)), abs=1e-12)
    assert found == pytest.approx(roc_auc_score(truth, values), abs=1e-3)


def test_a_resample_of_images_is_what_scikit_learn_finds_on_their_pixels(maps_with_truth):
    places, pixels = maps_with_truth
    weights = [2, 0, 1, 0, 3]
    drawn = [pixels[image] for image, times in enumerate(weights) for _ in range(times)]
    truth, values = (np.concatenate(column) for column in zip(*drawn, strict=True))
    assert at(froc.pixel_auroc(places), weights) == pytest.approx(roc_auc_score(truth, bin_keys(values)), abs=1e-12)


def test_pixel_auroc_within_images_is_the_mean_of_each_images_own(maps_with_truth):
    places, pixels = maps_with_truth
    own = [roc_auc_score(truth, bin_keys(values)) for truth, values in pixels]
    assert at(froc.pixel_auroc_within(places), [1] * 5) == pytest.approx(np.mean(own))
    assert at(froc.pixel_auroc_within(places), [0, 0, 1, 0, 1]) == pytest.approx((own[2] + own[4]) / 2)


def test_a_lesion_beyond_the_breast_counts_as_missed_but_has_no_pixel_auroc(maps_with_truth):
    places = [*maps_with_truth[0], Localisation(1, ((1.0, -1),), (5,), (900,), (0,))]
    assert at(froc.pixel_auroc(places), [1] * 6) == at(froc.pixel_auroc(places[:5]), [1] * 5)
    assert at(froc.hit_rate(places), [0] * 5 + [1]) == 0
