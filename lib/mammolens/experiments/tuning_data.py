"""Who learns and who measures while a configuration is searched for; nobody of the test split."""

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
_SHARED = {Split.EXPOSURE: 0.5, Split.VALIDATION: 0.5}  # of the known cancers, where trials learn from them too


@dataclass(frozen=True, slots=True)
class TuningData:
    """The same for all trials; no patient in two parts.

    Attributes:
        learners: what each trial trains and calibrates on, splits given.
        normals: clean normal images of patients held out of the training split.
        abnormals: the exposure split's cancers; without any, ``normals`` again.
        planted: whether ``abnormals`` are measured with a synthetic lesion planted into each.
    """

    learners: Dataset
    normals: tuple[Case, ...]
    abnormals: tuple[Case, ...]
    planted: bool

    def __str__(self) -> str:
        """Who is told from whom, in words."""
        normals = f"{len(self.normals)} normal images of {_patients(self.normals)} held-out patients"
        if self.planted:
            return f"{normals} against the same images with a synthetic lesion each"
        return f"{normals} against {len(self.abnormals)} cancer images of {_patients(self.abnormals)} patients"


def tuning_data(dataset: Dataset, config: ModelConfig, *, seed: int, share_exposure: bool = False) -> TuningData:
    """Hold a quarter of the training patients out; cases of the split ``test`` are left alone altogether.

    Args:
        dataset: with its own splits, or without any: then calibration patients are drawn as in training.
        config: that the trials vary; says which patients would train and calibrate.
        seed: of the draw.
        share_exposure: let the trials learn from half of the exposure split's patients, and measure on the others.

    Raises:
        DatasetError: too few patients, or one in two splits.
    """
    parts = partition(dataset, config)
    drawn = split_by_patient((*parts.train, *parts.validation), _HELD_OUT, seed)
    calibration = tuple(replace(case, split=Split.CALIBRATION) for case in parts.calibration)
    cancers = dataset.in_split(Split.EXPOSURE).where(lambda case: case.abnormal is True).cases
    exposed: tuple[Case, ...] = ()
    if share_exposure and cancers:
        shared = split_by_patient(cancers, _SHARED, seed)
        exposed, cancers = shared[Split.EXPOSURE], shared[Split.VALIDATION]
    learners = replace(dataset, cases=(*drawn[Split.TRAIN], *calibration, *exposed))
    try:
        partition(learners, config)
    except DatasetError as error:
        reason = f"too few normal patients remain when some are held out ({error.reason})"
        raise DatasetError(dataset.name, reason, error.remedy) from error
    normals = drawn[Split.VALIDATION]
    return TuningData(learners, normals, cancers or normals, planted=not cancers)


def _patients(cases: Sequence[Case]) -> int:
    return len({case.patient_id for case in cases})
