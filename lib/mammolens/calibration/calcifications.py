"""The calcification branch's log odds in the units of the model's score and of its map.

The image's score is the higher of two standardised ones: the model's and the branch's. On the map a log odds of the
branch is as hot as what the model's own map shows of an equally rare peak: both kinds of peak are standardised by the
same normal images. Scores of calibration images are made by the same rule from the other patients, so that p-values
hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammolens.calibration.normals import NormalCalcifications
from mammolens.calibration.standardisation import Acquisition, Standardisation
from mammolens.config import Standardise
from mammolens.types import FloatImage

# Normal ones of whom the branch has scores. Of fewer, one or two with benign calcifications raise the threshold for
# all; of 50, four may lie above it at a nominal rate of 10 % (docs/experiments.md, 'Calcifications at 0.14 mm').
FEWEST_PATIENTS = 50
_SURE = 1e-6  # probabilities closer to 0 or 1 say no more


@dataclass(frozen=True, slots=True)
class CalcificationScale:
    """What normal images say about the branch's log odds.

    Attributes:
        scores: of the highest log odds of each image.
        peaks: of the log odds of the highest value of each image's map without the branch.
    """

    scores: Standardisation
    peaks: Standardisation

    @classmethod
    def fit(
        cls,
        found: Sequence[NormalCalcifications],
        patients: NDArray[np.int64],
        sources: Sequence[Acquisition],
        by: Standardise,
    ) -> CalcificationScale:
        """Learn from normal images.

        Args:
            found: in n images.
            patients: ``(n,)`` who each is of.
            sources: n machines and views.
            by: what is distinguished.
        """
        highest = np.array([one.raw_score for one in found], dtype=np.float64)
        peaks = np.array([_log_odds(one.map_peak) for one in found], dtype=np.float64)
        return cls(*(Standardisation.fit(values, patients, sources, by) for values in (highest, peaks)))

    def score(self, log_odds: float, source: Acquisition) -> float:
        """The standardised score of an image whose highest log odds these are."""
        return self.scores.score(log_odds, source)

    def heat(self, log_odds: FloatImage, source: Acquisition) -> FloatImage:
        """Values of the anomaly map, in [0, 1], of the same shape; minus infinity becomes 0."""
        slope, start = _affine(self.scores, source)
        map_slope, map_start = _affine(self.peaks, source)
        equal = (slope * log_odds + start - map_start) / map_slope
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-equal)), dtype=np.float32)


def can_combine(found: Sequence[NormalCalcifications | None], patients: Sequence[int], by: Standardise) -> bool:
    """Whether the branch takes part: it looked at every image, of enough patients, and scores are standardised.

    A calibration image at which it did not look has a lower score than it would have, and p-values of images at which
    it did look would be too small.
    """
    return by != "none" and None not in found and len(set(patients)) >= FEWEST_PATIENTS


def left_out_scores(
    found: Sequence[NormalCalcifications],
    patients: NDArray[np.int64],
    sources: Sequence[Acquisition],
    by: Standardise,
) -> list[tuple[float, float]]:
    """Standardised score and value on the map of each image, by the images of all *other* patients.

    As in :func:`mammolens.calibration.standardisation.leave_one_out`.
    """
    results = [(0.0, 0.0)] * len(found)
    for patient in np.unique(patients):
        own = patients == patient
        others = [place for place in range(len(found)) if not own[place]]
        scale = CalcificationScale.fit(
            [found[place] for place in others], patients[~own], [sources[place] for place in others], by
        )
        for place in np.flatnonzero(own):
            highest, source = found[place].raw_score, sources[place]
            heat = scale.heat(np.array([highest], dtype=np.float32), source)
            results[place] = scale.score(highest, source), float(heat[0])
    return results


def _affine(standardisation: Standardisation, source: Acquisition) -> tuple[float, float]:
    """Slope and start of what standardisation makes of a score."""
    start = standardisation.score(0.0, source)
    return standardisation.score(1.0, source) - start, start


def _log_odds(probability: float) -> float:
    sure = min(max(probability, _SURE), 1 - _SURE)
    return float(np.log(sure / (1 - sure)))
