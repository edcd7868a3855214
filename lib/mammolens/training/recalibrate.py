"""Calibrate an existing model on a site's own normals, without training it again."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from mammolens.calibration.calcifications import FEWEST_PATIENTS
from mammolens.calibration.calibration import Calibration
from mammolens.config import CalibrationConfig, EnsembleConfig, ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.errors import ConfigError, ModelError
from mammolens.files import write_text
from mammolens.models.calcifications import copy_branch
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device, choose_device
from mammolens.models.directory import (
    CALIBRATION,
    CARD,
    CONFIG,
    MEMBERS,
    TRAINING,
    WEIGHTS,
    TrainedEnsemble,
    TrainedModel,
    load_any_model,
    model_id_of,
    save_model,
    seal_model,
)
from mammolens.training.calibrate import calibrate
from mammolens.training.calibrate_ensemble import calibrate_ensemble_directory
from mammolens.training.partition import together
from mammolens.training.progress import Observer, Stage, StageCounter, ignore_progress
from mammolens.training.record import model_card, recalibrated_record
from mammolens.training.unseen import unseen_by_networks
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import COARSEST_FOR_CALCIFICATIONS_MM, AnyPath

_Config = TypeVar("_Config", ModelConfig, EnsembleConfig)


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What came of it.

    Attributes:
        model_id: of the directory that was written.
        calibration: the new one.
        doubt: why patients that the model learned from may be among these; ``None`` where they are left out.
        calcifications: whether calcifications are looked for from now on, and else why not; ``None`` of a model without
            a branch for them.
    """

    model_id: str
    calibration: Calibration
    doubt: str | None
    calcifications: str | None = None


def recalibrate(
    directory: AnyPath,
    dataset: Dataset,
    output: AnyPath,
    *,
    settings: CalibrationConfig | None = None,
    unseen: bool = False,
    progress: Observer = ignore_progress,
    device: str | Device = AUTO,
) -> Recalibration:
    """Write a copy of a model with a new calibration, training record and card; weights stay as they are.

    Measured figures are not copied: they are of the other calibration.

    Args:
        directory: the model; its own calibration is ignored.
        dataset: its clean normal cases are used; see :func:`mammolens.training.unseen.unseen_normals`.
        output: the model directory to write, whole or not at all; ``directory`` itself is replaced.
        settings: instead of the model's own, except for the share of patients that training held out.
        unseen: the caller knows that the model learned from none of these patients, or is an ensemble, of which one
            member never learns from the patient: all clean normal cases are used, each scored by that member.
        progress: called for every image.
        device: to run on, as for :meth:`mammolens.inference.predictor.Predictor.load`.

    Raises:
        ModelError: the model cannot be loaded or has no whole training record, or ``output`` exists.
        DatasetError: no usable normal image.
        ConfigError: the settings do not fit the model, as levels renamed beneath its findings, or there is no such
            device.

    Example:
        >>> from mammolens import open_dataset, pretrained_directory
        >>> recalibrate(pretrained_directory(), open_dataset("/data/normals"), "runs/ours")  # doctest: +SKIP
    """
    directory, output = Path(directory), Path(output)
    in_place = output.resolve() == directory.resolve()
    if output.exists() and not in_place:
        raise ModelError(output, "already exists", "choose another output, or move it away")
    placed, model = choose_device(device), load_any_model(directory, calibrated=False)
    if missing := {"dataset", "exposure", "images", "patients", "images_left_out"} - set(model.training):
        reason = f"{TRAINING} has no {', '.join(sorted(missing))}"
        raise ModelError(directory, reason, "take a complete model directory")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as temporary:
        folder = Path(temporary) / "new"
        if isinstance(model, TrainedEnsemble):
            calibration, doubt = _recalibrated_ensemble(
                model, directory, dataset, folder, settings, unseen, progress, placed
            )
        else:
            calibration, doubt = _recalibrated(model, directory, dataset, folder, settings, unseen, progress, placed)
        model_id = model_id_of(folder)
        _put(folder, output, aside=Path(temporary) / "old")
    branch = _calcifications_in_words(calibration) if model.calcifications is not None else None
    return Recalibration(model_id, calibration, doubt, branch)


