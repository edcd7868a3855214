from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import InvertibleTransform, MapTransform

from mammolens.enums import Keys
from mammolens.transforms.base import InvertibleTransformd, derived
from mammolens.transforms.crop import CropToBreastd
from mammolens.transforms.normalize import NormalizeInBreastd
from mammolens.transforms.orient import OrientToLeftd
from mammolens.transforms.resample import ResizeToSquared
from mammolens.transforms.resample_mm import ResizeToPixelSized

TRANSFORMS = [
    OrientToLeftd(),
    CropToBreastd(),
    ResizeToSquared(64),
    ResizeToPixelSized(2.0, 160),
    NormalizeInBreastd(),
]


@pytest.fixture
def data(a_view, tensor_of) -> dict[str, MetaTensor]:
    images = {Keys.IMAGE: a_view.pixels, Keys.BREAST_MASK: a_view.breast_mask, Keys.LESIONS: a_view.breast_mask}
    return {key: tensor_of(image) for key, image in images.items()}


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: type(transform).__name__)
def test_each_transform_leaves_a_trace_that_its_inverse_takes_back(data, transform):
    assert isinstance(transform, MapTransform)
    assert isinstance(transform, InvertibleTransform)
    there = transform(data)
    for key in transform.keys:
        assert [operation["class"] for operation in there[key].applied_operations] == [
            type(transform.transform).__name__
        ]
        assert there[key].meta == data[key].meta
    back = transform.inverse(there)
    for key in transform.keys:
        assert back[key].applied_operations == []
        assert (back[key].shape, back[key].dtype, type(back[key])) == (data[key].shape, torch.float32, MetaTensor)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: type(transform).__name__)
def test_what_comes_in_stays_as_it_is(data, transform):
    before = {key: value.clone() for key, value in data.items()}
    transform(data)
    for key, value in before.items():
        torch.testing.assert_close(data[key], value, rtol=0, atol=0)
        assert data[key].applied_operations == []


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: type(transform).__name__)
def test_a_trace_of_another_transform_is_refused(data, transform):
    other = next(one for one in TRANSFORMS if one is not transform and Keys.IMAGE in one.keys)
    with pytest.raises(RuntimeError, match="getting the most recently applied invertible transform"):
        transform.inverse(other(data))


def test_missing_keys_are_passed_over(data):
    only = {Keys.IMAGE: data[Keys.IMAGE], "other": 7}
    resized = ResizeToSquared(64)(only)
    assert resized.keys() == only.keys()
    assert resized["other"] == 7


def test_derived_values_carry_copies_of_meta_data_and_trace(data):
    image = ResizeToSquared(64)(data)[Keys.IMAGE]
    other = derived(image, torch.zeros(1, 3, 3))
    other.meta["new"] = 1
    other.applied_operations.clear()
    assert "new" not in image.meta
    assert len(image.applied_operations) == 1


def test_a_guided_transform_sees_the_mask_as_it_lies_before(data):
    class Probe(InvertibleTransform):
        def __call__(self, image: MetaTensor, mask: torch.Tensor) -> MetaTensor:  # type: ignore[override]
            seen.append(mask)
            return MetaTensor(image.as_tensor() + 1)

    seen: list[torch.Tensor] = []
    InvertibleTransformd(Probe(), (Keys.BREAST_MASK, Keys.IMAGE), guided=True)(data)
    for mask in seen:
        torch.testing.assert_close(mask, data[Keys.BREAST_MASK].as_tensor())
    assert len(seen) == 2
