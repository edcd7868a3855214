"""Train the calcification branch of a model: from a data set of fine pixels to the folder that the branch lies in."""

from __future__ import annotations

import hashlib
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mammolens import RESEARCH_USE_ONLY
from mammolens.config import CalcificationConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.splits import split_by_patient
from mammolens.dicom.reader import read_mammogram
from mammolens.enums import Split
from mammolens.errors import DatasetError, ModelError, UnsupportedMammogramError
from mammolens.models.calcification_network import CalcificationNetwork
from mammolens.models.calcifications import CalcificationBranch, save_calcifications
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device, choose_device, placed_for_training
from mammolens.models.weights import round_weights
from mammolens.training.checkpoint import FILE as CHECKPOINT
from mammolens.training.cluster_task import PATCH, ClusterTask
from mammolens.training.distributed import on_first
from mammolens.training.engine import IMAGES, workplace
from mammolens.training.learning import learn
from mammolens.training.partition import learnable_normals
from mammolens.training.preparation import prepared_by
from mammolens.training.progress import Observer, Stage, StageCounter, ignore_progress
from mammolens.training.record import data_fingerprint, patients_in, terms_of, versions
from mammolens.training.sample import Sample
from mammolens.training.stored_samples import SUFFIX, StoredSamples, store
from mammolens.transforms.breast_mask import BreastMask
from mammolens.transforms.fine_pixels import at_pixel_size
from mammolens.transforms.load import as_meta_tensor
from mammolens.types import FloatImage, Mammogram

_TILE_MM = 22.4  # side of the tiles that are cut out of a whole view
_TILES = 6  # of one view, at most
_LOOKS = 60  # for tiles that lie within the breast
_WHOLE_VIEW_MM = 60.0  # images that are smaller are tiles already
_SMALLEST = PATCH * 2 // 3  # pixels: less would be mostly mirrored
_AIR, _MOST_AIR = 8 / 255, 0.02  # a grey, and the share of a tile's pixels below it


def train_calcifications(
    config: CalcificationConfig,
    dataset: Dataset,
    output: Path,
    *,
    progress: Observer = ignore_progress,
    resume: bool = False,
    device: str | Device = AUTO,
) -> Path:
    """Train a calcification branch and write its folder, whole or not at all.

    It belongs to a model as the folder ``calcifications`` of the model's directory, which is then sealed
    (:func:`mammolens.models.directory.accept_changes`) and calibrated. Meanwhile a folder ``.<output>.training`` keeps
    a checkpoint an epoch; an interrupted run goes on from there with ``resume``.

    Args:
        config: of the branch.
        dataset: its clean normal cases that are not set aside for calibration or testing, as tiles or whole views.
        output: the folder to write; must not exist.
        progress: called for every step.
        resume: go on from the checkpoint of the same configuration and data, if there is one.
        device: to run on, as for :meth:`mammolens.inference.predictor.Predictor.load`.

    Raises:
        ModelError: ``output`` exists.
        DatasetError: fewer than two patients with usable images of fine pixels.
        ConfigError: there is no such device, or too little memory on it.
    """
    if output.exists():
        raise ModelError(output, "already exists", "choose another output, or move it away")
    placed = choose_device(device)
    cases = learnable_normals(dataset).where(lambda case: case.split is not Split.CALIBRATION).cases
    share = config.training.validation_fraction
    parts = split_by_patient(cases, {Split.TRAIN: 1 - share, Split.VALIDATION: share}, config.training.seed)
    folder = on_first(lambda: workplace(output, resume))
    step = StageCounter(Stage.PREPARE, len(cases), progress)
    tiles = on_first(lambda: {split: _tiles(own, config, step, folder / IMAGES) for split, own in parts.items()})
    learners, validation = tiles[Split.TRAIN], tiles[Split.VALIDATION]
    task = ClusterTask(learners[1], validation[1], config.training, config.calcifications)
    taught = data_fingerprint((learners[0], validation[0]))
    fingerprint = hashlib.sha256(f"{config.model_dump_json()}|{taught}".encode()).hexdigest()
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        network = CalcificationNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch
    checkpoint = folder / CHECKPOINT
    with placed_for_training(network, placed):
        state = learn(network, task, config.training, checkpoint=checkpoint, fingerprint=fingerprint, observe=progress)
    round_weights(network)

    def write() -> Path:
        record: dict[str, Any] = {
            "dataset": terms_of(dataset),
            "data_fingerprint": taught,
            "images": {split.value: len(used) for split, (used, _) in tiles.items()},
            "tiles": {split.value: len(images) for split, (_, images) in tiles.items()},
            "patients": {split.value: len(patients_in(used)) for split, (used, _) in tiles.items()},
            "seed": config.training.seed,
            "epochs": state.epoch,
            "training_errors": state.training_errors,
            "validation_errors": state.validation_errors,
            "versions": versions(),
            "notice": RESEARCH_USE_ONLY,
        }
        save_calcifications(folder, CalcificationBranch(config, network, record))
        checkpoint.unlink()
        shutil.rmtree(folder / IMAGES)
        folder.rename(output)
        return output

    return on_first(write)


