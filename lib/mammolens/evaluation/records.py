"""An evaluation for other programs: JSON of the figures, CSV of the scores."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Sequence
from typing import Any, Final

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.scored import ScoredImage

_FIELDS: Final = tuple(field.name for field in dataclasses.fields(ScoredImage) if field.name != "covariates")


def json_text(evaluation: Evaluation, *, title: str, model: str, notes: Sequence[str]) -> str:
    """Everything measured as JSON, unrounded; ``null`` where undefined. Equal input gives equal text."""
    document = {
        "title": title,
        "model": model,
        "notes": list(notes),
        "mammolens": __version__,
        "notice": RESEARCH_USE_ONLY,
        **dataclasses.asdict(evaluation),
    }
    return json.dumps(_plain(document), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def scores_csv(images: Sequence[ScoredImage]) -> str:
    """One line an image, covariates last as 'covariate.NAME'; empty where unknown."""
    covariates = sorted({name for image in images for name in image.covariates})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*_FIELDS, *(f"covariate.{name}" for name in covariates)])
    for image in images:
        fields = [_cell(getattr(image, name)) for name in _FIELDS]
        table.writerow([*fields, *(image.covariates.get(name, "") for name in covariates)])
    return text.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
