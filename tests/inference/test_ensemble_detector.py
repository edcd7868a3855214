from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.standardisation import Acquisition
from mammolens.config import PreprocessingConfig
from mammolens.errors import ModelError
from mammolens.inference.ensemble_detector import fused_map
from mammolens.inference.predictor import Predictor
from mammolens.inference.scorer import ScoredGrid
from mammolens.models.directory import CALIBRATION, MEMBERS, load_any_model, seal_model
from mammolens.transforms.pipeline import Pipeline


@pytest.fixture(scope="module")
def a_result(an_ensemble_of_models, an_exam):
    return Predictor.load(an_ensemble_of_models).predict(an_exam[0])


def test_its_score_is_the_weighted_mean_of_the_members_standardised_scores(an_ensemble_of_models, a_result, an_exam):
    scores = {}
    for member in load_any_model(an_ensemble_of_models).members:
        config = member.model.config
        calibration = Calibration.load(member.directory / CALIBRATION, config.calibration, config.scoring.fusion)
        raw = Predictor(member.model, calibration).score(an_exam[0]).raw_score
        source = Acquisition(a_result.header.acquisition_group, a_result.header.view)
        scores[member.name] = calibration.standardisation.score(raw, source)
    assert a_result.member_scores == pytest.approx(scores)
    assert a_result.record.raw_score == pytest.approx((3 * scores["fine"] + scores["tiny"]) / 4)


def test_its_map_lies_on_the_images_grid(a_result, an_exam):
    assert a_result.anomaly_map.shape == an_exam[0].pixels.shape
    assert 0 < a_result.anomaly_map.max() <= 1
    assert a_result.record.model.startswith("both-")


def test_it_is_calibrated_by_images_scored_as_new_ones_are(an_ensemble_of_models, a_result):
    peaks = [image.map_peak for image in Predictor.load(an_ensemble_of_models).calibration.images]
    assert 0.2 * min(peaks) < a_result.anomaly_map.max() < 5 * max(peaks)


def test_a_member_without_a_calibration_is_named(an_ensemble_of_models, tmp_path):
    shutil.copytree(an_ensemble_of_models, tmp_path / "copy")
    (tmp_path / "copy" / MEMBERS / "tiny" / CALIBRATION).write_text(json.dumps({}))
    seal_model(tmp_path / "copy")
    with pytest.raises(ModelError, match=r"members/tiny/calibration\.json: no usable calibration"):
        Predictor.load(tmp_path / "copy")


def test_maps_are_fused_as_mean_log_odds_where_all_members_look(an_exam):
    pipeline = Pipeline(PreprocessingConfig(size=64))
    pipelines, prepared = [pipeline] * 2, [pipeline.prepare(an_exam[0])] * 2
    row = torch.zeros(1, 64, 64)
    row[0, 20, 5:8] = torch.tensor([0.9, 0.9, 0.9])
    other = torch.zeros(1, 64, 64)
    other[0, 20, 5:8] = torch.tensor([0.1, 0.9, 0.0])
    error = torch.full((1, 64, 64), 9.0)  # nine times the breast's mean: odds of 9, as of 0.9
    grids = [
        ScoredGrid(0.0, row, row),
        ScoredGrid(0.0, other, other),
        ScoredGrid(0.0, error, error, is_probability=False),
    ]
    fused = fused_map(grids[:2], pipelines, prepared, [1.0, 1.0])[0].numpy()
    assert fused[20, 5:8] == pytest.approx([0.5, 0.9, 0.0], abs=1e-3)
    with_error = fused_map([grids[0], grids[2]], pipelines, prepared, [1.0, 5.0])
    assert with_error[0, 20, 6] == pytest.approx(0.9, abs=1e-3)
    assert np.count_nonzero(fused) == 2
