"""An evaluation for other programs: JSON of the figures, CSV of the scores."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.evaluation.localisation import Localisation
from mammolens.evaluation.results import Evaluation
from mammolens.evaluation.scored import ScoredImage

EVALUATION_JSON: Final = "evaluation.json"
SCORES_CSV: Final = "scores.csv"
# Dictionaries of an image: the field, and the prefix of a key in the table's columns.
_KEYED: Final = {
    "covariates": "covariate.",
    "other_scores": "score.",
    "member_scores": "member.",
    "localisations": "map.",
}
_FIELDS: Final = tuple(field.name for field in dataclasses.fields(ScoredImage) if field.name not in _KEYED)


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
    """One line an image, empty where unknown: enough to measure again without the model.

    The fixed columns are followed by 'covariate.NAME', 'score.NAME' (a baseline's or another model's), 'member.NAME'
    (of an ensemble's members) and 'map.NAME' (JSON: how well a map lies on the lesions,
    :class:`~mammolens.evaluation.localisation.Localisation`).
    """
    keys = [(field, name) for field in _KEYED for name in _names(images, field)]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*_FIELDS, *(f"{_KEYED[field]}{name}" for field, name in keys)])
    for image in images:
        fields = [_cell(getattr(image, name)) for name in _FIELDS]
        table.writerow([*fields, *(_cell(getattr(image, field).get(name)) for field, name in keys)])
    return text.getvalue()


def _names(images: Sequence[ScoredImage], field: str) -> list[str]:
    """The keys of a dictionary of the images, in order of appearance."""
    return list(dict.fromkeys(name for image in images for name in getattr(image, field)))


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, Localisation):
        return value.to_text()
    return str(value).lower() if isinstance(value, bool) else value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return None if isinstance(value, float) and not math.isfinite(value) else value
