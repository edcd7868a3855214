"""JPEG 2000 is scored without its finest details, unless all are asked for."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from mammolens.archive.exam_scoring import Scoring, score_exam
from mammolens.archive.tasks import ExamTask, ImageTask
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_dicom import write_phantom_exam
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.predictor import Predictor
from mammolens.models.store import pretrained_directory


@pytest.fixture(scope="module")
def a_fine_image(tmp_path_factory):
    """A small phantom view with noise, in lossless JPEG 2000, of 0.09 mm pixels."""
    exam = make_phantom_exam(3, rows=800, columns=640, spacing=(0.09, 0.09))
    (path, *_) = write_phantom_exam(exam, tmp_path_factory.mktemp("fine"))
    dataset = pydicom.dcmread(path)
    noise = np.random.default_rng(0).normal(0, 20, (dataset.Rows, dataset.Columns))
    values = np.clip(dataset.pixel_array + noise, 0, 4095).astype(np.uint16)
    stream = imagecodecs.jpeg2k_encode(values, reversible=True, level=0, codecformat="j2k", bitspersample=12)
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    dataset.save_as(path)
    return path


@pytest.mark.slow
def test_scores_hardly_depend_on_the_finest_details(a_fine_image):
    model = pretrained_directory()
    predictor = Predictor.load(model)
    assert predictor.detail_mm == pytest.approx(0.75 / 4)
    task = ExamTask(1, "P", "E", (ImageTask("image", str(a_fine_image)),))
    reduced, whole = (
        score_exam(Scoring(model, all_details=all_details), task).images[0].pred_score for all_details in (False, True)
    )
    assert whole == predictor.score(read_mammogram(a_fine_image)).pred_score
    assert reduced == predictor.score(read_mammogram(a_fine_image, detail_mm=predictor.detail_mm)).pred_score
    assert 0 < abs(reduced - whole) < 0.05
