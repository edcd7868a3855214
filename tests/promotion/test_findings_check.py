from __future__ import annotations

import numpy as np
import pytest

from mammolens.dicom.reader import read_mammogram
from mammolens.evaluation.evaluation_grid import EvaluationGrid
from mammolens.promotion.findings_check import check_findings
from mammolens.promotion.gate_result import CheckStatus
from mammolens.promotion.paired_scores import ModelPair
from mammolens.promotion.policy import PromotionPolicy


class Spot:
    """Stands in for a predictor: its map is 1 on the marked lesion of each image, or elsewhere."""

    def __init__(self, cases, *, on_lesion):
        self._lesions = {case.path: case.lesions for case in cases}
        self._on_lesion = on_lesion

    def predict(self, mammogram):
        values = np.zeros(mammogram.pixels.shape, np.float32)
        if self._on_lesion:
            lesion = self._lesions[mammogram.header.path][0]
            values[int(lesion.row), int(lesion.column)] = 1
        else:
            breast = np.argwhere(EvaluationGrid.of(mammogram).inner)
            values[tuple(breast[0])] = 1
        return type("Result", (), {"anomaly_map": values})


@pytest.fixture
def marked(phantoms):
    return [case for case in phantoms.cases if case.lesions]


def check(marked, serving, candidate, **policy):
    models = ModelPair(Spot(marked, on_lesion=serving), Spot(marked, on_lesion=candidate))
    return check_findings(models, marked, PromotionPolicy(resamples=100, **policy), pytest.fail, lambda: None)


def test_a_model_that_no_longer_finds_what_the_other_found_fails(marked):
    assert len(marked) == 4  # two patients, both views of one breast
    found = check(marked, True, False, min_findings=2)
    assert found.outcome is CheckStatus.FAILED
    assert (found.figure, found.patients) == (1.0, 2)


def test_a_model_that_finds_more_passes(marked):
    assert check(marked, False, True, min_findings=2).outcome is CheckStatus.PASSED


def test_few_findings_are_told_and_refuse_nobody(marked):
    found = check(marked, True, False)
    assert found.outcome is CheckStatus.NOT_TESTED
    assert "not tested: 2 patients, 20 needed" in found.sentence


def test_without_marked_images_there_is_no_check(phantoms):
    assert check([case for case in phantoms.cases if not case.lesions][:2], True, True) is None


def test_a_lesion_map_lies_on_the_image(marked):
    # Guards the stand-in itself: its spot is inside the image.
    assert read_mammogram(marked[0].path).pixels[int(marked[0].lesions[0].row), int(marked[0].lesions[0].column)] > 0
