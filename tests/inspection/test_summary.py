import itertools

import pytest

from mammolens.inspection.results import InspectedImage
from mammolens.inspection.summary import find_duplicates, find_leaks


def image(path, uid=None, patient="p", split=None, refused=None):
    nothing = dict.fromkeys(InspectedImage.model_fields)
    known = {
        "path": path,
        "quality_flags": [],
        "unusable_attributes": [],
        "patient": patient,
        "exam": "e",
        "sop_instance_uid": uid or path,
        "laterality_source": "header",
        "view_source": "header",
        "spacing_source": "none",
        "file_format": "DICOM",
        "split": split,
        "refused": refused,
    }
    return InspectedImage(**nothing | known)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_files_that_are_linked_by_identifier_or_pixels_are_one_group_in_any_order(order):
    images = [image("a", "1"), image("b", "1"), image("c", "2"), image("d", "3")]
    contents = ["x", "x", "x", "y"]
    (found,) = find_duplicates([images[place] for place in order], [contents[place] for place in order])
    assert sorted(found.paths) == ["a", "b", "c"]


def test_two_groups_stay_apart_and_refused_images_are_in_none():
    images = [image("a", "1"), image("b", "1"), image("c", "2"), image("d", "2"), image("e", "2", refused="damaged")]
    found = find_duplicates(images, [None] * 5)
    assert [one.paths for one in found] == [["a", "b"], ["c", "d"]]


def test_images_without_a_split_cannot_leak():
    images = [image("a", split="train"), image("b")]
    assert not find_leaks(images, ["s", "s"], [])
