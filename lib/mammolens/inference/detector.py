"""From a mammogram to a score and a map on a working grid: by a single network, or by an ensemble of whole models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mammolens.enums import RuntimeName
from mammolens.inference.scorer import ScoredGrid, Scorer
from mammolens.models.devices import REFERENCE, Device
from mammolens.models.directory import TrainedModel
from mammolens.models.runtime_choice import choose_runtime
from mammolens.transforms.pipeline import Pipeline, Prepared
from mammolens.types import FloatImage, Mammogram


@dataclass(frozen=True, slots=True, eq=False)
class CalcificationHeat:
    """The calcification branch's part of a result.

    Attributes:
        score: standardised.
        heat: ``(size, size)`` float32 in [0, 1], values of the anomaly map.
    """

    score: float
    heat: FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A detector's output for one image.

    Attributes:
        prepared: the image on the grid that the maps lie on, that of ``Detector.pipelines[0]``.
        grid: raw score and maps; the anomaly map with the calcification branch's heat.
        member_scores: standardised scores of an ensemble's members, by name; empty of a single model.
        calcifications: what the calcification branch adds, where it takes part and looked at the image.
    """

    prepared: Prepared
    grid: ScoredGrid
    member_scores: dict[str, float] = field(default_factory=dict)
    calcifications: CalcificationHeat | None = None


class Detector(Protocol):
    """A network, or several models that score as one."""

    pipelines: tuple[Pipeline, ...]
    runtimes: tuple[RuntimeName, ...]

    def detect(self, prepared: Sequence[Prepared]) -> Detection:
        """Score an image that each of ``pipelines`` prepared, in their order."""


class NetworkDetector:
    """A single model: one network, or several that share its preprocessing.

    Args:
        model: as it was trained.
        runtime: that runs its network.
        device: to run on.

    Raises:
        ConfigError, ModelError: the runtime cannot be used.
    """

    def __init__(
        self, model: TrainedModel, runtime: RuntimeName = RuntimeName.TORCH, device: Device = REFERENCE
    ) -> None:
        self.pipelines: tuple[Pipeline, ...] = (Pipeline(model.config.preprocessing),)
        chosen = choose_runtime(model, runtime)
        self.runtimes: tuple[RuntimeName, ...] = (chosen.name,)
        self._scorer = Scorer(chosen, model.config.scoring, device)

    def detect(self, prepared: Sequence[Prepared]) -> Detection:
        """Score an image that the model's pipeline prepared."""
        (own,) = prepared
        return Detection(own, self._scorer.score(own))


def prepare_all(pipelines: Sequence[Pipeline], mammogram: Mammogram) -> list[Prepared]:
    """The image as each pipeline prepares it, in their order; those of one configuration share the result.

    Raises:
        UnsupportedMammogramError: one of them finds no breast, or one too large for its grid.
    """
    done: list[tuple[Pipeline, Prepared]] = []
    for pipeline in pipelines:
        alike = next((prepared for other, prepared in done if other.config == pipeline.config), None)
        done.append((pipeline, alike or pipeline.prepare(mammogram)))
    return [prepared for _, prepared in done]
