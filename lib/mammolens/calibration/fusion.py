"""Scores of views fused to a breast's, scores of breasts to an exam's, scores of several models to an ensemble's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from mammolens.config import FusionConfig, MembersConfig

Values = Sequence[float]
_COMBINE: dict[str, Callable[[Values], float]] = {"mean": fmean, "max": max}


def breast_score(views: Values, fusion: FusionConfig) -> float:
    """Of a breast's images, at least one.

    Example:
        >>> breast_score([1.0, 2.0], FusionConfig())
        1.5
    """
    return _COMBINE[fusion.views](views)


def exam_score(breasts: Values, fusion: FusionConfig) -> float:
    """The exam's score from those of its breasts (at least one); the difference is that of the highest and the lowest.

    A lesion is usually in one breast, and the other shows what is normal for this patient: radiologists compare breasts
    for the same reason. With a single breast the difference is 0.

    Example:
        >>> exam_score([1.0, 3.0], FusionConfig(breasts="max", asymmetry=0.5))
        4.0
    """
    return _COMBINE[fusion.breasts](breasts) + fusion.asymmetry * (max(breasts) - min(breasts))


def ensemble_score(scores: Mapping[str, float], ensemble: MembersConfig) -> float:
    """Of an image, from standardised scores of some or all of the members, by name: weights count in means alone.

    Example:
        >>> members = [{"name": "coarse", "model": "coarse.yaml"}, {"name": "fine", "model": "fine.yaml", "weight": 3}]
        >>> ensemble_score({"coarse": 1.0, "fine": 2.0}, MembersConfig(members=members))
        1.75
    """
    if ensemble.fusion == "max":
        return max(scores.values())
    return fmean(scores.values(), weights=[ensemble.weights[name] for name in scores])
