from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammolens.config import PreprocessingConfig
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.evaluation.lesion_insertion import LesionInsertionPipeline, insert_lesion
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import ImageAttributes, Mammogram

HEIGHT_MM = 240.0  # of the fixtures' images, too


@pytest.fixture
def a_normal(an_exam):
    return an_exam[0]


def test_the_lesion_is_bright_small_and_inside_the_breast(an_exam):
    # The fixture's patient is the phantom of seed 0, whose exact breast is known.
    views = make_phantom_exam(0, rows=192, columns=160, spacing=(1.25, 1.25)).views
    for mammogram, view in zip(an_exam, _in_order(an_exam, views), strict=True):
        for seed in range(5):
            added = insert_lesion(mammogram, seed, HEIGHT_MM).pixels - mammogram.pixels
            changed = added > 0.02
            assert added.min() >= 0
            assert 0.05 < added.max() <= 0.41
            assert 4 < changed.sum() * 1.25**2 < 40**2
            assert (changed & view.breast_mask).sum() > 0.8 * changed.sum()


def _in_order(exam, views):
    return [next(v for v in views if (v.laterality, v.view) == (m.header.laterality, m.header.view)) for m in exam]


def test_the_same_seed_plants_the_same_lesion_and_another_seed_another(a_normal):
    first, again, other = (insert_lesion(a_normal, seed, HEIGHT_MM).pixels for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_two_images_of_a_patient_get_two_lesions(an_exam):
    a_normal = an_exam[0]
    renamed = Mammogram(replace(a_normal.header, path=a_normal.header.path.with_name("other.dcm")), a_normal.pixels)
    assert not np.array_equal(insert_lesion(a_normal, 0, HEIGHT_MM).pixels, insert_lesion(renamed, 0, HEIGHT_MM).pixels)


def test_an_image_without_spacing_has_the_assumed_height_whatever_it_was_stretched_to(a_normal):
    rows, _ = a_normal.pixels.shape
    assert a_normal.header.spacing.between_rows == pytest.approx(240 / rows)  # so the fixture is of that size
    unknown = Mammogram(replace(a_normal.header, spacing=None), a_normal.pixels)
    assert np.array_equal(insert_lesion(unknown, 3, HEIGHT_MM).pixels, insert_lesion(a_normal, 3, HEIGHT_MM).pixels)
    stretched = Mammogram(
        replace(a_normal.header, spacing=None, pixel_aspect_ratio=2.0), np.repeat(a_normal.pixels, 2, axis=1)
    )
    changed = [insert_lesion(one, 3, HEIGHT_MM).pixels - one.pixels > 0.02 for one in (stretched, unknown)]
    assert changed[0].sum() == pytest.approx(2 * changed[1].sum(), rel=0.35)


def test_the_pipeline_plants_before_it_prepares(a_normal):
    config, path = PreprocessingConfig(size=32), a_normal.header.path
    inserted = LesionInsertionPipeline(config, 3).load(path, ImageAttributes())
    expected = Pipeline(config).prepare(insert_lesion(a_normal, 3, HEIGHT_MM))
    assert np.array_equal(inserted.image.numpy(), expected.image.numpy())
    assert not np.array_equal(inserted.image.numpy(), Pipeline(config).load(path, ImageAttributes()).image.numpy())


def test_the_pipeline_assumes_the_height_that_preprocessing_assumes(a_normal, tmp_path):
    path = tmp_path / "unspaced.png"
    Image.fromarray((255 * a_normal.pixels).astype(np.uint8)).save(path)
    inserted = [
        LesionInsertionPipeline(PreprocessingConfig(size=32, assumed_height_mm=height), 3).load(path, ImageAttributes())
        for height in (120, 240, 240)
    ]
    lower, usual, again = (prepared.image.numpy() for prepared in inserted)
    assert np.array_equal(usual, again)
    assert not np.array_equal(lower, usual)
