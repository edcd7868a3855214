from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammolens.config import PreprocessingConfig
from mammolens.datasets.base import Case, Lesion
from mammolens.dicom.reader import read_mammogram
from mammolens.training.preparation import StoredCases, prepare_to_folder, prepared_cases
from mammolens.training.sample import Sample
from mammolens.training.stored_samples import StoredSamples
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import Mammogram


@pytest.fixture(scope="module")
def a_pipeline() -> Pipeline:
    return Pipeline(PreprocessingConfig(size=32))


@pytest.fixture
def broken_cases(six_patients, tmp_path) -> list[Case]:
    """A missing file, a text, half a DICOM file and an image without a breast."""
    text, half, empty = tmp_path / "text.dcm", tmp_path / "half.dcm", tmp_path / "black.png"
    text.write_text("no image")
    whole = six_patients.cases[0].path.read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    black = Image.new("L", (96, 96))
    black.putpixel((3, 3), 255)
    black.save(empty)
    return [Case(path, path.name, clean_normal=True) for path in (Path("/nowhere/gone.dcm"), text, half, empty)]


def test_usable_cases_come_in_order_and_the_others_are_left_out_with_a_line_each(
    six_patients, broken_cases, a_pipeline, tmp_path, caplog
):
    good = six_patients.cases[:3]
    mixed = [broken_cases[0], good[0], broken_cases[1], good[1], broken_cases[2], broken_cases[3], good[2]]
    steps: list[None] = []
    with caplog.at_level(logging.WARNING, logger="mammolens"):
        used = prepare_to_folder(mixed, a_pipeline, lambda: steps.append(None), trimmed=False, folder=tmp_path)
    assert used.cases == good
    assert len(steps) == len(mixed)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("mammolens")]
    assert [line.startswith(f"left out: {case.path}: ") for line, case in zip(lines, broken_cases, strict=True)]
    assert not any("\n" in line for line in lines)
    for image, case in zip(used.images, good, strict=True):
        alone = a_pipeline.load(case.path, case.attributes)
        np.testing.assert_array_equal(image.image, alone.image.as_tensor()[0])
        np.testing.assert_array_equal(image.breast, alone.mask.as_tensor()[0] > 0.5)


def test_outlined_lesions_are_brought_to_the_grid_with_the_image(six_patients, tmp_path):
    """A lesion that is drawn white, on an image that leans left and on one that leans right."""
    pipeline = Pipeline(PreprocessingConfig(grid="pixel_size", pixel_size_mm=1.0, size=300))
    for case in (six_patients.cases[0], six_patients.cases[2]):
        plain = prepare_to_folder([case], pipeline, lambda: None, trimmed=False, folder=tmp_path).images[0]
        assert not plain.lesions.any()
        header, pixels = (mammogram := read_mammogram(case.path, case.attributes)).header, mammogram.pixels
        rows, columns = np.argwhere(pixels > 0.1).mean(axis=0)
        box = Lesion(rows, columns, pixels.shape[0] / 20, pixels.shape[0] / 40, shape="box")
        outlined = replace(case, lesions=(box,))
        marked = prepare_to_folder([outlined], pipeline, lambda: None, trimmed=False, folder=tmp_path).images[0]
        np.testing.assert_array_equal(marked.image, plain.image)
        down, right = np.indices(pixels.shape)
        inside = ((down - rows) / box.half_rows) ** 2 + ((right - columns) / box.half_columns) ** 2 <= 1
        white = Mammogram(header, np.where(inside, 1.0, 0.4 * (pixels > 0.1)).astype(np.float32))
        drawn = Sample.of(pipeline.prepare(white)).image > 0.7
        assert (drawn & marked.lesions).sum() > 0.85 * (drawn | marked.lesions).sum() > 20


def test_trimmed_images_are_the_breast_s_box_alone(six_patients, tmp_path):
    pipeline, cases = (
        Pipeline(PreprocessingConfig(grid="pixel_size", pixel_size_mm=2.5, size=128)),
        six_patients.cases[:3],
    )
    whole, trimmed = (
        prepare_to_folder(cases, pipeline, lambda: None, trimmed=trim, folder=tmp_path).images for trim in (False, True)
    )
    for one, other in zip(whole, trimmed, strict=True):
        assert other.breast.size < one.breast.size == 128 * 128
        assert other.breast.sum() == one.breast.sum()
        assert all(other.breast.any(axis=axis).all() for axis in (0, 1))


def test_nothing_usable_is_empty(broken_cases, a_pipeline, tmp_path):
    (tmp_path / "images").mkdir()
    found = prepare_to_folder(broken_cases, a_pipeline, lambda: None, trimmed=True, folder=tmp_path / "images")
    assert found == StoredCases((), StoredSamples())
    assert not list((tmp_path / "images").iterdir())


def test_images_that_are_there_already_are_not_prepared_again(six_patients, broken_cases, tmp_path):
    config, read, steps = PreprocessingConfig(size=32), [], []

    class Listening(Pipeline):
        def load(self, path, attributes):
            read.append(path)
            return super().load(path, attributes)

    def gather(cases, **options):
        read.clear(), steps.clear()
        wanted = {"trimmed": False, "folder": tmp_path / "images", **options}
        return prepare_to_folder(cases, Listening(wanted.pop("config", config)), lambda: steps.append(None), **wanted)

    (tmp_path / "images").mkdir()
    copy = tmp_path / "copy.dcm"
    copy.write_bytes(six_patients.cases[0].path.read_bytes())
    cases = [replace(six_patients.cases[0], path=copy), broken_cases[1], *six_patients.cases[1:3]]
    first = gather(cases)
    assert len(first.cases) == 3
    assert gather(cases) == first
    assert (read, len(steps)) == ([broken_cases[1].path], 4), "what cannot be used is tried, and said, each time"
    first.images.files[1].write_bytes(b"half")
    assert gather(cases[2:]) == first.of(cases[2:])
    assert read == [cases[2].path]
    gather(cases[2:], trimmed=True)
    assert len(read) == 2
    gather(cases[2:], config=PreprocessingConfig(size=64))
    assert len(read) == 2
    copy.write_bytes(six_patients.cases[5].path.read_bytes())
    changed = gather(cases)
    assert copy in read
    assert not np.array_equal(changed.images[0].image, first.images[0].image)


def test_whoever_stops_early_does_not_wait_for_all_the_other_images(six_patients):
    read, lock = [], threading.Lock()

    class Counting(Pipeline):
        def load(self, path, attributes):
            with lock:
                read.append(path)
            return super().load(path, attributes)

    cases = six_patients.cases * 40
    images = prepared_cases(cases, Counting(PreprocessingConfig(size=32)), lambda: None)
    next(images)
    images.close()
    assert len(read) < len(cases) / 4
