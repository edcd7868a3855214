"""Train an ensemble of whole models: its members one after the other, then the calibration that they share."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mammolens.config import (
    CalcificationConfig,
    EnsembleConfig,
    ModelConfig,
    TrainingConfig,
    load_config,
    load_document,
)
from mammolens.datasets.base import Dataset
from mammolens.errors import ConfigError, ModelError
from mammolens.files import write_text
from mammolens.models.checksums import CHECKSUMS
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device, choose_device
from mammolens.models.directory import CONFIG, MEMBERS, load_model, model_files, model_id_of
from mammolens.training.calcifications import train_calcifications
from mammolens.training.calibrate_ensemble import calibrate_ensemble_directory
from mammolens.training.distributed import on_first
from mammolens.training.engine import train
from mammolens.training.existing_model import matches_training
from mammolens.training.progress import Observer, ignore_progress


@dataclass(frozen=True, slots=True)
class EnsemblePlan:
    """An ensemble to be made.

    Attributes:
        config: as written to the model directory.
        members: by name, in order: the configuration of a model to train, or the directory of a trained one.
    """

    config: EnsembleConfig
    members: Mapping[str, ModelConfig | Path]

    @property
    def trained_elsewhere(self) -> list[str]:
        """Names of the members that are trained already."""
        return [name for name, member in self.members.items() if isinstance(member, Path)]

    @property
    def learns_from_lesions(self) -> bool:
        """Whether a member to be trained requires known abnormal images."""
        return any(isinstance(own, ModelConfig) and own.training.exposure_share for own in self.members.values())

    def fingerprint(self) -> str:
        """Equal for equal plans, wherever their files lie."""
        members = [
            member.model_dump_json() if isinstance(member, ModelConfig) else model_id_of(member)
            for member in self.members.values()
        ]
        return "|".join([self.config.model_dump_json(), *members])


TrainingPlan = ModelConfig | EnsemblePlan | CalcificationConfig


def read_plan(path: Path) -> TrainingPlan:
    """Read a configuration; of an ensemble also those of its members, whose paths begin at the file's folder.

    Raises:
        ConfigError: naming the file, the field and the remedy.
        ModelError: a member's model directory is incomplete or damaged.
    """
    config = load_document(path)
    if not isinstance(config, EnsembleConfig):
        return config
    members = {member.name: _member(path, member.name, member.model) for member in config.ensemble.members}
    placed = [member.model_copy(update={"model": f"{MEMBERS}/{member.name}"}) for member in config.ensemble.members]
    ensemble = config.ensemble.model_copy(update={"members": tuple(placed)})
    return EnsemblePlan(config.model_copy(update={"ensemble": ensemble}), members)


def seeded(plan: TrainingPlan, seed: int) -> TrainingPlan:
    """The same with another seed, of an ensemble for each member to be trained."""
    if not isinstance(plan, EnsemblePlan):
        return plan.model_copy(update=_with_seed(plan.training, seed))
    members = {
        name: own.model_copy(update=_with_seed(own.training, seed)) if isinstance(own, ModelConfig) else own
        for name, own in plan.members.items()
    }
    return replace(plan, members=members)


def train_ensemble(
    plan: EnsemblePlan,
    dataset: Dataset,
    output: Path,
    *,
    exposure: Dataset | None = None,
    progress: Observer = ignore_progress,
    resume: bool = False,
    device: str | Device = AUTO,
) -> Path:
    """Train the members, calibrate them together and write a model directory, whole or not at all.

    Meanwhile a folder ``.<output>.ensemble`` beside it keeps the members that are done and the checkpoint of the one
    that learns; an interrupted run goes on from there with ``resume``.

    Args:
        plan: by :func:`read_plan`.
        dataset: its clean normal cases are used; see :func:`mammolens.training.partition.partition`.
        output: the model directory; must not exist.
        exposure: known abnormal images with outlined lesions, for the members that learn from some.
        progress: called at every step of each member.
        resume: go on with what an interrupted run of the same plan and data left.
        device: to run on, as for :meth:`mammolens.inference.predictor.Predictor.load`.

    Raises:
        ModelError: ``output`` exists, or a member's model directory is not complete.
        DatasetError: too few usable patients, or none that is new to all members.
        ConfigError: a member cannot be trained, or none learns from ``exposure`` though it is given.
    """
    if output.exists():
        raise ModelError(output, "already exists", "choose another output, or move it away")
    if exposure is not None and not plan.learns_from_lesions:
        reason = f"is 0 in all members that are trained, so the model would not be trained on {exposure.name}"
        raise ConfigError("training.exposure_share", reason, "give no exposure, or a member that is trained on it")
    folder = output.with_name(f".{output.name}.ensemble")
    on_first(lambda: _keep_members(folder, plan, resume))
    for name, member in plan.members.items():
        place = folder / MEMBERS / name
        if isinstance(member, Path):
            on_first(partial(_copy_model, member, place))
            continue
        own = exposure if member.training.exposure_share else None
        if on_first(partial(matches_training, place, member, dataset, own, None)):
            continue
        on_first(partial(shutil.rmtree, place, ignore_errors=True))
        train(member, dataset, place, exposure=own, progress=progress, resume=resume, device=device)

    def calibrate_and_write() -> Path:
        write_text(folder / CONFIG, plan.config.to_yaml())
        calibrate_ensemble_directory(
            folder, dataset, recalibrated=False, progress=progress, device=choose_device(device)
        )
        folder.rename(output)
        return output

    return on_first(calibrate_and_write)


def train_plan(
    plan: TrainingPlan,
    dataset: Dataset,
    output: Path,
    *,
    exposure: Dataset | None = None,
    progress: Observer = ignore_progress,
    resume: bool = False,
    start_from: Path | None = None,
    device: str | Device = AUTO,
) -> Path:
    """Train what a configuration describes; arguments and errors are those of the functions for each kind.

    These are :func:`mammolens.training.engine.train`, :func:`train_ensemble` and
    :func:`mammolens.training.calcifications.train_calcifications`.

    Raises:
        ConfigError: an ensemble or a calcification branch is to start from a model, or the branch to learn from
            outlined lesions.
    """
    if isinstance(plan, CalcificationConfig):
        if start_from is not None or exposure is not None:
            reason = "is a calcification branch, which starts from nothing and learns from normal images alone"
            raise ConfigError(plan.name, reason, "omit --start-from and --exposure")
        return train_calcifications(plan, dataset, output, progress=progress, resume=resume, device=device)
    if isinstance(plan, ModelConfig):
        return train(
            plan,
            dataset,
            output,
            exposure=exposure,
            progress=progress,
            resume=resume,
            start_from=start_from,
            device=device,
        )
    if start_from is not None:
        remedy = "omit --start-from, or train a member with it and name its directory in the configuration"
        raise ConfigError(plan.config.name, "is an ensemble of whole models, which has no weights of its own", remedy)
    return train_ensemble(plan, dataset, output, exposure=exposure, progress=progress, resume=resume, device=device)


def _keep_members(folder: Path, plan: EnsemblePlan, resume: bool) -> None:
    """Remove what an interrupted run left and this one does not go on with."""
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    for place in (folder / MEMBERS).glob("[!.]*"):
        if place.name not in plan.members:
            shutil.rmtree(place)


def _with_seed(training: TrainingConfig, seed: int) -> dict[str, TrainingConfig]:
    return {"training": training.model_copy(update={"seed": seed})}


def _member(source: Path, name: str, given: str) -> ModelConfig | Path:
    path = source.parent / given
    if path.is_dir():
        config = load_model(path).config
    else:
        try:
            config = load_config(path)
        except ConfigError as error:
            reason = f"member {name} cannot be used ({error.source}: {error.reason})"
            raise ConfigError(source, reason, "name a configuration or a model directory that exists") from error
    if config.calibration.standardise == "none":
        reason = f"member {name} does not standardise its scores, so they cannot be compared with the others'"
        raise ConfigError(source, reason, "set its calibration.standardise to acquisition_group_view")
    return path if path.is_dir() else config


def _copy_model(directory: Path, place: Path) -> None:
    """Its calibration, record and card are rewritten with the ensemble's."""
    shutil.rmtree(place, ignore_errors=True)
    needed, _ = model_files(directory)
    for name in (*needed, Path(CHECKSUMS)):
        if not (directory / name).is_file():
            raise ModelError(directory, f"has no {name}", "give a trained and calibrated model")
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(directory / name, place / name)
