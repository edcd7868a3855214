from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from mammolens.config import PreprocessingConfig, ScoringConfig
from mammolens.inference.scorer import Scorer
from mammolens.models.devices import Device
from mammolens.models.ensemble import Ensemble
from mammolens.models.output import NetworkOutput
from mammolens.models.small_unet import SmallUNet
from mammolens.transforms.pipeline import Pipeline, Prepared

from ..second_device import PLACE, SecondDevice


class Constant(nn.Module):
    """Thinks that everything normal is of one grey."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.grey = grey

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        return NetworkOutput(torch.full_like(image, self.grey), None)


class Copying(nn.Module):
    """Thinks every image normal; in training it forgets most of it."""

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        return NetworkOutput(nn.functional.dropout(image, 0.9, self.training), None)


class Suspicious(nn.Module):
    """Log odds of -3, but 5 in a square of ten pixels that begins at a place; notes the sizes it is given."""

    def __init__(self, row: int, column: int) -> None:
        super().__init__()
        self.here, self.sizes = (..., slice(row, row + 10), slice(column, column + 10)), []

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        self.sizes.append(tuple(image.shape))
        log_odds = torch.full_like(image, -3.0)
        log_odds[self.here] = 5.0
        return NetworkOutput(image, log_odds)


@pytest.fixture(scope="module")
def a_prepared_image(an_exam) -> Prepared:
    return Pipeline(PreprocessingConfig(size=64)).prepare(an_exam[0])


def test_the_score_is_the_mean_squared_error_inside_the_breast(a_prepared_image):
    scored = Scorer(Constant(0.25), ScoringConfig()).score(a_prepared_image)
    inside = a_prepared_image.mask.as_tensor() > 0.5
    greys = a_prepared_image.image.as_tensor()[inside]
    assert scored.pred_score == pytest.approx(float(((greys - 0.25) ** 2).mean()), rel=1e-5)


def test_a_network_that_returns_its_input_scores_zero(a_prepared_image):
    scored = Scorer(Copying(), ScoringConfig()).score(a_prepared_image)
    assert (scored.pred_score, scored.map_peak) == (0.0, 0.0)


def relative_error(prepared: Prepared, grey: float) -> NDArray[np.float32]:
    """Squared error in multiples of its mean inside the breast, 0 outside."""
    inside = (prepared.mask.as_tensor() > 0.5)[0].numpy()
    error = (prepared.image.as_tensor()[0].numpy() - np.float32(grey)) ** 2 * inside
    return error / error[inside].mean()


def test_the_map_is_the_relative_error_smoothed_inside_the_eroded_breast(a_prepared_image):
    scored = Scorer(Constant(0.25), ScoringConfig(smoothing=1.5, erosion=3)).score(a_prepared_image)
    inside = (a_prepared_image.mask.as_tensor() > 0.5)[0].numpy()
    eroded = ndimage.binary_erosion(inside, iterations=3)  # from the image's edge too
    expected = ndimage.gaussian_filter(relative_error(a_prepared_image, 0.25), 1.5) * eroded
    assert 0 < eroded.sum() < inside.sum()
    assert scored.anomaly_map[0].numpy() == pytest.approx(expected, rel=1e-4)
    assert scored.map_peak == pytest.approx(float(expected.max()), rel=1e-4)


def test_without_smoothing_and_erosion_the_map_is_the_relative_error(a_prepared_image):
    scored = Scorer(Constant(0.25), ScoringConfig(smoothing=0, erosion=0)).score(a_prepared_image)
    assert scored.anomaly_map[0].numpy() == pytest.approx(relative_error(a_prepared_image, 0.25), rel=1e-4)


def test_a_machine_whose_images_are_twice_as_hard_has_no_more_heat(a_prepared_image):
    image = a_prepared_image.image
    halved = replace(a_prepared_image, image=MetaTensor(image.as_tensor() / 2, meta=dict(image.meta)))
    hard, easy = (Scorer(Constant(0.0), ScoringConfig()).score(each) for each in (a_prepared_image, halved))
    assert hard.pred_score == pytest.approx(4 * easy.pred_score)
    assert torch.allclose(hard.anomaly_map, easy.anomaly_map, rtol=1e-4)


def test_it_analyses_in_evaluation_mode_and_leaves_its_input_alone(a_prepared_image):
    network = Copying()
    before = a_prepared_image.image.as_tensor().clone()
    first, second = (Scorer(network, ScoringConfig()).score(a_prepared_image) for _ in range(2))
    assert first.pred_score == second.pred_score == 0.0
    assert torch.equal(a_prepared_image.image.as_tensor(), before)


@pytest.fixture(scope="module")
def a_padded_image(an_exam) -> Prepared:
    """On a grid by pixel size: the breast in its top left, nothing else."""
    prepared = Pipeline(PreprocessingConfig(grid="pixel_size", pixel_size_mm=1.5, size=256)).prepare(an_exam[0])
    occupied = torch.nonzero(prepared.mask.as_tensor()[0])
    assert int(occupied.max()) < 180
    return prepared


def a_place_within(prepared: Prepared) -> tuple[int, int]:
    """Where a square of ten pixels lies deep in the breast."""
    depth = ndimage.distance_transform_cdt(np.pad(prepared.mask.as_tensor()[0].numpy() > 0.5, 1), metric="chessboard")
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    assert depth.max() > 20
    return int(row) - 6, int(column) - 6


def test_log_odds_are_averaged_inside_the_breast_and_the_map_is_their_probability(a_padded_image):
    row, column = a_place_within(a_padded_image)
    config = ScoringConfig(smoothing=1.5, erosion=4, convergence=0)
    scored = Scorer(Suspicious(row, column), config).score(a_padded_image)
    inside = (a_padded_image.mask.as_tensor() > 0.5)[0].numpy()
    log_odds = np.full(inside.shape, -3.0)
    log_odds[row : row + 10, column : column + 10] = 5.0
    total, weight = (ndimage.gaussian_filter(values, 1.5) for values in (log_odds * inside, inside.astype(float)))
    expected = 1 / (1 + np.exp(-total / np.maximum(weight, 1e-3))) * ndimage.binary_erosion(inside, iterations=4)
    np.testing.assert_allclose(scored.anomaly_map[0].numpy(), expected, atol=1e-5)
    peak = np.unravel_index(int(scored.anomaly_map[0].argmax()), inside.shape)
    assert row <= peak[0] < row + 10
    assert column <= peak[1] < column + 10


@pytest.mark.parametrize("weight", [0.0, 4.0])
def test_the_score_is_the_log_odds_of_the_map_s_peak(a_padded_image, weight):
    config = ScoringConfig(smoothing=1.5, erosion=4, convergence=weight)
    scored = Scorer(Suspicious(*a_place_within(a_padded_image)), config).score(a_padded_image)
    assert scored.pred_score == pytest.approx(np.log(scored.map_peak / (1 - scored.map_peak)), rel=1e-3)
    assert 1 < scored.pred_score < 9


@pytest.mark.parametrize("weight", [0.0, 8.0])
def test_an_ensemble_scores_the_mean_of_its_members_and_maps_their_mean_evidence(a_padded_image, weight):
    """Members that see different places: the score does not fall, the map does."""
    row, column = a_place_within(a_padded_image)
    config = ScoringConfig(smoothing=1.5, erosion=4, convergence=weight)
    members = [Suspicious(row, column), Suspicious(row + 30, column)]
    together, one, other = (Scorer(network, config).score(a_padded_image) for network in (Ensemble(members), *members))
    assert together.pred_score == pytest.approx((one.pred_score + other.pred_score) / 2, rel=1e-5)
    evidence = [torch.logit(scored.anomaly_map) for scored in (one, other, together)]
    inside = together.anomaly_map > 0
    torch.testing.assert_close(evidence[2][inside], ((evidence[0] + evidence[1]) / 2)[inside], rtol=1e-3, atol=1e-3)
    assert together.map_peak < min(one.map_peak, other.map_peak)


def test_the_weight_of_the_log_odds_keeps_a_map_from_saturating(a_padded_image):
    network = Suspicious(*a_place_within(a_padded_image))
    scored = Scorer(network, ScoringConfig(smoothing=0, erosion=0, log_odds=0.1)).score(a_padded_image)
    assert scored.pred_score == pytest.approx(0.1 * 5, rel=1e-5)
    assert scored.map_peak == pytest.approx(1 / (1 + np.exp(-0.5)), rel=1e-5)


class Erasing(nn.Module):
    """Takes a change of grey away from a square of ten pixels, and gives log odds of -3 everywhere."""

    def __init__(self, row: int, column: int, change: float) -> None:
        super().__init__()
        self.here, self.change = (..., slice(row, row + 10), slice(column, column + 10)), change

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        restored = image.clone()
        restored[self.here] -= self.change
        return NetworkOutput(restored, torch.full_like(image, -3.0))


@pytest.mark.parametrize("change", [0.1, -0.1])
def test_what_the_reconstruction_changes_is_evidence(a_padded_image, change):
    row, column = a_place_within(a_padded_image)
    config = ScoringConfig(smoothing=0, erosion=0, residual=30.0)
    scored = Scorer(Erasing(row, column, change), config).score(a_padded_image)
    assert scored.pred_score == pytest.approx(-3 + 30 * 0.1, abs=1e-3)
    peak = np.unravel_index(int(scored.anomaly_map[0].argmax()), (256, 256))
    assert row <= peak[0] < row + 10
    assert column <= peak[1] < column + 10
    without = Scorer(Erasing(row, column, change), ScoringConfig(smoothing=0, erosion=0)).score(a_padded_image)
    assert without.pred_score == pytest.approx(-3, rel=1e-4)


def test_the_residuals_of_an_ensemble_count_as_each_member_s_own(a_padded_image):
    """Members that change different places: the mean of their peaks, not the peak of their mean."""
    row, column = a_place_within(a_padded_image)
    config = ScoringConfig(smoothing=0, erosion=0, residual=30.0)
    members = [Erasing(row, column, 0.1), Erasing(row + 10, column, -0.05)]
    scored = Scorer(Ensemble(members), config).score(a_padded_image)
    assert scored.pred_score == pytest.approx(-3 + 30 * 0.075, abs=1e-3)
    image = a_padded_image.image.as_tensor()
    change = (image - scored.reconstruction)[0, row : row + 20, column : column + 10]
    expected = torch.cat([torch.full((10, 10), 0.05), torch.full((10, 10), -0.025)])
    torch.testing.assert_close(change, expected, atol=1e-5, rtol=0)


def test_gradients_that_converge_are_evidence_of_their_own(a_padded_image):
    """A faint round mass counts for more than the tissue that it lies in, whatever the network says."""
    row, column = (place + 5 for place in a_place_within(a_padded_image))
    rows, columns = np.indices((256, 256))
    mass = np.exp(-0.5 * ((rows - row) ** 2 + (columns - column) ** 2) / 6**2).astype(np.float32)
    inside = a_padded_image.mask.as_tensor() > 0.5
    even = MetaTensor((0.4 + 0.2 * torch.from_numpy(mass)[None]) * inside)
    with_mass = replace(a_padded_image, image=even)
    config = ScoringConfig(smoothing=1.5, erosion=12, convergence=4.0)
    scored = Scorer(Suspicious(250, 250), config).score(with_mass)
    peak = np.unravel_index(int(scored.anomaly_map[0].argmax()), (256, 256))
    assert np.hypot(peak[0] - row, peak[1] - column) < 2
    assert -3 + 4 * 0.2 < scored.pred_score < -3 + 4 * 0.4
    without = Scorer(Suspicious(250, 250), config.model_copy(update={"convergence": 0.0})).score(with_mass)
    assert without.pred_score == pytest.approx(-3, rel=1e-4)


def test_outside_the_breast_nothing_is_suspicious(a_padded_image):
    scored = Scorer(Suspicious(240, 240), ScoringConfig(smoothing=0, erosion=0, convergence=0)).score(a_padded_image)
    assert not scored.anomaly_map[a_padded_image.mask.as_tensor() <= 0.5].any()
    assert scored.pred_score == pytest.approx(-3.0, rel=1e-5)


def test_a_breast_that_erosion_takes_away_whole_has_a_finite_score(a_padded_image):
    scored = Scorer(Suspicious(0, 0), ScoringConfig(erosion=1000)).score(a_padded_image)
    assert (scored.map_peak, scored.pred_score) == (0, -30)


def test_the_network_is_given_the_breast_and_little_of_the_padding(a_padded_image):
    scorer = Scorer(Suspicious(0, 0), ScoringConfig())
    scored = scorer.score(a_padded_image)
    occupied = torch.nonzero(a_padded_image.mask.as_tensor()[0])
    for given, last, size in zip(
        scorer.runtime.network.sizes[0][2:], occupied.amax(dim=0).tolist(), (256, 256), strict=True
    ):
        assert given % 32 == 0
        assert last + 16 < given <= min(last + 49, size)
    assert scored.anomaly_map.shape == scored.reconstruction.shape == (1, 256, 256)


def test_leaving_the_padding_away_hardly_changes_what_a_network_says(a_padded_image):
    """Not at all is impossible: what convolutions make of nothing is not nothing. Random weights overstate it."""
    torch.manual_seed(0)
    network = SmallUNet(width=4).eval()
    image, mask = a_padded_image.image.as_tensor(), a_padded_image.mask.as_tensor()
    with torch.inference_mode():
        whole = network(image[None], mask[None])
    scored = Scorer(network, ScoringConfig(smoothing=0, erosion=6, convergence=0)).score(a_padded_image)
    inner = scored.anomaly_map > 0
    expected = torch.sigmoid(whole.log_odds[0])[inner]
    assert float((scored.anomaly_map[inner] - expected).abs().max()) < 0.2 * float(expected.std())
    assert scored.map_peak == pytest.approx(float(expected.max()), abs=0.05 * float(expected.std()))
    assert torch.allclose(scored.reconstruction, whole.reconstruction[0], atol=0.002)


class Hungry(nn.Module):
    """Finds too little memory on any device but the processor."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        if image.device.type != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        output: NetworkOutput = self.network(image, mask)
        return output


def test_an_image_that_the_device_has_no_memory_for_is_scored_on_the_processor(a_prepared_image):
    config = ScoringConfig(convergence=1.0)
    expected = Scorer(SmallUNet(4), config)
    network = Hungry(expected.runtime.network)
    scored = Scorer(network, config, Device(PLACE)).score(a_prepared_image)
    assert scored.memory_exhausted
    assert scored.pred_score == expected.score(a_prepared_image).pred_score


def test_a_second_device_gives_the_same_score_and_map(a_prepared_image):
    network, config = SmallUNet(4), ScoringConfig(convergence=1.0)
    expected = Scorer(network, config).score(a_prepared_image)
    with SecondDevice():
        scored = Scorer(network, config, Device(PLACE)).score(a_prepared_image)
    assert (scored.pred_score, scored.memory_exhausted) == (expected.pred_score, False)
    assert torch.equal(scored.anomaly_map, expected.anomaly_map)
