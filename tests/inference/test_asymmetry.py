from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import avg_pool2d

from mammolens.config import MEANS, ModelConfig
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.datasets.phantom_lesions import PhantomLesion, PhantomLesionKind
from mammolens.enums import Laterality
from mammolens.inference.asymmetry import asymmetry
from mammolens.inference.exam import ExamScore, ImageScore, fuse
from mammolens.inference.scorer import Scorer
from mammolens.models.output import NetworkOutput
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import ImageHeader, Mammogram

LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT


@pytest.mark.parametrize(
    ("breasts", "difference"),
    [
        ({LEFT: 1.0, RIGHT: 3.5}, 2.5),
        ({LEFT: 3.5, RIGHT: 1.0}, 2.5),
        ({LEFT: -1.0, RIGHT: -1.0}, 0.0),
        ({LEFT: 1.0}, None),
        ({RIGHT: 1.0, None: 3.0}, None),
    ],
)
def test_it_is_the_distance_between_the_two_breasts_whichever_is_higher(breasts, difference):
    assert asymmetry(ExamScore(breasts, {}, 1.0, None)) == difference


class Blobs(torch.nn.Module):
    """Finds what is brighter than its surroundings; learned from nobody."""

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        def mean(size: int) -> torch.Tensor:
            inside = avg_pool2d(mask, size, 1, size // 2).clamp(min=0.05)
            return avg_pool2d(image * mask, size, 1, size // 2) / inside

        return NetworkOutput(image, 10 * (mean(13) - mean(41)))


def asymmetry_of(seed: int, *lesions: PhantomLesion) -> float:
    config = ModelConfig()
    pipeline, scorer = Pipeline(config.preprocessing), Scorer(Blobs(), config.scoring)
    scores = []
    for view in make_phantom_exam(seed, lesions=lesions, rows=384, columns=312, spacing=(0.67, 0.67)).views:
        uid = f"{view.laterality} {view.view}"
        header = ImageHeader(Path(uid), uid, "patient", "exam", laterality=view.laterality, view=view.view)
        score = scorer.score(pipeline.prepare(Mammogram(header, view.pixels))).pred_score
        scores.append(ImageScore(header, score, score))
    difference = asymmetry(fuse(scores, MEANS))
    assert difference is not None
    return difference


@pytest.mark.parametrize("seed", range(3))
def test_a_mass_in_one_breast_makes_the_exam_more_asymmetric(seed):
    without = asymmetry_of(seed)
    for side in Laterality:
        assert (
            asymmetry_of(seed, PhantomLesion(PhantomLesionKind.MASS, side, diameter=25.0, contrast=0.5)) > without + 0.1
        )
