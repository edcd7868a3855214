"""The training record (JSON) and the model card of a model directory."""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import monai
import torch

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.calibration.calibration import Calibration
from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.enums import Split
from mammolens.models.calcifications import CalcificationBranch, limitation_with
from mammolens.models.networks import pretrained_weights
from mammolens.training.checkpoint import LearningState
from mammolens.training.partition import Cases, Partition, normals_of_affected_patients

_PARTS = {
    Split.TRAIN: "training",
    Split.VALIDATION: "validation",
    Split.EXPOSURE: "known abnormal images with outlined lesions, also trained on",
    Split.CALIBRATION: "calibration",
}
_UNITS = {
    "none": "the network's own",
    "acquisition_group": "in robust standard deviations of normal images of the same machine",
    "acquisition_group_view": "in robust standard deviations of normal images of the same machine and view",
}


def data_fingerprint(parts: Iterable[Cases]) -> str:
    """SHA-256 over the names, patients and sizes of the files of each part, in order; a missing file has no size."""
    digest = hashlib.sha256()
    for cases in parts:
        digest.update(b"|")
        for case in cases:
            size = case.path.stat().st_size if case.path.is_file() else None
            digest.update(f"{case.patient_id}/{case.path.name}/{size};".encode())
    return digest.hexdigest()


def training_record(
    config: ModelConfig,
    dataset: Dataset,
    listed: Partition,
    used: Mapping[Split, Sequence[Case]],
    states: Sequence[LearningState],
    *,
    exposure: Dataset | None = None,
    started_from: str | None = None,
) -> dict[str, Any]:
    """Everything that is needed to train the same model again; no identifier of a person.

    Args:
        config: of the model.
        dataset: that it learned from.
        listed: what the parts were to be.
        used: what of it could be read.
        states: of each member at the end of learning.
        exposure: the data set of the known abnormal images, where they are not of ``dataset``.
        started_from: model id.
    """
    images = {part.value: len(used[part]) for part in listed.by_split}
    withheld = normals_of_affected_patients(dataset)
    return {
        "dataset": terms_of(dataset),
        "exposure": terms_of(exposure) if exposure is not None else None,
        "data_fingerprint": data_fingerprint(listed.normals),
        "exposure_fingerprint": data_fingerprint([listed.exposure]),
        "images": images,
        "images_left_out": {part.value: len(cases) - images[part] for part, cases in listed.by_split.items()},
        "patients": {part.value: len(patients_in(cases)) for part, cases in used.items()},
        "normals_of_affected_patients": {"images": len(withheld.cases), "patients": len(withheld.patients)},
        "seed": config.training.seed,
        "members": [
            {
                "epochs": state.epoch,
                "kept_epoch": state.epoch if config.training.keeps_last_epoch else state.best_epoch,
                "training_errors": state.training_errors,
                "validation_errors": state.validation_errors,
            }
            for state in states
        ],
        "started_from": started_from,
        "pretrained_weights": None if started_from else pretrained_weights(config.network),
        "versions": versions(),
        "notice": RESEARCH_USE_ONLY,
    }


def versions() -> dict[str, str]:
    """Of the software that a model is made with."""
    return {
        "mammolens": __version__,
        "torch": str(torch.__version__),
        "monai": monai.__version__,
        "python": platform.python_version(),
    }


def recalibrated_record(
    record: dict[str, Any], dataset: Dataset, listed: Sequence[Case], used: Sequence[Case], doubt: str | None
) -> dict[str, Any]:
    """The training record of a model that was recalibrated.

    Args:
        record: of its training; the counts of the calibration part are replaced.
        dataset: that it is calibrated on.
        listed: what the calibration was to be.
        used: what of it could be read.
        doubt: why patients of the training may be among these, if they may.
    """
    part = Split.CALIBRATION.value
    changed = {"images": len(used), "images_left_out": len(listed) - len(used), "patients": len(patients_in(used))}
    counts = {name: {**record[name], part: count} for name, count in changed.items()}
    return {**record, **counts, "calibrated_on": {**terms_of(dataset), "doubt": doubt, "mammolens": __version__}}


def model_card(
    model_id: str,
    config: ModelConfig,
    record: dict[str, Any],
    calibration: Calibration,
    branch: CalcificationBranch | None = None,
) -> str:
    """The model card as Markdown: description, training data, decision rule, licence."""
    takes_part = calibration.calcifications is not None
    limitation = limitation_with(branch, config.preprocessing.limitation, takes_part=takes_part)
    data = record["dataset"]
    size = config.preprocessing.size
    return f"""# {model_id}

**{RESEARCH_USE_ONLY}.** {config.description}

| | patients | images |
|---|---|---|
{_parts(record)}

- Data: {data["name"]}, {_learned_from(record)}. {data["citation"]}
- Licence of the data: {data["licence"].rstrip(".")}. The weights learned from it are bound by the same terms.
{_withheld(record)}{_exposed_to(record)}{_started_from(record)}{calibrated_on_lines(record)}\
- Network: {config.network.name}, input {size} x {size} ({config.preprocessing.grid});
  seed {record["seed"]}, {_members(record["members"])}.
{branch_lines(branch)}{decision_lines(calibration, limitation)}
"""


