"""Search for the configuration that best separates held-out normal patients from cancers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from mammolens.config import ModelConfig
from mammolens.errors import ConfigError, DatasetError
from mammolens.experiments.fields import with_values
from mammolens.experiments.objective import Objective
from mammolens.experiments.prepared_cache import GIBIBYTE, PreparedImageCache
from mammolens.experiments.space import SearchSpace
from mammolens.experiments.study import Study, Trial
from mammolens.experiments.trial_files import write_trials
from mammolens.experiments.tuning_data import TuningData
from mammolens.models.device_names import AUTO
from mammolens.models.devices import Device
from mammolens.training.progress import Observer, Stage, StageCounter, ignore_progress

_FOLDER = ".trial"  # of the model that is being measured
MEMORY_BYTES = 4 * GIBIBYTE


def tune(
    config: ModelConfig,
    space: SearchSpace,
    data: TuningData,
    output: Path,
    *,
    trials: int,
    seconds: float | None = None,
    seed: int = 0,
    resume: bool = False,
    memory_bytes: int = MEMORY_BYTES,
    progress: Observer = ignore_progress,
    on_trial: Callable[[list[Trial]], None] = lambda _: None,
    device: str | Device = AUTO,
) -> list[Trial]:
    """Try configurations; ``trials.journal``, ``trials.csv`` and ``best.yaml`` are up to date after each.

    The first trial is the configuration itself, if it lies within the space. All use its own seed, so that they
    differ by configuration only. One that cannot be trained, or not on these images, is pruned with its reason.

    Args:
        config: what does not vary.
        space: what varies.
        data: who learns and who measures.
        output: the folder, made if missing.
        trials: to be finished in the end, including earlier ones.
        seconds: after which no further trial begins; the running one ends.
        seed: of the draws, of the synthetic lesions and of the bootstrap.
        resume: go on with the trials that are there.
        memory_bytes: for prepared images, which trials with the same preprocessing share.
        progress: called at every step of every training.
        on_trial: given all finished trials before the first and after each.
        device: to train and to score on.

    Returns:
        The finished trials, in order.

    Raises:
        ConfigError: the output holds another search, or no configuration could be measured.
        DatasetError: no held-out image can be used.
    """
    started = time.monotonic()
    study = Study(output, config, space, seed=seed, fingerprint=_fingerprint(config, space, data, seed), resume=resume)
    on_trial(study.trials)
    if len(study.trials) < trials:
        objective = Objective(data, output / _FOLDER, PreparedImageCache(memory_bytes), seed, device)
        measuring = len(data.normals) + len(data.abnormals)
        objective.leave_out_unusable(config, StageCounter(Stage.PREPARE, measuring, progress))
        while len(study.trials) < trials and (seconds is None or time.monotonic() - started < seconds):
            _try(study, objective, config, progress)
            write_trials(study.trials, study.best, config, str(objective.data), output)
            on_trial(study.trials)
    finished = study.trials
    if finished and study.best is None:
        reason = f"none of {len(finished)} trials could be measured; the first: {finished[0].reason}"
        raise ConfigError(output, reason, "correct the configuration or the search space")
    return finished


def _try(study: Study, objective: Objective, config: ModelConfig, progress: Observer) -> None:
    started = time.monotonic()
    trial, values = study.ask()
    try:
        found = objective(with_values(config, values), progress)
    except (ConfigError, DatasetError) as error:
        study.tell(trial, time.monotonic() - started, str(error))
    except BaseException:  # above all Ctrl-C
        study.drop(trial)
        raise
    else:
        study.tell(trial, time.monotonic() - started, found)


def _fingerprint(config: ModelConfig, space: SearchSpace, data: TuningData, seed: int) -> str:
    digest = hashlib.sha256(f"{config.model_dump_json()}|{space.fields}|{seed}|{data.synthetic}".encode())
    exposure = data.exposure.cases if data.exposure else ()
    for cases in (data.training.cases, data.normals, data.abnormals, exposure):
        digest.update(b"|")
        for case in cases:
            digest.update(f"{case.patient_id}/{case.path.name};".encode())
    return digest.hexdigest()
