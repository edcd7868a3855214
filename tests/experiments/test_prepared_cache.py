from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from mammolens.config import PreprocessingConfig
from mammolens.errors import InputError
from mammolens.experiments.prepared_cache import CachingPipeline, PreparedImageCache
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import ImageAttributes

KILOBYTE = 1024


@pytest.fixture
def a_kilobyte():
    """Makes prepared images of 1024 bytes and counts them."""

    class Maker:
        made = 0

        def __call__(self):
            self.made += 1
            return Prepared(MetaTensor(torch.zeros(1, 8, 16)), MetaTensor(torch.zeros(1, 8, 16)), 0.5, 0.5)

    return Maker()


def test_an_image_is_prepared_once(a_kilobyte):
    cache = PreparedImageCache(10 * KILOBYTE)
    first = cache.get_or_prepare("way", "image", a_kilobyte)
    assert cache.get_or_prepare("way", "image", a_kilobyte) is first
    assert a_kilobyte.made == 1


def test_another_image_and_another_way_are_prepared_by_themselves(a_kilobyte):
    cache = PreparedImageCache(10 * KILOBYTE)
    for way, image in (("way", "image"), ("way", "other"), ("other", "image")):
        cache.get_or_prepare(way, image, a_kilobyte)
    assert a_kilobyte.made == 3


def test_a_full_memory_makes_room_by_the_longest_unused_way(a_kilobyte):
    cache = PreparedImageCache(2 * KILOBYTE)
    for way in ("first", "second", "first", "third", "first"):
        cache.get_or_prepare(way, "image", a_kilobyte)
    assert a_kilobyte.made == 3
    cache.get_or_prepare("second", "image", a_kilobyte)
    assert a_kilobyte.made == 4


def test_what_finds_no_room_is_prepared_again_and_pushes_nothing_out(a_kilobyte):
    cache = PreparedImageCache(2 * KILOBYTE)
    for _ in range(2):
        for image in ("one", "two", "three"):
            cache.get_or_prepare("way", image, a_kilobyte)
    assert a_kilobyte.made == 4


def test_an_error_is_not_remembered(a_kilobyte):
    cache = PreparedImageCache(KILOBYTE)

    def fail():
        raise InputError("image", "cannot be read", "mend it")

    with pytest.raises(InputError):
        cache.get_or_prepare("way", "image", fail)
    cache.get_or_prepare("way", "image", a_kilobyte)
    assert a_kilobyte.made == 1


def test_a_pipeline_reads_a_file_once_and_gives_what_a_plain_one_does(phantoms, tmp_path):
    source = phantoms.cases[0].path
    copy = tmp_path / "image.dcm"
    copy.write_bytes(source.read_bytes())
    config = PreprocessingConfig(size=32)
    pipeline = CachingPipeline(Pipeline(config), PreparedImageCache(10**6))
    first = pipeline.load(copy, ImageAttributes())
    copy.unlink()
    again = pipeline.load(copy, ImageAttributes())
    plain = Pipeline(config).load(source, ImageAttributes())
    assert again is first
    assert torch.equal(first.image.as_tensor(), plain.image.as_tensor())
    assert torch.equal(first.mask.as_tensor(), plain.mask.as_tensor())


def test_pipelines_of_other_preprocessing_do_not_mix(phantoms):
    cache = PreparedImageCache(10**6)
    sizes = [
        CachingPipeline(Pipeline(PreprocessingConfig(size=size)), cache)
        .load(phantoms.cases[0].path, ImageAttributes())
        .image.shape[-1]
        for size in (32, 64)
    ]
    assert sizes == [32, 64]
