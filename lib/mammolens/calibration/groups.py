"""Conformal scales by acquisition group: Mondrian conformal prediction with the machine as the category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mammolens.calibration.conformal import ConformalScale


@dataclass(frozen=True, slots=True, eq=False)
class GroupedScale:
    """A scale for each acquisition group with enough patients, and a pooled one.

    For a new normal patient exchangeable with the calibration patients of the *same group*, the guarantee of
    :class:`ConformalScale` holds within that group (Vovk, Lindsay, Nouretdinov and Gammerman 2003). With the
    pooled scale it holds over the mixture of groups in the calibration, and for a single group only as far as scores
    of different groups are comparable, which is the purpose of standardisation.

    Attributes:
        pooled: of all patients; used for small and unknown groups.
        groups: of the groups with enough patients.
    """

    pooled: ConformalScale
    groups: Mapping[str, ConformalScale]

    @classmethod
    def of(
        cls, scores: Sequence[float], patients: Sequence[int], groups: Sequence[str | None], group_patients: int
    ) -> GroupedScale:
        """From finite scores with their patients and acquisition groups; at least one.

        Args:
            scores: of images or exams.
            patients: an ordinal each.
            groups: ``None`` where the machine is not known.
            group_patients: the fewest patients for a scale of their own.
        """
        pooled = _scale(scores, patients, range(len(scores)))
        large: dict[str, ConformalScale] = {}
        for group in sorted({group for group in groups if group is not None}):
            places = [place for place, other in enumerate(groups) if other == group]
            if len({patients[place] for place in places}) >= group_patients:
                large[group] = _scale(scores, patients, places)
        return cls(pooled, large)

    def of_group(self, acquisition_group: str | None) -> ConformalScale:
        """The scale for a patient of this group."""
        own = self.groups.get(acquisition_group) if acquisition_group is not None else None
        return self.pooled if own is None else own


def _scale(scores: Sequence[float], patients: Sequence[int], places: Sequence[int]) -> ConformalScale:
    chosen = np.array([scores[place] for place in places], dtype=np.float64)
    return ConformalScale.of(chosen, np.array([patients[place] for place in places], dtype=np.str_))
