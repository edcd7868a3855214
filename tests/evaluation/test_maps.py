from dataclasses import replace

import pytest

from mammolens.evaluation.maps import measure_maps
from mammolens.evaluation.results import ClassCount


@pytest.fixture
def found(images_with_everything):
    return list(measure_maps(images_with_everything, 100, 0, 0.95))


def test_the_model_comes_first_and_every_other_map_is_compared_with_it(found):
    assert [one.name for one in found] == ["model", "blob"]
    model, blob = found
    assert model.pixel_auroc_gain is None
    assert blob.pixel_auroc_gain.value == pytest.approx(model.pixel_auroc.value - blob.pixel_auroc.value)
    assert blob.pixel_auroc_gain.low > 0
    assert blob.hit_rate_gain.value == pytest.approx(model.hit_rate.value - blob.hit_rate.value)


def test_counts_are_of_images_with_and_without_a_lesion_and_of_abnormal_patients(found):
    assert found[0].images == ClassCount(120, 120)
    assert found[0].lesions == 120
    assert found[0].pixel_auroc.n_patients == 60
    assert found[0].froc[0].found.n_patients == 120


def test_sensitivity_grows_with_the_false_marks_that_are_allowed(found):
    values = [point.found.value for point in found[0].froc]
    assert values == sorted(values)
    assert [point.false_positives_per_image for point in found[0].froc] == [0.25, 0.5, 1, 2, 4]


def test_a_map_of_some_images_is_compared_on_those_alone(images_with_everything):
    some = [
        image if at < 60 else replace(image, localisations={"model": image.localisations["model"]})
        for at, image in enumerate(images_with_everything)
    ]
    model, blob = measure_maps(some, 50, 0, 0.95)
    assert (model.images, blob.images) == (ClassCount(120, 120), ClassCount(30, 30))
    own = next(measure_maps(some[:60], 50, 0, 0.95))
    assert blob.pixel_auroc_gain.value == pytest.approx(own.pixel_auroc.value - blob.pixel_auroc.value)


def test_without_lesions_no_map_is_measured(images_with_everything, images_of_two_sites):
    normals = [image for image in images_with_everything if not image.abnormal]
    assert list(measure_maps(normals, 20, 0, 0.95)) == []
    assert list(measure_maps(images_of_two_sites, 20, 0, 0.95)) == []
