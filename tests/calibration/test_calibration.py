from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from mammolens.calibration.calibration import Calibration, NormalExam, NormalImage
from mammolens.config import CalibrationConfig
from mammolens.errors import ModelError

CONFORMAL = CalibrationConfig(alpha=0.1)


def calibration_of(patients: int, config: CalibrationConfig = CONFORMAL) -> Calibration:
    """Patients with one to four images, higher scores the higher the ordinal, and one exam each."""
    rng = np.random.default_rng(5)
    images = [
        NormalImage(
            patient=patient,
            view="MLO" if image % 2 else "CC",
            acquisition_group="Maker One",
            pred_score=patient + float(rng.random()),
            map_peak=2.0 * patient + float(rng.random()),
        )
        for patient in range(patients)
        for image in range(1 + patient % 4)
    ]
    exams = [NormalExam(patient=patient, exam_score=float(patient)) for patient in range(patients)]
    return Calibration(tuple(images), tuple(exams), config)


def share_reaching(calibration: Calibration, start: float) -> float:
    """Share of the normal images, each patient weighing one, whose map reaches a value."""
    peaks: dict[int, list[float]] = {}
    for image in calibration.images:
        peaks.setdefault(image.patient, []).append(image.map_peak)
    return float(np.mean([np.mean(np.array(own) >= start) for own in peaks.values()]))


def test_the_decision_is_the_p_value_against_alpha():
    calibration = calibration_of(40)
    for score in np.linspace(-1, 42, 200):
        assert (score >= calibration.threshold) == (calibration.image_scale.p_value(score) <= 0.1)
    assert calibration.decision_rule == "conformal p <= 0.1"


def test_the_original_rule_is_mean_and_k_standard_deviations_of_images():
    calibration = calibration_of(40, CalibrationConfig(decision="mean_std", k=0.1))
    scores = [image.pred_score for image in calibration.images]
    assert calibration.threshold == pytest.approx(np.mean(scores) + 0.1 * np.std(scores))
    assert calibration.decision_rule == "score >= mean + 0.1 std of normal images"


def test_exams_have_their_own_scale():
    calibration = calibration_of(19)
    assert calibration.exam_scale.p_value(18.0) == 2 / 20
    assert calibration.image_scale.patients == calibration.exam_scale.patients == 19


def test_levels_rise_and_at_most_their_share_of_normal_images_reaches_them():
    calibration = calibration_of(60)
    starts = list(calibration.levels.values())
    assert list(calibration.levels) == ["low", "moderate", "high"]
    assert starts == sorted(set(starts))
    for name, share in calibration.config.levels.items():
        reached = share_reaching(calibration, calibration.levels[name])
        assert share - 2 / 61 <= reached <= share


def test_with_too_few_patients_levels_lie_just_above_every_normal_map():
    calibration = calibration_of(3)
    highest = max(image.map_peak for image in calibration.images)
    assert highest < calibration.levels["high"] < 1.01 * highest
    assert calibration.levels["low"] < calibration.levels["moderate"] <= calibration.levels["high"]


def test_a_level_never_begins_at_zero_where_the_outside_of_the_breast_lies():
    flat = [NormalImage(patient=n, view=None, acquisition_group=None, pred_score=0, map_peak=0) for n in range(3)]
    calibration = Calibration(tuple(flat), (NormalExam(patient=0, exam_score=0),), CONFORMAL)
    assert all(start > 0 for start in calibration.levels.values())


def test_views_and_machines_that_it_has_seen():
    calibration = calibration_of(5)
    nameless = [image.model_copy(update={"view": None, "acquisition_group": None}) for image in calibration.images]
    assert (calibration.views, calibration.acquisition_groups) == ({"CC", "MLO"}, {"Maker One"})
    assert not replace(calibration, images=tuple(nameless)).acquisition_groups


def test_what_is_saved_is_loaded_again(tmp_path):
    calibration = calibration_of(12)
    calibration.save(tmp_path / "calibration.json")
    loaded = Calibration.load(tmp_path / "calibration.json", CONFORMAL)
    assert (loaded.images, loaded.exams) == (calibration.images, calibration.exams)
    assert (loaded.threshold, loaded.levels) == (calibration.threshold, calibration.levels)
    assert loaded.calibration_id == calibration.calibration_id


def test_other_scores_have_another_fingerprint():
    calibration = calibration_of(12)
    changed = calibration.images[0].model_copy(update={"pred_score": 0.123})
    other = replace(calibration, images=(changed, *calibration.images[1:]))
    assert other.calibration_id != calibration.calibration_id
    assert calibration.calibration_id.startswith("cal-")


def test_the_file_is_plain_json_even_where_nothing_can_be_flagged(tmp_path):
    calibration = calibration_of(2)
    assert calibration.threshold == math.inf
    calibration.save(tmp_path / "calibration.json")

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is no JSON")

    content = json.loads((tmp_path / "calibration.json").read_text(), parse_constant=refuse)
    assert set(content) == {"images", "exams"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe\x00", "can't decode byte"),
        (b"[]", "list indices"),
        (b"{}", "it has no 'images'"),
        (b'{"images": [], "exams": []}', "holds no normal image"),
        (b'{"images": [{"patient": "Anna"}], "exams": []}', "patient: Input should be a valid integer"),
        (
            b'{"images": [], "exams": [{"patient": 0, "exam_score": NaN}]}',
            "exam_score: Input should be a finite number",
        ),
        (b'{"images": [], "exams": [{"patient": 0, "exam_score": 1, "name": "Anna"}]}', "name: Extra inputs"),
        (b'{"images": 3, "exams": []}', "not iterable"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "calibration.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason) as caught:
        Calibration.load(path, CONFORMAL)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; train and calibrate the model again")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"no usable calibration \(No such file or directory\)"):
        Calibration.load(tmp_path / "calibration.json", CONFORMAL)
