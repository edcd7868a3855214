"""From a configuration and a data set to a complete model directory."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import torch
from torch import nn

from mammolens.config import ModelConfig
from mammolens.datasets.base import Dataset
from mammolens.enums import Split
from mammolens.errors import ConfigError, DatasetError, ModelError
from mammolens.files import write_text
from mammolens.inference.plugin_scorer import plugin_scorer
from mammolens.models.calcifications import copy_branch
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device, choose_device, placed_for_training
from mammolens.models.directory import (
    CALIBRATION,
    CARD,
    TrainedModel,
    load_model,
    model_id_of,
    save_model,
    seal_model,
)
from mammolens.models.ensemble import members_of
from mammolens.models.networks import initial_network
from mammolens.models.weights import round_weights
from mammolens.training.calibrate import Unseen, calibrate
from mammolens.training.checkpoint import FILE as CHECKPOINT
from mammolens.training.checkpoint import LearningState
from mammolens.training.distributed import on_first
from mammolens.training.learning import learn
from mammolens.training.partition import Cases, Partition, partition, together
from mammolens.training.preparation import prepare_to_folder
from mammolens.training.progress import MemberProgress, Observer, Stage, StageCounter, ignore_progress
from mammolens.training.record import data_fingerprint, model_card, training_record
from mammolens.training.tasks import build_task
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import AnyPath

IMAGES = "images"  # folder of the run with the images to learn from


def train(
    config: ModelConfig,
    dataset: Dataset,
    output: AnyPath,
    *,
    exposure: Dataset | None = None,
    progress: Observer = ignore_progress,
    resume: bool = False,
    start_from: AnyPath | None = None,
    pipeline: Pipeline | None = None,
    device: str | Device = AUTO,
) -> Path:
    """Train, calibrate and write a model directory, completely or not at all.

    During training, the folder ``.<output>.training`` beside it keeps a checkpoint per epoch and the prepared images,
    which only this user can read; with ``resume``, an interrupted run continues from it. Processes of one group
    (:mod:`mammolens.training.distributed`) train together; the first one writes, reports and calibrates.

    Args:
        config: of the model.
        dataset: its clean normal cases are used; see :func:`partition`.
        output: the model directory; must not exist.
        exposure: known abnormal images with outlined lesions, if the configuration learns from them; ``None``: the
            exposure split of ``dataset``.
        progress: called for every step.
        resume: continue from the checkpoint of the same configuration and data, if there is one, with the prepared
            images.
        start_from: model directory whose weights to start from (same network); ``config.training.l2_sp`` penalises
            the distance from them. Its calcification branch is copied.
        pipeline: of the configuration's preprocessing, where one that remembers its images is shared by several runs.
        device: to run on, as for :meth:`mammolens.inference.predictor.Predictor.load`.

    Raises:
        ModelError: ``output`` exists, or ``start_from`` does not fit.
        DatasetError: too few usable patients, or no outlined lesion where the configuration learns from some.
        ConfigError: the configuration cannot be trained, or does not use the given ``exposure``; the device does not
            exist or has too little memory.
        StorageError: the disk is full.

    Example:
        >>> from mammolens import load_config, open_dataset, pretrained_directory
        >>> config = load_config(pretrained_directory("restorer") / "config.yaml")
        >>> train(config, open_dataset("/data/normals"), "runs/mine")  # doctest: +SKIP
        PosixPath('runs/mine')
    """
    output = Path(output)
    if output.exists():
        raise ModelError(output, "already exists", "choose another output, or move it away")
    if exposure is not None and not config.training.exposure_share:
        reason = f"is 0, so the model would not be trained on {exposure.name}"
        raise ConfigError("training.exposure_share", reason, "use configs/exposed.yaml, or give no exposure")
    plugin_scorer(config.scoring)  # a missing one is reported now, not after the training
    placed, parts = choose_device(device), partition(dataset, config, exposure)
    earlier = load_model(Path(start_from)) if start_from else None
    network = _initial_network(config, earlier)
    folder = on_first(lambda: workplace(output, resume))
    pipeline = pipeline or Pipeline(config.preprocessing)
    learners, states = _learn(network, pipeline, config, parts, folder, earlier, progress, placed)
    round_weights(network)

    def calibrate_and_write() -> Path:
        unseen = [
            Unseen(member, share.calibration) for member, share in zip(members_of(network), parts.shares, strict=True)
        ]
        step = StageCounter(Stage.CALIBRATE, sum(len(part.cases) for part in unseen), progress)
        branch = earlier.calcifications if earlier else None
        calibration, calibrated = calibrate(unseen, pipeline, config, step, branch, placed)
        used = {**learners, Split.CALIBRATION: calibrated}
        origin = earlier.model_id if earlier else None
        record = training_record(config, dataset, parts, used, states, exposure=exposure, started_from=origin)
        save_model(folder, config, network, record)
        if start_from:
            copy_branch(Path(start_from), folder)
        calibration.save(folder / CALIBRATION)
        seal_model(folder)
        write_text(folder / CARD, model_card(model_id_of(folder), config, record, calibration, branch))
        for checkpoint in folder.glob(f"*{CHECKPOINT}"):
            checkpoint.unlink()
        shutil.rmtree(folder / IMAGES)
        folder.rename(output)
        return output

    return on_first(calibrate_and_write)


def workplace(output: Path, resume: bool) -> Path:
    """The folder of the run, empty but for the checkpoints and images to go on with."""
    folder = output.with_name(f".{output.name}.training")
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.iterdir():
        if resume and (left_over.name == IMAGES or left_over.name.endswith(CHECKPOINT)):
            continue
        if left_over.is_dir():
            shutil.rmtree(left_over)
        else:
            left_over.unlink()
    (folder / IMAGES).mkdir(mode=0o700, exist_ok=True)  # of patients, readable by this user only
    return folder


def _initial_network(config: ModelConfig, earlier: TrainedModel | None) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        network = initial_network(config.network)
    if earlier is not None:
        if earlier.config.network != config.network:
            raise ModelError(earlier.model_id, "has a different network", "start from a model with the same network")
        network.load_state_dict(earlier.network.state_dict())
    return network


def _learn(
    network: nn.Module,
    pipeline: Pipeline,
    config: ModelConfig,
    parts: Partition,
    folder: Path,
    earlier: TrainedModel | None,
    progress: Observer,
    device: Device,
) -> tuple[dict[Split, Cases], list[LearningState]]:
    """Fit each member; returns the cases that they really learned from, too."""
    wanted = parts.by_split
    listed = together(wanted[Split.TRAIN], wanted[Split.VALIDATION])
    step = StageCounter(Stage.PREPARE, len(listed) + len(parts.exposure), progress)
    trimmed = config.training.lesions is not None
    normals, exposure = on_first(
        lambda: [
            prepare_to_folder(cases, pipeline, step, trimmed=trimmed, folder=folder / IMAGES)
            for cases in (listed, parts.exposure)
        ]
    )
    if parts.exposure and not exposure.cases:
        raise DatasetError("exposure", "no usable image with an outlined lesion", "see what was left out")
    members, states = members_of(network), []
    for number, (member, share) in enumerate(zip(members, parts.shares, strict=True)):
        learners, validation = normals.of(share.train), normals.of(share.validation)
        if not (learners.cases and validation.cases):
            reason = "no usable image of a training or validation patient"
            raise DatasetError("training", reason, "see what was left out")
        # Each member needs other draws; without an initial model, there are no weights to stay close to.
        changes = {"seed": config.training.seed + number} | ({} if earlier else {"l2_sp": 0.0})
        training = config.training.model_copy(update=changes)
        task = build_task(config.model_copy(update={"training": training}), learners, validation, exposure)
        taught = data_fingerprint((learners.cases, validation.cases, exposure.cases))
        identity = f"{config.model_dump_json()}|{taught}|{earlier.model_id if earlier else ''}|{number}"
        fingerprint = hashlib.sha256(identity.encode()).hexdigest()
        checkpoint = folder / (f"{number + 1}-{CHECKPOINT}" if len(members) > 1 else CHECKPOINT)
        observe = MemberProgress(number, len(members), progress)
        with placed_for_training(member, device):
            state = learn(member, task, training, checkpoint=checkpoint, fingerprint=fingerprint, observe=observe)
        states.append(state)
    used = {split: normals.of(wanted[split]).cases for split in (Split.TRAIN, Split.VALIDATION)}
    return (used | {Split.EXPOSURE: exposure.cases} if parts.exposure else used), states
