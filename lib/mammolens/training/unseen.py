"""Normal patients that a model was not trained on, as far as its training record says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mammolens.config import ModelConfig, load_config
from mammolens.datasets.base import Dataset
from mammolens.datasets.joined import joined_patient
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.models.directory import CONFIG, TrainedModel, network_directories, record_of
from mammolens.models.ensemble import members_of
from mammolens.training.calibrate import Unseen
from mammolens.training.partition import Cases, Partition, by_member, known_abnormal, learnable_normals, partition
from mammolens.training.record import data_fingerprint

_DOUBT = "the training record contains no patient IDs; make sure that the model was not trained on these patients"


def unseen_by_networks(model: TrainedModel, dataset: Dataset, *, unseen: bool) -> tuple[list[Unseen], str | None]:
    """Clean normal cases with the network that scores them: of several, the one that did not learn from the patient.

    Args:
        model: of one network or several that learned from different patients.
        dataset: whose clean normal cases are used; see :func:`unseen_normals`.
        unseen: the caller knows that the model learned from none of these patients, or has several networks, one of
            which never learns from the patient: all clean normal cases are used.

    Returns:
        The cases by network, and why patients of the training may be among them, if so.

    Raises:
        DatasetError: no case is left.
    """
    doubt, parts = None, by_member(learnable_normals(dataset).cases, model.config.network.members)
    if not unseen:
        parts, doubt = unseen_normals(dataset, model.config, model.training)
    # As many parts as members: each by the member that did not learn from it. One part: by all of them.
    networks = members_of(model.network) if len(parts) > 1 else [model.network]
    return [Unseen(network, own) for network, own in zip(networks, parts, strict=True)], doubt


def unseen_normals(dataset: Dataset, config: ModelConfig, record: dict[str, Any]) -> tuple[list[Cases], str | None]:
    """Clean normal cases that the model did not learn from, as far as its training record says.

    The record holds no patients, only a fingerprint of all of its data. Of the data that it recognises by it, or as
    the same publication, the calibration part of the same partition is taken, one for each member of the model; of
    others all that are not set aside or meant for training. Of joined data it may recognise a part.

    Returns:
        The cases, in one part or one for each member, and why patients of the training may be among them, if so.

    Raises:
        DatasetError: no case is left.
    """
    normals = learnable_normals(dataset)
    parts = _partition(dataset, config)
    if parts is not None and data_fingerprint(parts.normals) == record.get("data_fingerprint"):
        return _calibration(parts), None
    if parts is not None and _is_same_publication(dataset, record["dataset"]):
        return _calibration(parts), f"the data have changed since the training, and {_DOUBT}"
    if dataset.parts:
        return _unseen_of_each_part(dataset, config, record)
    cases = normals.where(lambda case: case.split not in (Split.TRAIN, Split.VALIDATION)).cases
    if not cases:
        raise _no_normals(dataset)
    return [cases], _DOUBT


def _unseen_of_each_part(
    dataset: Dataset, config: ModelConfig, record: dict[str, Any]
) -> tuple[list[Cases], str | None]:
    found: list[tuple[list[Cases], str | None]] = []
    for part in dataset.parts.values():
        try:
            found.append(unseen_normals(part, config, record))
        except DatasetError:  # a set without normals, such as one of lesions
            continue
    normals = {case.path: case for case in learnable_normals(dataset).cases}
    members = max((len(cases) for cases, _ in found), default=1)
    shares: list[Cases] = [()] * members
    for cases, _ in found:  # any member may score the patients of a set that none of them learned from
        of_members = cases if len(cases) == members else by_member(cases[0], members)
        kept = (tuple(normals[case.path] for case in own if case.path in normals) for own in of_members)
        shares = [share + own for share, own in zip(shares, kept, strict=True)]
    if not any(shares):
        raise _no_normals(dataset)
    return shares, next((doubt for _, doubt in found if doubt), None)


def _no_normals(dataset: Dataset) -> DatasetError:
    reason = "has no clean normal image that is not set aside"
    return DatasetError(dataset.name, reason, "give normal mammograms of patients the model was not trained on")


def may_have_learned_from(model: TrainedModel, dataset: Dataset) -> bool:
    """Whether the training record names this data: by its fingerprint, or as the same publication."""
    parts = _partition(dataset, model.config)
    same_data = parts is not None and data_fingerprint(parts.normals) == model.training.get("data_fingerprint")
    same_data = same_data or _is_same_publication(dataset, model.training["dataset"])
    return same_data or any(may_have_learned_from(model, part) for part in dataset.parts.values())


@dataclass(frozen=True, slots=True)
class Overlap:
    """Patients of a data set that a model was trained or calibrated on.

    Attributes:
        patients: ids of those who trained or calibrated it, as far as its training record says.
        doubt: why there may be more; ``None`` if nothing hints at it.
    """

    patients: frozenset[str]
    doubt: str | None


def overlap(directory: Path, dataset: Dataset) -> Overlap:
    """The patients of a data set that a model has seen, recognised by the fingerprints in its training record.

    Args:
        directory: of a model or of an ensemble, each of whose members counts.
        dataset: as a whole: a selection of its cases has another fingerprint. Of joined data the parts count, too.

    Raises:
        ConfigError: a configuration is missing or damaged.
    """
    of_parts = {name: overlap(directory, part) for name, part in dataset.parts.items()}
    patients = {joined_patient(name, patient) for name, found in of_parts.items() for patient in found.patients}
    changed = any(found.doubt for found in of_parts.values())
    for network in network_directories(directory):
        config, record = load_config(network / CONFIG), record_of(network)
        parts = _partition(dataset, config)
        known = parts is not None and data_fingerprint(parts.normals) == record.get("data_fingerprint")
        if parts is not None and known:
            patients |= {case.patient_id for cases in parts.normals for case in cases}
        exposure = _exposure(dataset, record.get("exposure_fingerprint"))
        patients |= {case.patient_id for case in exposure}
        changed |= not known and _is_same_publication(dataset, record.get("dataset") or {})
        changed |= not exposure and _is_same_publication(dataset, record.get("exposure") or {})
    return Overlap(frozenset(patients), f"the data have changed since the training, and {_DOUBT}" if changed else None)


def _exposure(dataset: Dataset, fingerprint: str | None) -> Cases:
    """The cases with lesions that a model was trained on, if they are of this data set."""
    for source in (None, dataset):
        try:
            cases = known_abnormal(dataset, source)
        except DatasetError:
            continue
        if data_fingerprint([cases]) == fingerprint:
            return cases
    return ()


def _calibration(parts: Partition) -> list[Cases]:
    return [share.calibration for share in parts.shares]


def _is_same_publication(dataset: Dataset, taught: dict[str, str]) -> bool:
    """By name and citation; tables and folders have no citation, and arbitrary names."""
    named = (dataset.name, dataset.citation)
    return bool(dataset.citation) and named == (taught.get("name"), taught.get("citation"))


def _partition(dataset: Dataset, config: ModelConfig) -> Partition | None:
    """As training drew it, without exposure; ``None`` where these are too few patients to have been trained on."""
    training = config.training.model_copy(update={"exposure_share": 0.0})
    try:
        return partition(dataset, config.model_copy(update={"training": training}))
    except DatasetError:
        return None
