"""The trials of a search, stored in a journal so that an interrupted search can continue.

Trials are drawn by Optuna's tree-structured Parzen estimator (Bergstra 2011). Each draws its random numbers from
the seed and the number of finished trials before it: a search that was stopped draws what an undisturbed one does.
"""

from __future__ import annotations

import fcntl
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from mammolens.config import ModelConfig
from mammolens.errors import ConfigError
from mammolens.evaluation.bootstrap import Interval
from mammolens.experiments.space import SearchSpace

JOURNAL = "trials.journal"
_NAME = "tune"
_FINGERPRINT, _VALUES, _FIGURE, _SECONDS, _REASON = "fingerprint", "values", "figure", "seconds", "reason"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class TrialStatus(StrEnum):
    """How a trial ended."""

    MEASURED = "measured"
    PRUNED = "pruned"  # its configuration cannot be used, for the reason recorded with it


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was tried.

    Attributes:
        number: in order, from 1.
        values: of the varied fields, by dotted name.
        auroc: within sites, with its interval over patients; ``None`` where it could not be measured.
        reason: why it could not.
    """

    number: int
    values: dict[str, Any]
    outcome: TrialStatus
    seconds: float
    auroc: Interval | None = None
    reason: str = ""


class _Lock:
    """On the journal itself. Optuna's own are files, and end in an error where Ctrl-C meets them being released."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._held: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Wait for it."""
        self.release()  # as Ctrl-C may have left it
        self._held = self._journal.open("rb")
        fcntl.flock(self._held, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Give it to others."""
        if self._held is not None:
            self._held.close()


class Study:
    """Draws configurations and remembers what became of them.

    Args:
        folder: where the journal lies; made if missing.
        base: the configuration that varies; also the first trial, if it lies within the space.
        space: what may vary.
        seed: of the draws.
        fingerprint: of everything that makes trials comparable.
        resume: go on with the trials of the same fingerprint that are there.

    Raises:
        ConfigError: there are trials and ``resume`` is not asked for, or they are of another search.
    """

    def __init__(
        self, folder: Path, base: ModelConfig, space: SearchSpace, *, seed: int, fingerprint: str, resume: bool
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # what a trial gave is said by our own observers
        self._base, self._space, self._seed = base, space, seed
        journal = folder / JOURNAL
        if journal.exists() and not resume:
            raise ConfigError(
                journal, "contains the trials of an earlier search", "add --resume, or give another output"
            )
        folder.mkdir(parents=True, exist_ok=True)
        lock: Any = _Lock(journal)  # Optuna exports no base class of its locks
        storage = JournalStorage(JournalFileBackend(str(journal), lock))
        self._study = optuna.create_study(
            storage=storage, study_name=_NAME, direction="maximize", load_if_exists=True, sampler=self._sampler(0)
        )
        if self._study.user_attrs.get(_FINGERPRINT, fingerprint) != fingerprint:
            reason = "holds trials of another configuration, search space, seed or data"
            raise ConfigError(journal, reason, "give another output")
        self._study.set_user_attr(_FINGERPRINT, fingerprint)
        for stopped in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(stopped.number, state=TrialState.FAIL)

    @property
    def trials(self) -> list[Trial]:
        """Those that came to an end, in order."""
        finished = self._study.get_trials(deepcopy=False, states=_FINISHED)
        return [_trial(number, trial) for number, trial in enumerate(finished, 1)]

    @property
    def best(self) -> Trial | None:
        """The measured trial with the highest AUROC, the earlier of equals."""
        measured = [(trial.auroc.value, -trial.number, trial) for trial in self.trials if trial.auroc]
        return max(measured)[2] if measured else None

    def ask(self) -> tuple[optuna.Trial, dict[str, Any]]:
        """The next trial and its values."""
        finished = len(self._study.get_trials(deepcopy=False, states=_FINISHED))
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        self._study.sampler = self._sampler(finished)
        parameters = self._space.parameters_of(self._base)
        if not finished and not waiting and parameters is not None:
            self._study.enqueue_trial(parameters)
        trial = self._study.ask()
        values = self._space.suggest(trial)
        trial.set_user_attr(_VALUES, values)
        return trial, values

    def tell(self, trial: optuna.Trial, seconds: float, found: Interval | str) -> None:
        """What became of it: its figure, or why it has none."""
        trial.set_user_attr(_SECONDS, seconds)
        if isinstance(found, str):
            trial.set_user_attr(_REASON, found)
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            trial.set_user_attr(_FIGURE, [found.value, found.low, found.high, found.n_patients])
            self._study.tell(trial, found.value)

    def drop(self, trial: optuna.Trial) -> None:
        """It was stopped: forget it."""
        self._study.tell(trial, state=TrialState.FAIL)

    def _sampler(self, finished: int) -> TPESampler:
        return TPESampler(seed=(self._seed * 100_003 + finished) % 2**32)


def _trial(number: int, trial: FrozenTrial) -> Trial:
    known = trial.user_attrs
    figure = known.get(_FIGURE)
    return Trial(
        number=number,
        values=known[_VALUES],
        outcome=TrialStatus.PRUNED if figure is None else TrialStatus.MEASURED,
        seconds=known[_SECONDS],
        auroc=None if figure is None else Interval(*figure),
        reason=known.get(_REASON, ""),
    )
