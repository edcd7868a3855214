"""Which patients train and which measure during a search for a configuration; none of the test split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mammolens.config import ModelConfig
from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.splits import split_by_patient
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.training.partition import partition

_HELD_OUT = {Split.TRAIN: 0.75, Split.VALIDATION: 0.25}  # of the learning patients: who learns, who measures


@dataclass(frozen=True, slots=True)
class TuningData:
    """The same for all trials; no patient in two parts.

    Attributes:
        training: what each trial trains and calibrates on, splits given.
        normals: clean normal images of patients held out of the training split.
        abnormals: the exposure split's cancers; without any, ``normals`` again.
        synthetic: whether ``abnormals`` are measured with a synthetic lesion synthetic into each.
        exposure: known abnormal images of other patients that trials may learn from.
    """

    training: Dataset
    normals: tuple[Case, ...]
    abnormals: tuple[Case, ...]
    synthetic: bool
    exposure: Dataset | None = None

    def __str__(self) -> str:
        """Which patients are compared with which, in words."""
        normals = f"{len(self.normals)} normal images of {_patients(self.normals)} held-out patients"
        if self.synthetic:
            return f"{normals} vs. the same images with a synthetic lesion each"
        return f"{normals} vs. {len(self.abnormals)} cancer images of {_patients(self.abnormals)} patients"


def tuning_data(dataset: Dataset, config: ModelConfig, *, seed: int, exposure: Dataset | None = None) -> TuningData:
    """Hold a quarter of the training patients out; cases of the split ``test`` are left alone altogether.

    Args:
        dataset: with its own splits, or without any: then calibration patients are drawn as in training.
        config: that the trials vary; says which patients would train and calibrate.
        seed: of the draw.
        exposure: known abnormal images of other patients that trials learn from, where their configuration says so;
            the exposure split of ``dataset`` measures only.

    Raises:
        DatasetError: too few patients, one in two splits, or no exposure where the configuration learns from one.
    """
    _refuse_measuring_on_exposure(dataset, config, exposure)
    parts = partition(dataset, _of_one_member(config), exposure).by_split
    drawn = split_by_patient((*parts[Split.TRAIN], *parts[Split.VALIDATION]), _HELD_OUT, seed)
    calibration = tuple(replace(case, split=Split.CALIBRATION) for case in parts[Split.CALIBRATION])
    cancers = dataset.in_split(Split.EXPOSURE).where(lambda case: case.abnormal is True).cases
    training = replace(dataset, cases=(*drawn[Split.TRAIN], *calibration))
    try:
        partition(training, config, exposure)
    except DatasetError as error:
        reason = f"too few normal patients remain after holding some out ({error.reason})"
        raise DatasetError(dataset.name, reason, error.remedy) from error
    normals = drawn[Split.VALIDATION]
    return TuningData(training, normals, cancers or normals, synthetic=not cancers, exposure=exposure)


def _refuse_measuring_on_exposure(dataset: Dataset, config: ModelConfig, exposure: Dataset | None) -> None:
    if config.training.exposure_share and exposure is None:
        reason = "trains on known cancers, but those of the exposure split are used for evaluation"
        raise DatasetError(dataset.name, reason, "give lesions of other patients as --exposure")


def _of_one_member(config: ModelConfig) -> ModelConfig:
    """Whose calibration patients train no model, so that training and measuring patients stay separate."""
    return config.model_copy(update={"network": config.network.model_copy(update={"members": 1})})


def _patients(cases: Sequence[Case]) -> int:
    return len({case.patient_id for case in cases})
