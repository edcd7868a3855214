"""The value of a trial: how well the trained model separates held-out normal patients from cancers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from mammolens.config import ModelConfig, PreprocessingConfig
from mammolens.datasets.base import Case
from mammolens.errors import DatasetError, MammoLensError
from mammolens.evaluation.bootstrap import Interval, bootstrap_by_patient
from mammolens.evaluation.lesion_insertion import LesionInsertionPipeline
from mammolens.evaluation.metrics import auroc_within
from mammolens.experiments.prepared_cache import CachingPipeline, PreparedImageCache
from mammolens.experiments.tuning_data import TuningData
from mammolens.inference.predictor import Predictor
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device
from mammolens.training.engine import train
from mammolens.training.preparation import prepared_cases
from mammolens.training.progress import Observer
from mammolens.transforms.pipeline import Pipeline

_RESAMPLES = 1000


class Objective:
    """Image AUROC within sites, of the same images for every configuration.

    Args:
        data: who learns and who measures.
        folder: for a model while it is measured; an interrupted run continues from there.
        cache: of prepared images, shared by the trials.
        seed: of the synthetic lesions and of the bootstrap.
        device: to train and to score on.
    """

    def __init__(
        self, data: TuningData, folder: Path, cache: PreparedImageCache, seed: int, device: str | Device = AUTO
    ) -> None:
        self.data, self._folder, self._cache, self._seed, self._device = data, folder, cache, seed, device

    def leave_out_unusable(self, config: ModelConfig, on_done: Callable[[], None]) -> None:
        """Prepare the measuring images once, and measure from now on without those that cannot be used.

        Raises:
            DatasetError: no normal or no abnormal image is left, or none of the same site.
        """
        normal, abnormal = self._pipelines(config.preprocessing)
        normals = tuple(case for case, _ in prepared_cases(self.data.normals, normal, on_done))
        abnormals = tuple(case for case, _ in prepared_cases(self.data.abnormals, abnormal, on_done))
        if not (normals and abnormals):
            name = self.data.training.name
            raise DatasetError(
                name, "no held-out image can be used for evaluation", "see the images that were left out"
            )
        if not {case.site for case in normals} & {case.site for case in abnormals}:
            raise DatasetError(
                self.data.training.name,
                "no site has both normal and abnormal held-out images, and pairs are formed within sites",
                "add exposure cases of the sites that the normal ones come from",
            )
        self.data = replace(self.data, normals=normals, abnormals=abnormals)

    def __call__(self, config: ModelConfig, observe: Observer) -> Interval:
        """Train and measure one configuration; its interval is over patients.

        Raises:
            ConfigError: the configuration cannot be trained.
            DatasetError: it cannot use some of the images.
        """
        try:
            found = self._measure(config, observe)
        except MammoLensError:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        shutil.rmtree(self._folder)
        return found

    def _measure(self, config: ModelConfig, observe: Observer) -> Interval:
        model, (normal, abnormal) = self._folder / "model", self._pipelines(config.preprocessing)
        shutil.rmtree(model, ignore_errors=True)
        exposure = self.data.exposure if config.training.exposure_share else None
        train(
            config,
            self.data.training,
            model,
            exposure=exposure,
            progress=observe,
            resume=True,
            pipeline=normal,
            device=self._device,
        )
        predictor = Predictor.load(model, device=self._device)
        return self._within_sites(
            _scores(predictor, self.data.normals, normal), _scores(predictor, self.data.abnormals, abnormal)
        )

    def _pipelines(self, config: PreprocessingConfig) -> tuple[Pipeline, Pipeline]:
        """For normal and for abnormal images."""
        plain = CachingPipeline(Pipeline(config), self._cache)
        if not self.data.synthetic:
            return plain, plain
        return plain, CachingPipeline(LesionInsertionPipeline(config, self._seed), self._cache, "synthetic")

    def _within_sites(self, normals: Sequence[float], abnormals: Sequence[float]) -> Interval:
        cases = (*self.data.normals, *self.data.abnormals)
        abnormal = np.repeat([False, True], [len(normals), len(abnormals)])
        sites = np.array([case.site or "" for case in cases], dtype=np.str_)
        patients = np.array([case.patient_id for case in cases], dtype=np.str_)
        scores = np.array([*normals, *abnormals], dtype=np.float64)
        statistic = partial(auroc_within, abnormal, scores, sites)
        return bootstrap_by_patient(patients, abnormal, statistic, n=_RESAMPLES, seed=self._seed)


def _scores(predictor: Predictor, cases: Sequence[Case], pipeline: Pipeline) -> list[float]:
    """One finite score a case."""
    scores = [
        predictor.score_prepared(prepared).pred_score for _, prepared in prepared_cases(cases, pipeline, _nothing)
    ]
    if len(scores) < len(cases):
        reason = f"{len(cases) - len(scores)} of {len(cases)} evaluation images cannot be prepared"
        raise DatasetError("preprocessing", reason, "exclude this preprocessing from the search space")
    return scores


def _nothing() -> None:
    """An observer that does nothing."""