def _recalibrated(
    model: TrainedModel,
    directory: Path,
    dataset: Dataset,
    folder: Path,
    settings: CalibrationConfig | None,
    unseen: bool,
    progress: Observer,
    device: Device,
) -> tuple[Calibration, str | None]:
    left_out, doubt = unseen_by_networks(model, dataset, unseen=unseen)
    cases, config = together(*(tuple(part.cases) for part in left_out)), _configured(model.config, settings)
    step = StageCounter(Stage.CALIBRATE, len(cases), progress)
    branch = model.calcifications
    calibration, used = calibrate(left_out, Pipeline(config.preprocessing), config, step, branch, device)
    if branch is not None and branch.training.get("dataset", {}).get("name") == dataset.name:
        doubt = "; ".join(filter(None, (doubt, "the calcification branch may have learned from these patients")))
    record = recalibrated_record(model.training, dataset, cases, used, doubt)
    save_model(folder, config, model.network, record)
    # To the byte: the model's id is their fingerprint.
    for name in (WEIGHTS, CONFIG) if settings is None else (WEIGHTS,):
        shutil.copy2(directory / name, folder / name)
    copy_branch(directory, folder)
    calibration.save(folder / CALIBRATION)
    seal_model(folder)
    write_text(folder / CARD, model_card(model_id_of(folder), config, record, calibration, branch))
    return calibration, doubt


def _recalibrated_ensemble(
    model: TrainedEnsemble,
    directory: Path,
    dataset: Dataset,
    folder: Path,
    settings: CalibrationConfig | None,
    unseen: bool,
    progress: Observer,
    device: Device,
) -> tuple[Calibration, str | None]:
    """The members' calibrations, too: each standardises its scores by these normals."""
    shutil.copytree(directory / MEMBERS, folder / MEMBERS)
    copy_branch(directory, folder)
    if settings is None:
        shutil.copy2(directory / CONFIG, folder / CONFIG)
    else:
        write_text(folder / CONFIG, _configured(model.config, settings).to_yaml())
    return calibrate_ensemble_directory(
        folder, dataset, unseen=unseen, recalibrated=True, progress=progress, device=device
    )


def _calcifications_in_words(calibration: Calibration) -> str:
    if calibration.calcifications is not None:
        return "calcifications are looked for from now on"
    unseen = sum(image.calcifications is None for image in calibration.images)
    why = (
        f"{unseen} of {len(calibration.images)} images have larger pixels than {COARSEST_FOR_CALCIFICATIONS_MM:g} mm, "
        "or pixels of unknown size"
        if unseen
        else f"that takes {FEWEST_PATIENTS} normal patients, and scores that are standardised"
    )
    return f"calcifications are not looked for: {why}"


def _configured(config: _Config, settings: CalibrationConfig | None) -> _Config:
    if settings is None:
        return config
    # The partition that training drew is known by this share alone.
    kept = settings.model_copy(update={"fraction": config.calibration.fraction})
    try:
        return type(config).model_validate({**config.model_dump(), "calibration": kept.model_dump()})
    except ValidationError as error:
        reason = f"do not fit the model: {error.errors()[0]['msg'].removeprefix('Value error, ')}"
        raise ConfigError(
            "calibration settings", reason, "keep the names used in the model's other sections"
        ) from error


def _put(folder: Path, output: Path, aside: Path) -> None:
    """Replace a directory by a complete one; the old one is restored if that fails."""
    if not output.exists():
        folder.rename(output)
        return
    output.rename(aside)
    try:
        folder.rename(output)
    except OSError:
        aside.rename(output)
        raise
