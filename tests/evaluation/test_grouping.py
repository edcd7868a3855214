from dataclasses import replace

import pytest

from mammolens.evaluation.grouping import by_machine, by_site, by_trait


def test_a_single_site_is_not_listed_beside_all(images_of_two_sites):
    one_site = [replace(image, site="1") for image in images_of_two_sites]
    assert [name for name, _ in by_site(one_site)] == ["all"]


def test_images_without_a_site_stand_in_all_only(images_of_two_sites):
    some = [replace(image, site=None if image.site == "2" else "1") for image in images_of_two_sites]
    assert [(name, len(images)) for name, images in by_site(some)] == [("all", 240), ("site 1", 160)]


def test_machines_are_told_apart_where_they_differ(images_with_everything):
    assert [(name, len(images)) for name, images in by_machine(images_with_everything)] == [
        ("machine m1", 160),
        ("machine m2", 80),
    ]


@pytest.mark.parametrize(
    ("dimension", "covariates", "value"),
    [
        ("age", {"age": "59.9"}, "50-59"),
        ("age", {"PatientAge": "070Y"}, "70-79"),
        ("density", {"density": "C"}, "C"),
        ("density", {"tissue": "G"}, "G"),
    ],
)
def test_decade_and_density_are_read_from_the_covariates(an_image, dimension, covariates, value):
    other = {"age": "20", "density": "A"}
    groups = dict(by_trait([an_image(covariates=covariates), an_image("b", covariates=other)], dimension))
    assert [image.path.name for image in groups[value]] == ["a.png"]


def test_what_is_unknown_is_in_no_group(an_image):
    images = [an_image(covariates={"age": age}) for age in ("50", "61", "unknown", "")]
    assert [(name, len(members)) for name, members in by_trait(images, "age")] == [("50-59", 1), ("60-69", 1)]