def branch_lines(branch: CalcificationBranch | None) -> str:
    """Lines of the card on the calcification branch and its data; none where the model has none."""
    if branch is None:
        return ""
    data, tiles = branch.training["dataset"], branch.training["tiles"]
    patients = sum(branch.training["patients"].values())
    return (
        f"- Calcifications: a branch of its own, trained on drawn clusters in {sum(tiles.values())} normal tiles of "
        f"{patients} patients.\n"
        f"  Data: {data['name']}. {data['citation']}\n"
        f"  Licence of these data: {data['licence'].rstrip('.')}. The branch's weights are bound by the same terms.\n"
    )


def decision_lines(calibration: Calibration, limitation: str | None) -> str:
    """The end of a card: decision rule, calibration patients, and where the heat levels begin.

    Args:
        calibration: of the model.
        limitation: what it does not look for, in a sentence, if there is anything to say.
    """
    starts, config = calibration.levels(), calibration.config
    levels = "\n".join(f"| {name} | {starts[name]:.5g} | {share:.0%} |" for name, share in config.levels.items())
    not_looked_for = f"- {limitation}\n" if limitation else ""
    return f"""- Decision: {_decision(calibration)}.
  Scores are {_UNITS[config.standardise]}.
  Calibrated on views {", ".join(sorted(calibration.views)) or "unknown"} and machines
  {", ".join(sorted(calibration.acquisition_groups)) or "unknown"}; the false-positive rate is not controlled on others.
  {_by_itself(calibration)}
{not_looked_for}- Unknown: performance on other machines, populations and image processing.

| heat level | from map value | normal images that reach it, at most |
|---|---|---|
{levels}"""


def _parts(record: dict[str, Any]) -> str:
    """Rows of the card: patients and images of each part."""
    patients, images = record["patients"], record["images"]
    return "\n".join(
        f"| {words} | {patients[part.value]} | {images[part.value]} |"
        for part, words in _PARTS.items()
        if images.get(part.value)
    )


def _members(members: Sequence[dict[str, Any]]) -> str:
    kept = ", ".join(str(member["kept_epoch"]) for member in members)
    epochs = ", ".join(dict.fromkeys(str(member["epochs"]) for member in members))
    if len(members) == 1:
        return f"weights of epoch {kept} of {epochs}"
    weights = f"{len(members)} members, weights of epochs {kept} of {epochs}"
    return f"{weights}; each is calibrated on patients it was not trained on"


def _learned_from(record: dict[str, Any]) -> str:
    if Split.EXPOSURE.value in record["images"]:
        return "normal mammograms and **known abnormal ones with outlined lesions** (exposure)"
    return "normal mammograms only"


def _withheld(record: dict[str, Any]) -> str:
    """A line of the card on normal images of patients with an abnormal one; none where there is none, or no count."""
    count = record.get("normals_of_affected_patients", {"images": 0})
    if not count["images"]:
        return ""
    patients = f"{count['patients']} patients who have an abnormal one"
    return f"- Not used for training: {count['images']} normal images of {patients}.\n"


def _exposed_to(record: dict[str, Any]) -> str:
    """A line of the card on the data of the exposure; none where it has no data set of its own."""
    data = record["exposure"]
    if data is None:
        return ""
    return f"- Exposure: {data['name']}. {data['citation']} Licence of these data: {data['licence'].rstrip('.')}.\n"


def _started_from(record: dict[str, Any]) -> str:
    """A line of the card on the weights that training began with; none where they were random."""
    weights = record["started_from"] or record["pretrained_weights"]
    return f"- Training started from: {weights}.\n" if weights else ""


def terms_of(dataset: Dataset) -> dict[str, str]:
    """Name, licence and citation of a data set."""
    return {"name": dataset.name, "licence": dataset.licence, "citation": dataset.citation}


def patients_in(cases: Sequence[Case]) -> set[str]:
    """Their ids."""
    return {case.patient_id for case in cases}


def calibrated_on_lines(record: dict[str, Any]) -> str:
    """Lines of the card on the data of a later calibration; none where there was none."""
    data = record.get("calibrated_on")
    if data is None:
        return ""
    doubt = f" Beware: {data['doubt']}." if data["doubt"] else ""
    return (
        f"- Recalibrated on: {data['name']}. {data['citation']}\n"
        f"  Licence of these data: {data['licence'].rstrip('.')}.{doubt}\n"
    )


def _decision(calibration: Calibration) -> str:
    threshold = calibration.exam_threshold()
    rule = calibration.decision_rule
    return f"{rule}; exam score threshold {threshold:.5g}" if math.isfinite(threshold) else rule


def _by_itself(calibration: Calibration) -> str:
    large = ", ".join(calibration.exam_scales.whole.groups) or "none"
    return f"Machines with enough patients for a calibration of their own: {large}; others use the pooled calibration."
