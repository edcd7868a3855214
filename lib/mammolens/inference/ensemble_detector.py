"""Whole models of different kinds, resolutions and preprocessing, as one detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.fusion import ensemble_score
from mammolens.calibration.standardisation import Acquisition
from mammolens.enums import RuntimeName
from mammolens.inference.detector import Detection
from mammolens.inference.scorer import ScoredGrid, Scorer
from mammolens.models.devices import REFERENCE, Device
from mammolens.models.directory import CALIBRATION, EnsembleMemberModel, TrainedEnsemble
from mammolens.models.runtime_choice import choose_runtime
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.transforms.regrid import regridded
from mammolens.types import FloatImage

_SURE = 1e-6  # probabilities closer to 0 or 1 say no more


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    name: str
    scorer: Scorer
    calibration: Calibration


class EnsembleDetector:
    """The members' standardised scores fused to one, and their maps on the first member's grid.

    Args:
        ensemble: whose members' calibrations are read from their directories.
        runtime: that runs the members' networks.
        device: that the members run on.

    Raises:
        ConfigError: the runtime cannot be used.
        ModelError: likewise, or a member's calibration is missing or damaged.
    """

    def __init__(
        self, ensemble: TrainedEnsemble, runtime: RuntimeName = RuntimeName.TORCH, device: Device = REFERENCE
    ) -> None:
        self.pipelines: tuple[Pipeline, ...] = tuple(
            Pipeline(member.model.config.preprocessing) for member in ensemble.members
        )
        self._members = [_loaded(member, runtime, device) for member in ensemble.members]
        self.runtimes: tuple[RuntimeName, ...] = tuple(member.scorer.runtime.name for member in self._members)
        self._config = ensemble.config.ensemble

    def detect(self, prepared: Sequence[Prepared]) -> Detection:
        """Score an image that each member's pipeline prepared, in the order of the members."""
        grids, scores = [], {}
        for member, own in zip(self._members, prepared, strict=True):
            grid, header = member.scorer.score(own), header_of(own.image)
            source = Acquisition(header.acquisition_group, header.view)
            scores[member.name] = member.calibration.standardisation.score(grid.pred_score, source)
            grids.append(grid)
        fused = replace(
            grids[0],
            pred_score=ensemble_score(scores, self._config),
            anomaly_map=fused_map(grids, self.pipelines, prepared, list(self._config.weights.values())),
            is_probability=True,
            memory_exhausted=any(grid.memory_exhausted for grid in grids),
        )
        return Detection(prepared[0], fused, scores)


def fused_map(
    grids: Sequence[ScoredGrid], pipelines: Sequence[Pipeline], prepared: Sequence[Prepared], weights: Sequence[float]
) -> torch.Tensor:
    """The probability of the weighted mean of the members' log odds, on the first one's grid; 0 where any member has 0.

    Members differ in how often they saw lesions in training, which shifts the log odds of all locations alike. In a
    mean of log odds, that shifts only the heat levels, which calibration sets, and not the order of locations; a mean
    of probabilities would follow the member that saw the most lesions. An error map, in multiples of the breast's
    mean, is treated as odds.

    Args:
        grids: of the members.
        pipelines: of the members.
        prepared: the image as each of these prepared it.
        weights: of the members.

    Returns:
        ``(1, size, size)`` float32 in [0, 1].
    """
    maps = [
        regridded(grid.anomaly_map, pipeline, own, pipelines[0], prepared[0]).numpy()
        for grid, pipeline, own in zip(grids, pipelines, prepared, strict=True)
    ]
    evidence = np.average(
        [_log_odds(values, grid.is_probability) for values, grid in zip(maps, grids, strict=True)],
        axis=0,
        weights=weights,
    )
    counted = np.all([values > 0 for values in maps], axis=0)
    return torch.from_numpy((counted / (1 + np.exp(-evidence))).astype(np.float32))


def _log_odds(values: FloatImage, is_probability: bool) -> FloatImage:
    if is_probability:
        sure = np.clip(values, _SURE, 1 - _SURE)
        values = sure / (1 - sure)
    return np.asarray(np.log(np.clip(values, _SURE, 1 / _SURE)), dtype=np.float32)


def _loaded(member: EnsembleMemberModel, runtime: RuntimeName, device: Device) -> _Member:
    config = member.model.config
    calibration = Calibration.load(member.directory / CALIBRATION, config.calibration, config.scoring.fusion)
    return _Member(member.name, Scorer(choose_runtime(member.model, runtime), config.scoring, device), calibration)
