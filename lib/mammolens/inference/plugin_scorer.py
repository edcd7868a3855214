"""Anomaly scorers of other packages, which make map and score from a network's output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from mammolens.config import ScoringConfig
from mammolens.errors import ConfigError
from mammolens.plugins import PluginGroup, plugins
from mammolens.types import BoolImage, FloatImage


class AnomalyScorer(Protocol):
    """What an entry point of ``mammolens.scorers`` makes of its options; called once for each member of a network."""

    def __call__(
        self, image: FloatImage, breast: BoolImage, reconstruction: FloatImage, log_odds: FloatImage | None
    ) -> tuple[float, FloatImage]:
        """Score one image; all arrays are ``(rows, cols)``, float32 but for the mask.

        Args:
            image: normalised greys in [0, 1], chest wall on the left.
            breast: inside the skin line.
            reconstruction: the normal image as the network reconstructs it.
            log_odds: of a lesion at each pixel; ``None`` of a network that only reconstructs.

        Returns:
            The image score, which grows with deviation from normal, and the anomaly map, >= 0.
        """
        ...


def plugin_scorers() -> Mapping[str, Callable[..., AnomalyScorer]]:
    """What the scorers of other packages are built by (entry points ``mammolens.scorers``), by name."""
    return plugins(PluginGroup.SCORERS, Callable)


def plugin_scorer(config: ScoringConfig) -> AnomalyScorer | None:
    """The scorer that a configuration names; ``None``: it names none.

    Raises:
        ConfigError: no installed package adds it, or its options do not fit.

    Example:
        >>> plugin_scorer(ScoringConfig()) is None
        True
    """
    if config.scorer is None:
        return None
    known = plugin_scorers()
    build = known.get(config.scorer)
    if build is None:
        remedy = f"install the package that adds it{''.join(f', or use {name}' for name in known)}"
        raise ConfigError("scoring.scorer", f"there is no anomaly scorer '{config.scorer}'", remedy)
    try:
        return build(**config.scorer_options)
    except (TypeError, ValueError) as error:
        raise ConfigError("scoring.scorer_options", str(error), f"see the options of {config.scorer}") from error


def score_members(
    scorer: AnomalyScorer,
    image: FloatImage,
    breast: BoolImage,
    reconstructions: FloatImage,
    log_odds: FloatImage | None,
) -> tuple[float, FloatImage]:
    """The mean score and the mean map ``(rows, cols)`` of a network's members.

    Args:
        scorer: of another package.
        image: ``(rows, cols)``.
        breast: ``(rows, cols)``.
        reconstructions: ``(members, rows, cols)``.
        log_odds: the same shape, or ``None``.

    Raises:
        ConfigError: its map does not fit the image, or a value is not finite.
    """
    scored = [
        scorer(image, breast, own, None if log_odds is None else log_odds[index])
        for index, own in enumerate(reconstructions)
    ]
    if any(values.shape != image.shape for _, values in scored):
        shapes = sorted({values.shape for _, values in scored})
        raise ConfigError("scoring.scorer", f"its map has the shape {shapes[0]}, not {image.shape}", "correct it")
    score, values = float(np.mean([own for own, _ in scored])), np.mean([own for _, own in scored], axis=0)
    if not (np.isfinite(score) and np.isfinite(values).all()):
        raise ConfigError("scoring.scorer", "gives values that are not finite", "correct it")
    return score, np.asarray(values, dtype=np.float32)
