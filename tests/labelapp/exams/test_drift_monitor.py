import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.drift import DriftLimits
from mammolens.calibration.normals import NormalExam, NormalImage
from mammolens.config import CalibrationConfig
from mammolens.labelapp.exams.drift_monitor import DriftMonitor
from mammolens.labelapp.responses.exams import ExamSummary
from mammolens.labelapp.responses.learning import DriftDetail, MachineUse, SoftwareUse

from ..summaries import a_summary

CALIBRATION = Calibration(
    tuple(
        NormalImage(
            patient=n,
            view="CC",
            acquisition_group="A",
            software_versions="1",
            raw_score=float(n),
            pred_score=float(n),
            map_peak=1.0,
        )
        for n in range(100)
    ),
    tuple(NormalExam(patient=n, acquisition_group="A", exam_score=float(n), asymmetry=None) for n in range(100)),
    CalibrationConfig(),
)
EVEN = [(n + 1) / 50 for n in range(50)]


class Site:
    """A worklist, what is remembered of its images, and a model, all made up."""

    def __init__(self, calibration: Calibration = CALIBRATION) -> None:
        self.model_id, self.calibration_id, self.calibration = "model", "cal", calibration
        self.entries: list[ExamSummary] = []
        self.known: dict[str, Mapping[str, Any]] = {}
        self.missing: str | None = None

    def predictor(self) -> "Site":
        return self

    def in_order(self) -> list[ExamSummary]:
        return self.entries

    def infos(self, image_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        return {image_id: self.known[image_id] for image_id in image_ids}

    def arrive(
        self,
        p_values: Iterable[float | None],
        machine: str = "A",
        software: str | None = "1",
        verdict: str | None = None,
    ) -> None:
        """So many exams, an image each, a second after the other."""
        came = list(self.entries)
        for p_value in p_values:
            name = str(len(came))
            came.append(a_summary(name, images=[name], verdict=verdict, exam_p_value=p_value))
            self.known[name] = {
                "pred_score": 0.0,
                "raw_score": 0.0,
                "p_value": 0.5,
                "model": "model",
                "calibration": "cal",
                "laterality": None,
                "view": None,
                "acquisition_group": machine,
                "sop_instance_uid": name,
                "software_versions": software,
                "first_scored": 1000.0 + len(came),
            }
        self.entries = came

    def watch(self, came: datetime | None = None, **options: Any) -> DriftMonitor:
        return DriftMonitor(self, self, self, lambda: came, lambda: self.missing, **options)  # type: ignore[arg-type]


def _causes(told: DriftDetail) -> list[str]:
    return [alarm.cause for alarm in told.alarms]


def test_without_an_exam_nothing_is_told() -> None:
    told = Site().watch().detail()
    assert told.model_dump() == {
        "alarm": False,
        "alarms": [],
        "exams": 0,
        "enough": False,
        "sentence": "no exam has been scored yet",
        "machines": [],
        "software": [],
        "p_values": [0] * 10,
        "model": "model",
        "calibration": "cal",
    }


def test_exams_like_the_calibrations_raise_no_alarm() -> None:
    site = Site()
    site.arrive(EVEN)
    told = site.watch().detail()
    assert (told.alarm, told.exams, told.enough) == (False, 50, True)
    assert told.sentence == "no change found in the last 50 exams"
    assert told.p_values == [5] * 10
    (machine,) = told.machines
    assert (machine.group, machine.exams, machine.known) == ("A", 50, True)
    assert machine.distance < 0.05
    assert machine.chance > 0.5
    assert told.software == [SoftwareUse(version="1", exams=50, known=True)]


def test_all_alarms_are_in_the_sentence_and_what_is_missing_for_a_recalibration() -> None:
    site = Site()
    site.missing = "no exam is confirmed as normal"
    site.arrive([p / 4 for p in EVEN])
    site.arrive([0.5] * 4, "B", software="2")
    summary = site.watch().summary()
    assert len(summary.alarms) == 3
    for alarm in summary.alarms:
        assert alarm.sentence[1:] in summary.sentence
        assert "recalibrate" not in alarm.sentence
    assert summary.sentence.endswith(". A recalibration is not possible yet: no exam is confirmed as normal")


def test_a_new_machine_raises_the_alarm_before_there_are_exams_enough_to_analyse_scores() -> None:
    site = Site()
    site.arrive([0.5] * 3, "B")
    told = site.watch().detail()
    assert _causes(told) == ["new_machine"]
    assert told.alarms[0].source == "B"
    assert told.sentence == f"{told.alarms[0].sentence}. Recalibrate on recent normal exams"
    assert told.enough is False
    assert told.machines == [MachineUse(group="B", exams=3, known=False, distance=None, chance=None)]


def test_new_software_on_a_known_machine_raises_the_alarm() -> None:
    site = Site()
    site.arrive(EVEN)
    site.arrive([0.5] * 5, software="2")
    told = site.watch().detail()
    assert _causes(told) == ["new_software"]
    assert SoftwareUse(version="2", exams=5, known=False) in told.software


def test_a_calibration_without_software_says_nothing_of_it() -> None:
    images = tuple(image.model_copy(update={"software_versions": None}) for image in CALIBRATION.images)
    site = Site(Calibration(images, CALIBRATION.exams, CALIBRATION.config))
    site.arrive(EVEN, software="2")
    told = site.watch().detail()
    assert told.alarm is False
    assert told.software == [SoftwareUse(version="2", exams=50, known=None)]


@pytest.mark.parametrize(("power", "cause"), [(4.0, "scores_up"), (0.25, "scores_down")])
def test_moved_scores_raise_the_alarm(power: float, cause: str) -> None:
    site = Site()
    site.arrive([p**power for p in EVEN])
    assert _causes(site.watch().detail()) == [cause]


def test_exams_with_a_finding_do_not_count() -> None:
    site = Site()
    site.arrive(EVEN)
    site.arrive([0.01] * 40, verdict="finding")
    told = site.watch().detail()
    assert (told.alarm, told.exams) == (False, 50)


def test_only_the_last_patients_are_watched() -> None:
    site = Site()
    site.arrive([0.01] * 200)
    site.arrive(EVEN)
    told = site.watch(window=50).detail()
    assert (told.alarm, told.exams) == (False, 50)


def test_what_the_serving_model_has_not_scored_does_not_count_and_is_told() -> None:
    site = Site()
    site.arrive([None] * 30)
    site.arrive(EVEN)
    told = site.watch().detail()
    assert told.exams == 50
    assert told.sentence.endswith("; 50 of the last 80 are scored by this model and new to it")


def test_exams_from_before_the_model_came_may_have_taught_it_and_do_not_count() -> None:
    site = Site()
    site.arrive([0.9] * 40)
    came = datetime.fromtimestamp(1000.5 + 40, UTC)
    watch = site.watch(came)
    told = watch.detail()
    assert (told.exams, told.alarm) == (0, False)
    assert told.sentence.startswith("too few exams: 0 of the 30 that are needed; 0 of the last 40")
    site.arrive(EVEN)
    assert watch.detail().exams == 50
    assert site.watch(came - timedelta(seconds=1)).detail().exams == 51


def test_p_values_on_the_edge_of_a_bin_are_counted_below_it() -> None:
    site = Site()
    site.arrive([n / 10 for n in range(1, 11)])
    site.arrive([0.3, 0.1 + 0.2, 0.7 - 0.4])
    assert site.watch().detail().p_values == [1, 1, 4, 1, 1, 1, 1, 1, 1, 1]


def test_it_is_computed_anew_only_when_something_has_changed() -> None:
    site = Site()
    site.arrive(EVEN)
    watch = site.watch()
    told = watch.detail()
    assert watch.detail() is told
    site.arrive([0.5])
    assert watch.summary().sentence == watch.detail().sentence
    assert watch.detail() is not told
    assert watch.detail().exams == 51


def test_an_alarm_is_logged_once_when_it_begins_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mammolens")
    site = Site()
    watch = site.watch(window=30, limits=DriftLimits(min_exams=10))
    site.arrive([0.5] * 3, "B")
    watch.detail()
    site.arrive([0.5], "B")
    watch.detail()
    begun = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage()[:20] for record in begun] == ["drift, new_machine: "]
    caplog.clear()
    site.arrive(np.linspace(0.02, 1, 30))
    watch.detail()
    watch.detail()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "drift, new_machine: has ended")
    ]
