"""The most recently scored exams, one per patient: the sample for drift monitoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mammolens.enums import Verdict
from mammolens.labelapp.datastore.contracts import ExamImages
from mammolens.labelapp.datastore.stored_score import StoredScore
from mammolens.labelapp.keys import InfoKey
from mammolens.labelapp.responses.exams import ExamSummary


@dataclass(frozen=True, slots=True)
class RecentExam:
    """The properties of an exam that matter for drift.

    Attributes:
        scored_at: when any model first scored one of its images, in seconds since the epoch.
        p_value: by the model that serves now; ``None`` where that has not scored it.
        acquisition_group: of its images; ``None`` where it is not known or they are of several.
        software_versions: of its images; ``None`` as for ``acquisition_group``.
    """

    scored_at: float
    p_value: float | None
    acquisition_group: str | None
    software_versions: str | None


class RecentExams:
    """Finds recent exams; looks up when an exam was first scored only if its worklist entry has changed.

    Args:
        images: the datastore.
        patients: maximum number.
    """

    def __init__(self, images: ExamImages, patients: int) -> None:
        self._images = images
        self._patients = patients
        self._times: dict[str, tuple[ExamSummary, float | None]] = {}

    def among(self, entries: Sequence[ExamSummary]) -> list[RecentExam]:
        """The most recent exams, one for each patient.

        Exams with a finding are left out: cancers do not show whether normal exams have changed. Of several exams of a
        patient, the first counts: a second one is often due to doubts about the first, and the tests of uniformity
        require one per patient.

        Args:
            entries: of the worklist; each is a new object whenever it changes.
        """
        chosen: dict[str, tuple[ExamSummary, float]] = {}
        for entry, time in self._latest_first(entries):
            patient = entry.patient or entry.exam  # a PACS may have no Patient ID
            if len(chosen) == self._patients and patient not in chosen:
                break
            chosen[patient] = entry, time
        infos = self._images.infos(image for entry, _ in chosen.values() for image in entry.images)
        return [_recent(time, entry, infos) for entry, time in chosen.values()]

    def _latest_first(self, entries: Sequence[ExamSummary]) -> list[tuple[ExamSummary, float]]:
        changed = [entry for entry in entries if self._times.get(entry.exam, (None, None))[0] is not entry]
        infos = self._images.infos(image for entry in changed for image in entry.images)
        known = self._times | {entry.exam: (entry, _first_scored(entry, infos)) for entry in changed}
        self._times = {entry.exam: known[entry.exam] for entry in entries}
        scored = [
            (entry, time)
            for entry, time in self._times.values()
            if time is not None and entry.verdict != Verdict.FINDING
        ]
        # What was scored in the same moment: by its date.
        return sorted(scored, key=lambda one: (one[1], one[0].study_date or date.min, one[0].exam), reverse=True)


def _first_scored(entry: ExamSummary, infos: Mapping[str, Mapping[str, Any]]) -> float | None:
    times = (infos.get(image, {}).get(InfoKey.FIRST_SCORED) for image in entry.images)
    return min((time for time in times if time is not None), default=None)


def _recent(scored_at: float, entry: ExamSummary, infos: Mapping[str, Mapping[str, Any]]) -> RecentExam:
    scores = [score for image in entry.images if (score := StoredScore.of(infos.get(image, {}))) is not None]
    return RecentExam(
        scored_at=scored_at,
        p_value=entry.exam_p_value,
        acquisition_group=_only({score.acquisition_group for score in scores}),
        software_versions=_only({score.software_versions for score in scores}),
    )


def _only(values: set[str | None]) -> str | None:
    return values.pop() if len(values) == 1 else None
