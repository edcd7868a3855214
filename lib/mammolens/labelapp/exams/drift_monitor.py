"""Drift monitoring: whether recent exams still resemble those that the serving model was calibrated on."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.drift import Alarm, Drift, DriftLimits, drift
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.exams.recent_exams import RecentExam, RecentExams
from mammolens.labelapp.exams.worklist import Worklist
from mammolens.labelapp.responses.exams import DriftAlarm, DriftSummary, ExamSummary
from mammolens.labelapp.responses.learning import DriftDetail, MachineUse, SoftwareUse
from mammolens.labelapp.serving import ServingModel
from mammolens.labelapp.settings import DEFAULT_DRIFT_WINDOW

_BINS = 10  # of p-values
_LIMITS = DriftLimits()
_log = logging.getLogger(__name__)


class DriftMonitor:
    """Compares recent exams with the calibration; recomputed only when the worklist or the model has changed.

    An exam is included if the serving model has scored it and it was first scored after that model was added to the
    store: an exam from before may have been used to train the model.

    Args:
        worklist: of all exams.
        images: the datastore.
        models: the serving model.
        added_at: when the serving model was added to the store; ``None`` for the packaged model.
        missing: what is missing for a recalibration, the remedy of every alarm; ``None`` if nothing is.
        window: number of patients.
        limits: when an alarm is raised.
    """

    def __init__(
        self,
        worklist: Worklist,
        images: ExamImages,
        models: ServingModel,
        added_at: Callable[[], datetime | None],
        missing: Callable[[], str | None],
        *,
        window: int = DEFAULT_DRIFT_WINDOW,
        limits: DriftLimits = _LIMITS,
    ) -> None:
        self._worklist = worklist
        self._recent = RecentExams(images, window)
        self._models = models
        self._added_at = added_at
        self._missing = missing
        self._limits = limits
        self._lock = threading.Lock()
        self._seen: tuple[object, object] = (None, None)
        self._detail: DriftDetail | None = None
        self._alarms: tuple[Alarm, ...] = ()

    def detail(self) -> DriftDetail:
        """The full comparison.

        Raises:
            ModelError: no model serves.
            PacsError: the PACS does not answer.
        """
        predictor, entries = self._models.predictor(), self._worklist.in_order()
        with self._lock:
            if self._detail is None or self._seen[0] is not entries or self._seen[1] is not predictor:
                self._detail = self._look(entries, predictor)
                self._seen = (entries, predictor)
            return self._detail

    def summary(self) -> DriftSummary:
        """The alarms and a summary in one sentence, for every viewer; raises as :meth:`detail`."""
        detail = self.detail()
        return DriftSummary(alarm=detail.alarm, alarms=detail.alarms, sentence=detail.sentence)

    def _look(self, entries: Sequence[ExamSummary], predictor: Predictor) -> DriftDetail:
        recent, added_at = self._recent.among(entries), self._added_at()
        since = added_at.timestamp() if added_at else 0.0
        included = [exam for exam in recent if exam.p_value is not None and exam.scored_at > since]
        found = _drift_of(included, predictor.calibration, self._limits)
        self._log_changes(found.alarms)
        return DriftDetail(
            alarm=found.alarm,
            alarms=[
                DriftAlarm(cause=alarm.cause, sentence=alarm.sentence, source=alarm.source) for alarm in found.alarms
            ],
            exams=found.n,
            enough=found.overall is not None,
            sentence=_sentence(found, len(recent), self._limits, self._missing),
            machines=_machines(included, found, predictor.calibration),
            software=_software(included, predictor.calibration),
            p_values=_counts(included),
            model=predictor.model_id,
            calibration=predictor.calibration_id,
        )

    def _log_changes(self, alarms: tuple[Alarm, ...]) -> None:
        """Log one line when an alarm begins, and one when the last of its cause has ended."""
        known = {(alarm.cause, alarm.source) for alarm in self._alarms}
        for alarm in alarms:
            if (alarm.cause, alarm.source) not in known:
                _log.warning("drift, %s: %s", alarm.cause, alarm.sentence)
        for cause in sorted({alarm.cause for alarm in self._alarms} - {alarm.cause for alarm in alarms}):
            _log.info("drift, %s: has ended", cause)
        self._alarms = alarms


def _drift_of(exams: Sequence[RecentExam], calibration: Calibration, limits: DriftLimits) -> Drift:
    scales = calibration.exam_scales.whole
    behind = [scales.of_group(exam.acquisition_group).patients for exam in exams]
    return drift(
        np.array([exam.p_value for exam in exams], dtype=np.float64),
        [exam.acquisition_group for exam in exams],
        [exam.software_versions for exam in exams],
        known_groups=calibration.acquisition_groups,
        known_software=calibration.software_versions or None,
        calibration_patients=round(float(np.mean(behind))) if behind else None,
        limits=limits,
    )


def _sentence(found: Drift, recent: int, limits: DriftLimits, missing: Callable[[], str | None]) -> str:
    """All alarms and what to do about them, or why there is no result."""
    if found.alarm:
        reason = missing()
        remedy = (
            "recalibrate on recent normal exams" if reason is None else f"a recalibration is not possible yet: {reason}"
        )
        return ". ".join(_capitalised(text) for text in (*(alarm.sentence for alarm in found.alarms), remedy))
    if not recent:
        return "no exam has been scored yet"
    those = "" if found.n == recent else f"; {found.n} of the last {recent} are scored by this model and new to it"
    if found.overall is None:
        return f"too few exams: {found.n} of the {limits.min_exams} that are needed{those}"
    return f"no change found in the last {found.n} exams{those}"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _machines(exams: Sequence[RecentExam], found: Drift, calibration: Calibration) -> list[MachineUse]:
    """The most frequent first; without distance and chance where too few exams are of it."""
    return [
        MachineUse(
            group=group,
            exams=count,
            known=group in calibration.acquisition_groups,
            distance=test.distance if (test := found.machines.get(group or "")) else None,
            chance=test.p_value if test else None,
        )
        for group, count in Counter(exam.acquisition_group for exam in exams).most_common()
    ]


def _software(exams: Sequence[RecentExam], calibration: Calibration) -> list[SoftwareUse]:
    """Likewise; ``known`` is ``None`` if the calibration has no record of software versions."""
    known = calibration.software_versions
    return [
        SoftwareUse(version=version, exams=count, known=version in known if known and version is not None else None)
        for version, count in Counter(exam.software_versions for exam in exams).most_common()
    ]


def _counts(exams: Sequence[RecentExam]) -> list[int]:
    """Exams with a p-value in (0, 0.1], (0.1, 0.2] ... (0.9, 1]."""
    # Of a p-value like 3/30 the product may lie a rounding error above the whole number.
    places = [max(0, int(np.ceil(_BINS * (exam.p_value or 0.0) - 1e-9)) - 1) for exam in exams]
    return [int(count) for count in np.bincount(places, minlength=_BINS)]