def _tiles(
    cases: Sequence[Case], config: CalcificationConfig, on_done: StageCounter, folder: Path
) -> tuple[tuple[Case, ...], StoredSamples]:
    """The cases that can be used, and their tiles in files."""
    pixel_size = config.calcifications.pixel_size_mm

    def prepare(case: Case) -> list[FloatImage]:
        return tiles_of(read_mammogram(case.path, case.attributes), pixel_size, config.training.seed)

    used: list[Case] = []
    files: list[Path] = []
    for case, tiles in prepared_by(prepare, cases, on_done):
        used.append(case)
        for tile in tiles:
            files.append(folder / f"{case.split}-{len(files)}{SUFFIX}")
            store(Sample.normal(tile, np.ones(tile.shape, np.bool_)), files[-1])
    if not files:
        reason = "has no usable image of fine pixels of a training or validation patient"
        raise DatasetError("calcifications", reason, "give normal images of at most 0.3 mm per pixel")
    return tuple(used), StoredSamples(tuple(files))


def tiles_of(mammogram: Mammogram, pixel_size_mm: float, seed: int) -> list[FloatImage]:
    """Square parts of the breast's inside at a pixel size, or the whole image where that is a tile already.

    Args:
        mammogram: a view, or a tile of one.
        pixel_size_mm: of the tiles.
        seed: which parts of a view; another file, other parts.

    Returns:
        At most six, each ``(rows, cols)`` float32 in [0, 1].

    Raises:
        UnsupportedMammogramError: the pixels are too coarse, or their size is not known, or there is too little breast.
    """
    path, spacing, pixels = mammogram.header.path, mammogram.header.spacing, mammogram.pixels
    if spacing is None or not spacing.shows_calcifications:
        reason = "its pixels are too coarse to show calcifications, or their size is not known"
        raise UnsupportedMammogramError(path, reason, "give images at the detector's own resolution")
    high, wide = (round(_TILE_MM / size) for size in (spacing.between_rows, spacing.between_columns))
    rows, columns = pixels.shape
    if max(rows * spacing.between_rows, columns * spacing.between_columns) < _WHOLE_VIEW_MM:
        parts = [pixels]
    else:
        breast = BreastMask()(as_meta_tensor(mammogram)).as_tensor()[0].numpy()
        rng = np.random.default_rng((seed, zlib.crc32(path.name.encode())))
        corners = zip(rng.integers(0, rows - high, _LOOKS), rng.integers(0, columns - wide, _LOOKS), strict=True)
        boxes = [(slice(top, top + high), slice(left, left + wide)) for top, left in corners]
        parts = [pixels[box] for box in boxes if breast[box].all()][:_TILES]
    tiles = [at_pixel_size(part, spacing, pixel_size_mm)[0, 0].numpy() for part in parts]
    fit = [tile for tile in tiles if min(tile.shape) >= _SMALLEST and (tile < _AIR).mean() <= _MOST_AIR]
    if not fit:
        raise UnsupportedMammogramError(path, "it shows too little breast tissue", "leave it out")
    return fit
