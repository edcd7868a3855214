"""How well a model works, in plain words: the figures of its ``metrics.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammolens.errors import ModelError
from mammolens.evaluation.metrics import Metric
from mammolens.models.directory import METRICS


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """Of one model on one data set.

    Attributes:
        model: its id.
        dataset: what it was evaluated on.
        normal_patients: of that data set.
        abnormal_patients: of that data set.
        rows: question, answer in percent, and the 95 % interval, empty if unknown.
    """

    model: str
    dataset: str
    normal_patients: int
    abnormal_patients: int
    rows: tuple[tuple[str, str, str], ...]


def read_model_figures(directory: Path) -> ModelFigures | None:
    """The figures that `mammolens evaluate --record` wrote into a model directory; ``None``: it was not evaluated.

    Raises:
        ModelError: the file cannot be read.
    """
    path = directory / METRICS
    try:
        document = json.loads(path.read_bytes())
        everything = document["groups"][0]
        patients = everything["counts"]["patients"]
        return ModelFigures(
            model=document["model"],
            dataset=document["title"],
            normal_patients=patients["normal"],
            abnormal_patients=patients["abnormal"],
            rows=tuple(_rows(document, everything["metrics"])),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelError(path, "cannot be read", "run `mammolens evaluate --record` again") from error


def _rows(document: dict[str, Any], metrics: dict[str, Any]) -> list[tuple[str, str, str]]:
    own_map = (document["maps"] or [{}])[0]
    asked = [
        (f"Normal exams flagged (intended: at most {100 * document['alpha']:g} %)", Metric.FALSE_POSITIVE_RATE_EXAM),
        ("Abnormal exams flagged", Metric.SENSITIVITY_EXAM),
        ("An abnormal image scores higher than a normal one (by chance: 50 %)", Metric.AUROC),
    ]
    found = [(question, metrics.get(metric)) for question, metric in asked]
    found.append(("The strongest spot lies on the lesion", own_map.get("hit_rate")))
    return [
        (question, f"{100 * one['value']:.0f} %", _interval(one))
        for question, one in found
        if one and one["value"] is not None
    ]


def _interval(figure: dict[str, Any]) -> str:
    if figure["low"] is None:
        return ""
    return f"{100 * figure['low']:.0f} to {100 * figure['high']:.0f} %"
