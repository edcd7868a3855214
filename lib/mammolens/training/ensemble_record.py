"""The training record (JSON) and the model card of an ensemble of whole models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.calibration.calibration import Calibration
from mammolens.config import EnsembleConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.models.calcifications import CalcificationBranch, limitation_with
from mammolens.training.record import (
    branch_lines,
    calibrated_on_lines,
    decision_lines,
    patients_in,
    terms_of,
    versions,
)

_PART = Split.CALIBRATION.value


def record_text(record: Mapping[str, Any]) -> str:
    """A training record as it is written."""
    return json.dumps(record, indent=1)


def ensemble_record(
    members: Mapping[str, tuple[str, Mapping[str, Any]]],
    listed: Sequence[Case],
    used: Sequence[Case],
    calibrated_on: Dataset | None,
    doubt: str | None,
) -> dict[str, Any]:
    """What the members learned from, and what they calibrate on together; no identifier of a person.

    Args:
        members: model id and training record of each, by name.
        listed: what the calibration was to be.
        used: what of it could be read.
        calibrated_on: the data of the calibration, if recorded separately from those of the training.
        doubt: why patients of a member's training may be among these, if so.
    """
    records = [record for _, record in members.values()]
    fingerprints = "|".join(record["data_fingerprint"] for record in records)
    record: dict[str, Any] = {
        "dataset": _together([record["dataset"] for record in records]),
        "exposure": _together([record["exposure"] for record in records if record["exposure"]]),
        "data_fingerprint": hashlib.sha256(fingerprints.encode()).hexdigest(),
        "images": {_PART: len(used)},
        "images_left_out": {_PART: len(listed) - len(used)},
        "patients": {_PART: len(patients_in(used))},
        "members": [_member(name, model_id, record) for name, (model_id, record) in members.items()],
        "versions": versions(),
        "notice": RESEARCH_USE_ONLY,
    }
    if calibrated_on is not None:
        record["calibrated_on"] = {**terms_of(calibrated_on), "doubt": doubt, "mammolens": __version__}
    return record


def ensemble_card(
    model_id: str,
    config: EnsembleConfig,
    record: Mapping[str, Any],
    calibration: Calibration,
    limitation: str | None,
    branch: CalcificationBranch | None = None,
) -> str:
    """The model card in Markdown: members, training data, calibration, licences.

    Args:
        model_id: of the ensemble.
        config: of the ensemble.
        record: by :func:`ensemble_record`.
        calibration: of the ensemble.
        limitation: what its members do not look for, in a sentence, if there is anything to say.
        branch: for calcifications, if it has one.
    """
    members = "\n".join(
        f"| {own['name']} | {own['model']} | {weight:g} | {own['dataset']} | {_learned(own)} |"
        for own, weight in zip(record["members"], config.ensemble.weights.values(), strict=True)
    )
    data = [record["dataset"], *([record["exposure"]] if record["exposure"] else [])]
    terms = "\n".join(
        f"- Data: {one['name']}. {one['citation']}\n"
        f"  Licence of the data: {one['licence'].rstrip('.')}. The weights learned from it are bound by the same terms."
        for one in data
    )
    fusion = "the highest" if config.ensemble.fusion == "max" else "the weighted mean"
    return f"""# {model_id}

**{RESEARCH_USE_ONLY}.** {config.description}

An ensemble of whole models. Its score is {fusion} of the members' standardised scores, its map the
probability that the weighted mean of their log odds means, on the grid of the first.

| member | model | weight | trained on | patients / images |
|---|---|---|---|---|
{members}

Calibrated on {record["images"][_PART]} images of {record["patients"][_PART]} normal patients, each scored by networks
that did not learn from the patient.

{terms}
{calibrated_on_lines(dict(record))}{branch_lines(branch)}\
{decision_lines(calibration, limitation_with(branch, limitation, takes_part=calibration.calcifications is not None))}
"""


def _member(name: str, model_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
    taught = (Split.TRAIN.value, Split.VALIDATION.value, Split.EXPOSURE.value)
    return {
        "name": name,
        "model": model_id,
        "dataset": record["dataset"]["name"],
        "epochs": max(one["epochs"] for one in record["members"]),
        "images": {part: record["images"][part] for part in taught if part in record["images"]},
        "patients": {part: record["patients"][part] for part in taught if part in record["patients"]},
        "pretrained_weights": record["pretrained_weights"],
    }


def _learned(member: Mapping[str, Any]) -> str:
    return f"{sum(member['patients'].values())} / {sum(member['images'].values())}"


def _together(terms: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    """Of several data sets as of one, each named once; ``None`` of none."""
    if not terms:
        return None
    joined = {key: dict.fromkeys(one[key] for one in terms if one[key]) for key in ("name", "licence", "citation")}
    separators = {"name": " and ", "licence": "; ", "citation": " "}
    return {key: separators[key].join(values) for key, values in joined.items()}
