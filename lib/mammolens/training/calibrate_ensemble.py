"""Calibrate an ensemble of whole models: its members and the ensemble itself, on the same normal patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.fusion import ensemble_score
from mammolens.calibration.normals import NormalCalcifications
from mammolens.config import EnsembleConfig, ModelConfig, limitation_of, load_any_config
from mammolens.datasets.base import Case, Dataset
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import DatasetError, ModelError
from mammolens.files import write_text
from mammolens.inference.blur import FINEST_DETAIL, finest_detail
from mammolens.inference.breast_view import breast_view
from mammolens.inference.calcifications import CalcificationDetector
from mammolens.inference.detector import prepare_all
from mammolens.inference.ensemble_detector import fused_map
from mammolens.inference.image_statistics import image_statistics
from mammolens.inference.scorer import Scorer
from mammolens.models.calcifications import CalcificationBranch
from mammolens.models.devices import REFERENCE, Device
from mammolens.models.directory import (
    CALIBRATION,
    CARD,
    CONFIG,
    MEMBERS,
    METRICS,
    TRAINING,
    TrainedModel,
    branch_of,
    load_model,
    model_id_of,
    seal_model,
)
from mammolens.training.calibrate import ScoredNormal, Unseen, calibration_of, ordinals_of
from mammolens.training.ensemble_record import ensemble_card, ensemble_record, record_text
from mammolens.training.preparation import prepared_by
from mammolens.training.progress import Observer, Stage, StageCounter
from mammolens.training.record import model_card, recalibrated_record
from mammolens.training.unseen import unseen_by_networks
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Pipeline, Prepared


@dataclass(frozen=True, slots=True)
class MemberToCalibrate:
    """A member of an ensemble, and its networks with the cases of patients that each never learned from."""

    config: ModelConfig
    unseen: Sequence[Unseen]

    @property
    def networks(self) -> dict[Path, nn.Module]:
        """The network that scores each case."""
        return {case.path: part.network for part in self.unseen for case in part.cases}


@dataclass(frozen=True, slots=True)
class EnsembleCalibration:
    """The ensemble's calibration and those of its members, by name, all of the same images.

    Attributes:
        cases: of patients that at least one network of every member was not trained on.
        used: those of them whose images can be used.
    """

    members: dict[str, Calibration]
    ensemble: Calibration
    cases: tuple[Case, ...]
    used: tuple[Case, ...]


def calibrate_ensemble_directory(
    folder: Path,
    dataset: Dataset,
    *,
    unseen: bool = False,
    recalibrated: bool,
    progress: Observer,
    device: Device = REFERENCE,
) -> tuple[Calibration, str | None]:
    """Calibrate what a folder holds, the ensemble's configuration and its members, and write what a model needs.

    Args:
        folder: with ``config.yaml`` and ``members/NAME``; records, cards and calibrations are replaced.
        dataset: its clean normal cases are used; see :func:`mammolens.training.unseen.unseen_by_networks`.
        unseen: the caller knows that no member learned from these patients, but for those with several networks.
        recalibrated: the record says that the calibration is later than the training.
        progress: called for every image.
        device: to score on.

    Returns:
        The ensemble's calibration, and why patients of a member's training may be among its patients, if so.

    Raises:
        ModelError: a member cannot be loaded or has no whole training record.
        DatasetError: no patient is new to all members, or there is no usable image.
    """
    config = load_any_config(folder / CONFIG)
    if not isinstance(config, EnsembleConfig):
        raise TypeError(f"{folder} holds no ensemble")
    models = {name: load_model(folder / MEMBERS / name, calibrated=False) for name in config.ensemble.names}
    left_out = {name: unseen_by_networks(model, dataset, unseen=unseen) for name, model in models.items()}
    members = {name: MemberToCalibrate(models[name].config, parts) for name, (parts, _) in left_out.items()}
    doubt = "; ".join(dict.fromkeys(doubt for _, doubt in left_out.values() if doubt)) or None
    branch = branch_of(folder)
    found = calibrate_ensemble(members, config, progress, branch, device)
    for name, model in models.items():
        _write_member(folder / MEMBERS / name, model, found, found.members[name], dataset, left_out[name][1])
    records = {name: (model.model_id, model.training) for name, model in models.items()}
    calibrated_on = dataset if recalibrated or doubt else None
    record = ensemble_record(records, found.cases, found.used, calibrated_on, doubt)
    found.ensemble.save(folder / CALIBRATION)
    write_text(folder / TRAINING, record_text(record))
    seal_model(folder)
    limitation = limitation_of([model.config.preprocessing for model in models.values()])
    card = ensemble_card(model_id_of(folder), config, record, found.ensemble, limitation, branch)
    write_text(folder / CARD, card)
    return found.ensemble, doubt


def calibrate_ensemble(
    members: Mapping[str, MemberToCalibrate],
    config: EnsembleConfig,
    progress: Observer,
    branch: CalcificationBranch | None = None,
    device: Device = REFERENCE,
) -> EnsembleCalibration:
    """Score normal patients by each member, standardise each member's scores by them, and fuse the results.

    Every member is standardised by the same patients: each of them by all others, a new patient by all of them. The
    fused scores of these patients and of new ones are therefore computed in the same way.

    Args:
        members: by name, in the order of the configuration.
        config: of the ensemble.
        progress: called for every image.
        branch: of the ensemble, if it has one; those of its members do not run.
        device: to score on.

    Raises:
        DatasetError: no patient is new to all members, or there is no usable image.
    """
    cases = _common_cases(members)
    ordinals = ordinals_of(cases)
    networks = [member.networks for member in members.values()]
    scorers = [
        {id(part.network): Scorer(part.network, member.config.scoring, device) for part in member.unseen}
        for member in members.values()
    ]
    pipelines = [Pipeline(member.config.preprocessing) for member in members.values()]
    weights = list(config.ensemble.weights.values())

    detector = CalcificationDetector(branch, device) if branch is not None else None

    def prepare(case: Case) -> tuple[list[Prepared], float | None]:
        mammogram = read_mammogram(case.path, case.attributes)
        prepared = prepare_all(pipelines, mammogram)
        return prepared, detector.highest(mammogram, prepared[0], pipelines[0]) if detector else None

    used: list[Case] = []
    peaks: list[float] = []
    clusters: list[NormalCalcifications | None] = []
    scored: dict[str, list[ScoredNormal]] = {name: [] for name in members}
    step = StageCounter(Stage.CALIBRATE, len(cases), progress)
    for case, (prepared, log_odds) in prepared_by(prepare, cases, step):
        grids = [
            by_network[id(network[case.path])].score(own)
            for by_network, network, own in zip(scorers, networks, prepared, strict=True)
        ]
        used.append(case)
        peaks.append(float(fused_map(grids, pipelines, prepared, weights).max()))
        clusters.append(None if log_odds is None else NormalCalcifications(raw_score=log_odds, map_peak=peaks[-1]))
        for name, grid, own in zip(members, grids, prepared, strict=True):
            statistics = image_statistics(breast_view(own)) | {FINEST_DETAIL: finest_detail(own)}
            header, patient = header_of(own.image), ordinals[case.patient_id]
            scored[name].append(ScoredNormal(header, patient, grid.pred_score, grid.map_peak, statistics))
    calibrations = {
        name: calibration_of(own, members[name].config.calibration, members[name].config.scoring.fusion)
        for name, own in scored.items()
    }
    first = next(iter(scored.values()))
    fused = [
        replace(image, raw_score=_fused_score(calibrations, place, config), map_peak=peak, calcifications=cluster)
        for place, (image, peak, cluster) in enumerate(zip(first, peaks, clusters, strict=True))
    ]
    ensemble = calibration_of(fused, config.calibration, config.scoring.fusion)
    return EnsembleCalibration(calibrations, ensemble, cases, tuple(used))


def _common_cases(members: Mapping[str, MemberToCalibrate]) -> tuple[Case, ...]:
    """Those that every member has, in the order of the first."""
    first, *others = (member.networks for member in members.values())
    shared = {path for path in first if all(path in other for other in others)}
    parts = next(iter(members.values())).unseen
    cases = tuple(case for part in parts for case in part.cases if case.path in shared)
    if not cases:
        numbers = ", ".join(
            f"{name} {len({case.patient_id for part in member.unseen for case in part.cases})}"
            for name, member in members.items()
        )
        raise DatasetError(
            "calibration",
            f"no normal patient is new to all members (new to each member: {numbers})",
            "train the members with one seed, one calibration.fraction and one network.members, or calibrate on other "
            "normal patients with 'mammolens calibrate'",
        )
    return cases


def _fused_score(calibrations: Mapping[str, Calibration], place: int, config: EnsembleConfig) -> float:
    scores = {name: calibration.images[place].pred_score for name, calibration in calibrations.items()}
    return ensemble_score(scores, config.ensemble)


def _write_member(
    folder: Path,
    model: TrainedModel,
    found: EnsembleCalibration,
    calibration: Calibration,
    dataset: Dataset,
    doubt: str | None,
) -> None:
    """Its figures, if it had any, were measured with another calibration."""
    try:
        record = recalibrated_record(model.training, dataset, found.cases, found.used, doubt)
    except KeyError as error:
        raise ModelError(folder, f"{TRAINING} has no {error}", "take a complete model directory") from error
    calibration.save(folder / CALIBRATION)
    write_text(folder / TRAINING, record_text(record))
    write_text(folder / CARD, model_card(model.model_id, model.config, record, calibration))
    (folder / METRICS).unlink(missing_ok=True)
