"""Whether a model and its calibration load, are what was evaluated, and work."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mammolens.diagnostics.results import Check, failed, passed, warned
from mammolens.errors import MammoLensError

if TYPE_CHECKING:
    from mammolens.inference.predictor import Predictor
    from mammolens.types import Mammogram

GROUP: Final = "models"
_REINSTALL: Final = "install MammoLens again"


def check_models(directory: Path | None = None) -> Iterator[Check]:
    """Load and try the shipped models, and one more.

    Args:
        directory: of a model that is in use as well, or instead.
    """
    from mammolens.models.store import BASELINE, NORMAL_ONLY, PRETRAINED, pretrained_directory

    for name in (PRETRAINED, NORMAL_ONLY, BASELINE):
        yield diagnose_model(f"shipped, {name}", pretrained_directory(name))
    if directory is not None:
        yield diagnose_model(str(directory), directory)


def diagnose_model(name: str, directory: Path) -> Check:
    """Load a model directory, compare its fingerprint with the evaluated one, and infer a phantom.

    Args:
        name: for the check.
        directory: of the model.
    """
    from mammolens.inference.predictor import Predictor
    from mammolens.models.directory import METRICS

    try:
        predictor = Predictor.load(directory)
        p_value = _p_value_of_a_phantom(predictor)
    except MammoLensError as error:
        return failed(GROUP, name, f"{error.source}: {error.reason}", error.remedy)
    found = f"{predictor.model_id}, calibration {predictor.calibration_id}"
    if not math.isfinite(p_value):
        return failed(GROUP, name, f"{found}: gives no number for a phantom", _REINSTALL)
    evaluated = _evaluated(directory / METRICS)
    if evaluated not in (None, predictor.model_id):
        reason = f"{found}: weights or configuration differ from those that were evaluated ({evaluated})"
        if name.startswith("shipped"):
            return failed(GROUP, name, reason, _REINSTALL)
        return warned(GROUP, name, reason, "run 'mammolens evaluate --record'")
    return passed(GROUP, name, found)


def _p_value_of_a_phantom(predictor: Predictor) -> float:
    return predictor.predict(_phantom()).record.exam_p_value


@cache
def _phantom() -> Mammogram:
    """Drawn once for all models: it takes as long as trying one."""
    from mammolens.datasets.phantom import make_phantom_exam
    from mammolens.types import ImageHeader, Mammogram

    view = make_phantom_exam(1, rows=512, columns=416, spacing=(0.5, 0.5)).views[0]
    header = ImageHeader(Path("phantom"), "1.2", "phantom", "phantom", laterality=view.laterality, view=view.view)
    return Mammogram(header, view.pixels)


def _evaluated(path: Path) -> str | None:
    """Fingerprint of the model that the metrics belong to; ``None`` if there are none."""
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(stated["model"]) if isinstance(stated, dict) and "model" in stated else None
