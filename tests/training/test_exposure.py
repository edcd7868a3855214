from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from mammolens.calibration.standardisation import Source
from mammolens.config import LesionConfig, TrainingConfig
from mammolens.errors import ConfigError, DatasetError
from mammolens.models.output import NetworkOutput
from mammolens.training.exposure import ExposureTask
from mammolens.training.normal import Normal
from mammolens.training.preparation import Gathered
from mammolens.training.restoration import RestorationTask

CONFIG = TrainingConfig(batch_size=2, lesions=LesionConfig(), exposure_weight=0.5)
ONE, OTHER = Source("one machine", "CC"), Source("another machine", "CC")


def even(grey: float, rows: int = 60, columns: int = 50) -> Normal:
    """Tissue of one grey, so that the grey tells which image it is (gamma leaves 0 and 1 alone)."""
    return Normal(np.full((rows, columns), grey, np.float32), np.ones((rows, columns), np.bool_))


def gathered(*images: tuple[Normal, Source]) -> Gathered:
    return Gathered((), tuple(image for image, _ in images), tuple(source for _, source in images))


class Judging(nn.Module):
    """Log odds that rise with the grey; keeps what it was given."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        self.gain, self.given = gain, []

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        self.given.append((image, mask))
        return NetworkOutput(image, self.gain * image)


def a_task(learners: Gathered, exposure: Gathered, erosion: int = 0, **changes) -> ExposureTask:
    config = CONFIG.model_copy(update=changes)
    restoration = RestorationTask(learners.images, learners.images, config, 0.75)
    return ExposureTask(restoration, learners, exposure, pixel_size_mm=0.75, erosion=erosion)


BLACK_NORMALS = gathered((even(0), ONE), (even(0), ONE))
WHITE_CANCER = gathered((even(1), ONE))


def ranking_loss(task: ExposureTask, network: nn.Module) -> float:
    return float(task.loss(network, 1, 0, [0, 1]) - task._restoration.loss(network, 1, 0, [0, 1]))


@pytest.mark.parametrize("gain", [3.0, 0.0, -3.0])
def test_the_loss_asks_for_higher_peaks_of_cancers_than_of_normal_images(gain):
    expected = 0.5 * np.log1p(np.exp(-gain))
    assert ranking_loss(a_task(BLACK_NORMALS, WHITE_CANCER), Judging(gain)) == pytest.approx(expected, abs=1e-5)


def test_its_weight_is_that_of_the_configuration():
    light, heavy = (
        ranking_loss(a_task(BLACK_NORMALS, WHITE_CANCER, exposure_weight=weight), Judging(1.0)) for weight in (0.5, 2.0)
    )
    assert heavy == pytest.approx(4 * light, rel=1e-4)


def test_both_of_a_pair_are_of_the_same_machine_and_view():
    """Of each pair one is twice as high as the others where it is of the other machine."""
    high = 130
    learners = gathered((even(0), ONE), (even(0, high), OTHER))
    exposure = gathered((even(1), ONE), (even(1, high), OTHER), (even(1, 200), Source("unknown", "MLO")))
    task, seen = a_task(learners, exposure), set()
    for step in range(12):
        network = Judging(1.0)
        task.loss(network, 1, step, [0, 1])
        images, masks = network.given[0]
        heights = masks.any(dim=3).sum(dim=(1, 2)).tolist()
        assert len(heights) == 8
        assert heights[:4] == heights[4:]
        assert (images.amax(dim=(1, 2, 3)) > 0.5).tolist() == [True] * 4 + [False] * 4
        seen.update(heights)
    assert seen == {60, high}


def test_neither_the_padding_nor_the_breast_s_border_counts():
    rim = even(0.0, 80, 70)
    rim.image[:] = 1
    rim.image[10:70, :60] = 0
    breast = np.zeros((100, 90), np.bool_)
    breast[10:90, 10:80] = True
    image = np.zeros((100, 90), np.float32)
    image[breast] = rim.image.ravel()
    cancer = gathered((Normal(image, breast), ONE))
    with_rim, without = (ranking_loss(a_task(BLACK_NORMALS, cancer, erosion), Judging(5.0)) for erosion in (0, 12))
    assert with_rim < 0.5 * np.log(2) / 10
    assert without == pytest.approx(0.5 * np.log(2), rel=1e-4)


def test_the_same_seed_epoch_and_step_give_the_same_loss_and_validation_is_the_restoration_s():
    noise = [np.random.default_rng(s).random((60, 50), dtype=np.float32) for s in range(4)]
    normals = gathered(*((Normal(image, image >= 0), ONE) for image in noise[:2]))
    task = a_task(normals, gathered(*((Normal(image, image >= 0), ONE) for image in noise[2:])))
    losses = [float(task.loss(Judging(1.0), epoch, step, [0, 1])) for epoch, step in ((1, 0), (1, 0), (1, 1), (2, 0))]
    assert losses[0] == losses[1]
    assert len(set(losses)) == 3
    assert task.validation_error(Judging(1.0)) == task._restoration.validation_error(Judging(1.0))


def test_without_a_normal_image_of_the_same_source_there_is_nothing_to_compare():
    with pytest.raises(
        DatasetError, match=r"no known cancer is of a known machine and view .*; add normal images of the same"
    ):
        a_task(BLACK_NORMALS, gathered((even(1), OTHER)))


def test_two_unknown_machines_are_not_taken_for_the_same_one():
    nowhere = Source(None, "CC")
    with pytest.raises(DatasetError, match="known machine"):
        a_task(gathered((even(0), nowhere), (even(0), nowhere)), gathered((even(1), nowhere)))


def test_a_network_that_tells_no_log_odds_is_refused_with_the_remedy():
    class Silent(nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
            return NetworkOutput(image, None)

    with pytest.raises(ConfigError, match="log odds.*restorer"):
        a_task(BLACK_NORMALS, WHITE_CANCER).loss(Silent(), 1, 0, [0, 1])
