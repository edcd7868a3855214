from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
import torch
from PIL import Image

from mammolens.config import PreprocessingConfig
from mammolens.datasets.base import Case
from mammolens.training.preparation import prepared_cases, stacked
from mammolens.transforms.pipeline import Pipeline


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
    six_patients, broken_cases, a_pipeline, caplog
):
    good = six_patients.cases[:3]
    mixed = [broken_cases[0], good[0], broken_cases[1], good[1], broken_cases[2], broken_cases[3], good[2]]
    steps: list[None] = []
    with caplog.at_level(logging.WARNING, logger="mammolens"):
        used, images = stacked(mixed, a_pipeline, lambda: steps.append(None))
    assert used == good
    assert len(steps) == len(mixed)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("mammolens")]
    assert [line.startswith(f"left out: {case.path}: ") for line, case in zip(lines, broken_cases, strict=True)]
    assert not any("\n" in line for line in lines)
    alone = [a_pipeline.load(case.path, case.attributes).image.as_tensor() for case in good]
    assert torch.equal(images, torch.stack(alone))


def test_nothing_usable_is_an_empty_stack(broken_cases, a_pipeline):
    used, images = stacked(broken_cases, a_pipeline, lambda: None)
    assert used == ()
    assert images.shape == (0, 1, 32, 32)


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
