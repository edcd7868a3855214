"""Calibrate an existing model on a site's own normals, without training it again."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mammolens.calibration.calibration import Calibration
from mammolens.config import CalibrationConfig, ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.enums import Split
from mammolens.errors import ConfigError, DatasetError, ModelError
from mammolens.files import write_text
from mammolens.models.directory import CALIBRATION, CARD, CONFIG, TRAINING, WEIGHTS, load_model, model_id_of, save_model
from mammolens.models.ensemble import members_of
from mammolens.training.calibrate import Unseen, calibrate
from mammolens.training.partition import Cases, Partition, by_member, clean_normals, partition, together
from mammolens.training.progress import Observer, Stage, StageCounter, unobserved
from mammolens.training.record import data_fingerprint, model_card, recalibrated_record
from mammolens.transforms.pipeline import Pipeline

_DOUBT = "the training record names no patients, so make sure that none of these taught the model"


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What came of it.

    Attributes:
        model_id: of the directory that was written.
        calibration: the new one.
        doubt: why patients that the model learned from may be among these; ``None`` where they are left out.
    """

    model_id: str
    calibration: Calibration
    doubt: str | None


def recalibrate(
    directory: Path,
    dataset: Dataset,
    output: Path,
    *,
    settings: CalibrationConfig | None = None,
    unseen: bool = False,
    progress: Observer = unobserved,
) -> Recalibration:
    """Write a copy of a model with a new calibration, training record and card; weights stay as they are.

    Measured figures are not copied: they are of the other calibration.

    Args:
        directory: the model; its own calibration is not looked at.
        dataset: its clean normal cases are used; see :func:`unseen_normals`.
        output: the model directory to write, whole or not at all; ``directory`` itself is replaced.
        settings: in place of the model's own, but for the share of patients that training held back.
        unseen: whoever asks knows that the model learned from none of these patients, or is an ensemble, of which one
            member never learns from her: all clean normal cases are used, each scored by that member.
        progress: told of every image.

    Raises:
        ModelError: the model cannot be loaded or has no whole training record, or ``output`` exists.
        DatasetError: no usable normal image.
        ConfigError: the settings do not fit the model, as levels renamed beneath its findings.
    """
    in_place = output.resolve() == directory.resolve()
    if output.exists() and not in_place:
        raise ModelError(output, "exists already", "choose another output, or move it away")
    model = load_model(directory)
    if missing := {"dataset", "images", "patients", "images_left_out"} - set(model.training):
        reason = f"{TRAINING} has no {', '.join(sorted(missing))}"
        raise ModelError(directory, reason, "take a complete model directory")
    doubt, parts = None, by_member(clean_normals(dataset).cases, model.config.network.members)
    if not unseen:
        parts, doubt = unseen_normals(dataset, model.config, model.training)
    # As many parts as members: each by the member that did not learn from it. One part: by all of them.
    networks = members_of(model.network) if len(parts) > 1 else [model.network]
    cases, config = together(*parts), _configured(model.config, settings)
    step = StageCounter(Stage.CALIBRATE, len(cases), progress)
    left_out = [Unseen(network, own) for network, own in zip(networks, parts, strict=True)]
    calibration, used = calibrate(left_out, Pipeline(config.preprocessing), config, step)
    record = recalibrated_record(model.training, dataset, cases, used, doubt)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as temporary:
        folder = Path(temporary) / "new"
        save_model(folder, config, model.network, record)
        # To the byte: the model's id is their fingerprint.
        for name in (WEIGHTS, CONFIG) if settings is None else (WEIGHTS,):
            shutil.copy2(directory / name, folder / name)
        calibration.save(folder / CALIBRATION)
        model_id = model_id_of(folder)
        write_text(folder / CARD, model_card(model_id, config, record, calibration))
        _put(folder, output, aside=Path(temporary) / "old")
    return Recalibration(model_id, calibration, doubt)


def unseen_normals(dataset: Dataset, config: ModelConfig, record: dict[str, Any]) -> tuple[list[Cases], str | None]:
    """Clean normal cases that the model did not learn from, as far as its training record can tell.

    The record holds no patients, only a fingerprint of all of its data. Of the data that it recognises by it, or as
    the same publication, the calibration part of the same partition is taken, one for each member of the model; of
    others the split 'calibration' where there is one, else all that are not set aside or meant for training.

    Returns:
        The cases, in one part or one for each member; and why patients that taught the model may be among them.

    Raises:
        DatasetError: no case is left.
    """
    normals = clean_normals(dataset)
    parts = _partition(dataset, config)
    if parts is not None and data_fingerprint(parts.normals) == record.get("data_fingerprint"):
        return _calibration(parts), None
    if parts is not None and _is_same_publication(dataset, record["dataset"]):
        return _calibration(parts), f"the data have changed since the training, and {_DOUBT}"
    cases = normals.in_split(Split.CALIBRATION).cases
    cases = cases or normals.where(lambda case: case.split not in (Split.TRAIN, Split.VALIDATION)).cases
    if not cases:
        reason = "has no clean normal image that is not set aside"
        raise DatasetError(dataset.name, reason, "give normal mammograms of patients that the model never saw")
    return [cases], _DOUBT


def _calibration(parts: Partition) -> list[Cases]:
    return [share.calibration for share in parts.shares]


def _is_same_publication(dataset: Dataset, taught: dict[str, str]) -> bool:
    """By name and citation; tables and folders have no citation, and their names are anybody's."""
    named = (dataset.name, dataset.citation)
    return bool(dataset.citation) and named == (taught.get("name"), taught.get("citation"))


def _partition(dataset: Dataset, config: ModelConfig) -> Partition | None:
    """As training drew it, without exposure; ``None`` where these are too few patients to have been trained on."""
    training = config.training.model_copy(update={"exposure_share": 0.0})
    try:
        return partition(dataset, config.model_copy(update={"training": training}))
    except DatasetError:
        return None


def _configured(config: ModelConfig, settings: CalibrationConfig | None) -> ModelConfig:
    if settings is None:
        return config
    # The partition that training drew is known by this share alone.
    kept = settings.model_copy(update={"fraction": config.calibration.fraction})
    try:
        return ModelConfig.model_validate({**config.model_dump(), "calibration": kept.model_dump()})
    except ValidationError as error:
        reason = f"do not fit the model: {error.errors()[0]['msg'].removeprefix('Value error, ')}"
        raise ConfigError("calibration settings", reason, "keep what the model's other sections name") from error


def _put(folder: Path, output: Path, aside: Path) -> None:
    """Let a whole directory take its place; the one that is there goes aside, and comes back if that fails."""
    if not output.exists():
        folder.rename(output)
        return
    output.rename(aside)
    try:
        folder.rename(output)
    except OSError:
        aside.rename(output)
        raise
