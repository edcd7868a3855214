from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalBreast, NormalExam, NormalImage
from mammolens.calibration.standardisation import Acquisition
from mammolens.config import CalibrationConfig, FusionConfig, load_config
from mammolens.enums import Laterality, NormalityCategory
from mammolens.errors import ModelError
from mammolens.models.directory import CALIBRATION, CONFIG
from mammolens.models.store import pretrained_directory

CONFORMAL = CalibrationConfig(alpha=0.1)


def calibration_of(patients: int, config: CalibrationConfig = CONFORMAL) -> Calibration:
    """Patients with one to four images, higher scores the higher the ordinal, and one exam each."""
    rng = np.random.default_rng(5)
    images = [
        NormalImage(
            patient=patient,
            view="MLO" if image % 2 else "CC",
            acquisition_group="Maker One",
            raw_score=patient + float(rng.random()),
            pred_score=patient + float(rng.random()),
            map_peak=2.0 * patient + float(rng.random()),
        )
        for patient in range(patients)
        for image in range(1 + patient % 4)
    ]
    exams = [
        NormalExam(
            patient=patient,
            acquisition_group="Maker One",
            exam_score=float(patient),
            asymmetry=float(patient) if patient % 2 else None,
        )
        for patient in range(patients)
    ]
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
        assert (score >= calibration.threshold()) == (calibration.image_scales.pooled.p_value(score) <= 0.1)
        assert (score >= calibration.exam_threshold()) == (calibration.exam_scales.whole.pooled.p_value(score) <= 0.1)
    assert calibration.decision_rule == "flags at most 10 % of normal exams"


def test_the_original_rule_is_mean_and_k_standard_deviations_of_images():
    calibration = calibration_of(40, CalibrationConfig(decision="mean_std", k=0.1))
    scores = [image.pred_score for image in calibration.images]
    assert calibration.threshold("Maker One") == pytest.approx(np.mean(scores) + 0.1 * np.std(scores))
    exams = [exam.exam_score for exam in calibration.exams]
    assert calibration.exam_threshold() == pytest.approx(np.mean(exams) + 0.1 * np.std(exams))
    assert calibration.decision_rule == "flags scores of at least mean + 0.1 SD of normal images"


def test_exams_have_their_own_scale():
    calibration = calibration_of(19)
    assert calibration.exam_scales.whole.pooled.p_value(18.0) == 2 / 20
    assert calibration.image_scales.pooled.patients == calibration.exam_scales.whole.pooled.patients == 19
    assert calibration.asymmetry_scales is not None
    assert calibration.asymmetry_scales.whole.pooled.patients == 9


def test_levels_rise_and_at_most_their_share_of_normal_images_reaches_them():
    calibration = calibration_of(60)
    starts = list(calibration.levels().values())
    assert list(calibration.levels()) == ["low", "moderate", "high"]
    assert starts == sorted(set(starts))
    for name, share in calibration.config.levels.items():
        reached = share_reaching(calibration, calibration.levels()[name])
        assert share - 2 / 61 <= reached <= share


def test_a_findings_percentile_is_the_share_of_patients_whose_strongest_spot_is_weaker():
    calibration = calibration_of(39)  # the highest map value of patient n lies in [2 n, 2 n + 1)
    peaks = {image.patient: image.map_peak for image in sorted(calibration.images, key=lambda image: image.map_peak)}
    assert [calibration.finding_percentile(peak) for peak in (0.0, 29.5, 59.5, 1e9)] == [0.0, 37.5, 75.0, 97.5]
    assert calibration.finding_percentile(peaks[20]) == 50.0  # as strong is not weaker
    assert calibration.finding_percentile(math.nextafter(peaks[20], math.inf)) == 52.5
    assert calibration.finding_percentile(59.5, "Maker One") == calibration.finding_percentile(59.5, "unknown") == 75.0


@pytest.mark.parametrize("percentile", [50, 90])
def test_of_new_normal_patients_no_more_than_promised_have_a_finding_of_a_percentile(percentile: int):
    rng = np.random.default_rng(11)
    exam = NormalExam(patient=0, acquisition_group=None, exam_score=0, asymmetry=None)
    blank = NormalImage(patient=0, view=None, acquisition_group=None, raw_score=0, pred_score=0, map_peak=0)
    reached = []
    for _ in range(200):
        peaks = rng.normal(size=(19 + 20, 1)) + rng.normal(size=(19 + 20, 4))  # views of a patient are alike
        images = [
            blank.model_copy(update={"patient": patient, "map_peak": float(peak)})
            for patient, own in enumerate(peaks[:19])
            for peak in own
        ]
        calibration = Calibration(tuple(images), (exam,), CONFORMAL)
        found = [calibration.finding_percentile(float(own.max())) for own in peaks[19:]]
        reached.append(np.mean(np.array(found) >= percentile))
    assert np.mean(reached) == pytest.approx(1 - percentile / 100, abs=0.015)


def test_with_too_few_patients_levels_lie_just_above_every_normal_map():
    calibration = calibration_of(3)
    highest = max(image.map_peak for image in calibration.images)
    levels = calibration.levels()
    assert highest < levels["high"] < 1.01 * highest
    assert levels["low"] < levels["moderate"] <= levels["high"]


def test_a_level_never_begins_at_zero_where_the_outside_of_the_breast_lies():
    flat = [
        NormalImage(patient=n, view=None, acquisition_group=None, raw_score=0, pred_score=0, map_peak=0)
        for n in range(3)
    ]
    exam = NormalExam(patient=0, acquisition_group=None, exam_score=0, asymmetry=None)
    calibration = Calibration(tuple(flat), (exam,), CONFORMAL)
    assert all(start > 0 for start in calibration.levels().values())


def test_a_machine_with_patients_enough_has_its_own_threshold_and_levels():
    one, two = calibration_of(40), calibration_of(20)
    images = [
        image.model_copy(update={"patient": 40 + image.patient, "acquisition_group": "Maker Two", "map_peak": 1.0})
        for image in two.images
    ]
    exams = [
        exam.model_copy(update={"patient": 40 + exam.patient, "acquisition_group": "Maker Two"}) for exam in two.exams
    ]
    both = Calibration((*one.images, *images), (*one.exams, *exams), CONFORMAL)
    assert both.threshold("Maker Two") == two.threshold() < both.threshold() < one.threshold()
    assert both.exam_threshold("Maker Two") == two.exam_threshold() < both.exam_threshold("Maker One")
    assert both.levels("Maker Two")["low"] <= 1.001 < both.levels("Maker One")["low"] == one.levels()["low"]
    assert both.threshold("Maker Three") == both.threshold(None) == both.threshold()
    fussy = replace(both, config=CONFORMAL.model_copy(update={"group_patients": 21}))
    assert fussy.threshold("Maker Two") == fussy.threshold()


def test_with_a_confidence_the_threshold_is_higher_and_needs_more_patients():
    config = CalibrationConfig(alpha=0.1, confidence=0.9)
    calibration = calibration_of(60, config)
    assert calibration.exam_threshold() > calibration_of(60).exam_threshold()
    assert calibration.decision_rule == "flags at most 10 % of normal exams, with confidence 0.9"
    assert calibration_of(21, config).threshold() == calibration_of(21, config).exam_threshold() == math.inf
    assert calibration_of(22, config).exam_threshold() < math.inf


@pytest.mark.parametrize("config", [CONFORMAL, CalibrationConfig(alpha=0.3, highly_unusual_alpha=0.1)])
def test_categories_are_the_p_value_against_both_levels(config: CalibrationConfig):
    calibration = calibration_of(40, config)
    shape = (2, 2)
    for score in np.linspace(-1, 42, 100):
        p_value = calibration.exam_p_value(score, None, shape)
        expected = NormalityCategory.WITHIN_NORMAL_RANGE if p_value > config.alpha else NormalityCategory.UNUSUAL
        if p_value <= config.highly_unusual_level:
            expected = NormalityCategory.HIGHLY_UNUSUAL
        assert calibration.exam_category(score, None, shape) is expected


def test_a_calibration_says_which_scores_and_categories_its_patients_allow():
    few, fewer, coarse, many = (calibration_of(patients) for patients in (5, 12, 35, 183))
    assert few.exam_category(1e9, None, (2, 2)) is few.image_category(1e9) is None
    assert "With 5 normal patients it reaches 9, and no category." in few.score_meaning
    assert fewer.exam_category(1e9, None, (2, 2)) is NormalityCategory.UNUSUAL
    assert "'Highly unusual' requires 19 normal patients" in fewer.score_meaning
    assert coarse.exam_category(1e9, None, (2, 2)) is NormalityCategory.HIGHLY_UNUSUAL
    assert "of normal exams like its 35 patients, between 2 and 19 % score 10" in coarse.score_meaning
    assert "between 6 and 14 % score 10" in many.score_meaning
    original = calibration_of(40, CalibrationConfig(decision="mean_std", k=0.1))
    assert original.exam_category(original.exam_threshold(), None, (2, 2)) is NormalityCategory.UNUSUAL


def test_the_stricter_level_is_no_higher_than_alpha():
    with pytest.raises(ValueError, match="at most alpha = 0.1"):
        CalibrationConfig(alpha=0.1, highly_unusual_alpha=0.2)
    assert CalibrationConfig(alpha=0.02).highly_unusual_level == 0.01
    assert "highly_unusual_alpha" not in CalibrationConfig().model_dump()


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
    assert (loaded.threshold(), loaded.levels()) == (calibration.threshold(), calibration.levels())
    assert loaded.calibration_id == calibration.calibration_id


def test_software_is_kept_where_it_is_known(tmp_path):
    calibration = calibration_of(4)
    images = [image.model_copy(update={"software_versions": "2.1"}) for image in calibration.images]
    newer = replace(calibration, images=tuple(images))
    newer.save(tmp_path / "calibration.json")
    loaded = Calibration.load(tmp_path / "calibration.json", CONFORMAL)
    assert loaded.software_versions == {"2.1"}
    assert loaded.calibration_id == newer.calibration_id


def test_a_calibration_from_before_software_was_kept_has_the_fingerprint_that_it_had():
    directory = pretrained_directory()
    loaded = Calibration.load(directory / CALIBRATION, load_config(directory / CONFIG).calibration)
    kept = hashlib.sha256((directory / CALIBRATION).read_bytes()).hexdigest()
    assert loaded.software_versions == frozenset()
    assert loaded.calibration_id == f"cal-{kept[:12]}"


def test_other_scores_have_another_fingerprint():
    calibration = calibration_of(12)
    changed = calibration.images[0].model_copy(update={"pred_score": 0.123})
    other = replace(calibration, images=(changed, *calibration.images[1:]))
    assert other.calibration_id != calibration.calibration_id
    assert calibration.calibration_id.startswith("cal-")


def test_the_file_is_plain_json_even_where_nothing_can_be_flagged(tmp_path):
    calibration = calibration_of(2)
    assert calibration.threshold() == calibration.exam_threshold() == math.inf
    calibration.save(tmp_path / "calibration.json")

    def refuse(constant: str) -> float:
        raise AssertionError(f"{constant} is not JSON")

    content = json.loads((tmp_path / "calibration.json").read_text(), parse_constant=refuse)
    assert set(content) == {"standardise", "images", "exams"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe\x00", "can't decode byte"),
        (b"[]", "list indices"),
        (b"{}", "it has no 'images'"),
        (b'{"images": [], "exams": []}', "it has no 'standardise'"),
        (b'{"standardise": "none", "images": [], "exams": []}', "contains no normal image"),
        (b'{"images": [{"patient": "Anna"}], "exams": []}', "patient: Input should be a valid integer"),
        (
            b'{"images": [], "exams": [{"patient": 0, "acquisition_group": null, "exam_score": NaN, "asymmetry": 0}]}',
            "exam_score: Input should be a finite number",
        ),
        (
            b'{"images": [], "exams": [{"patient": 0, "acquisition_group": null, "exam_score": 1, "asymmetry": 0,'
            b' "name": "Anna"}]}',
            "name: Extra inputs",
        ),
        (b'{"images": [{"patient": 0, "view": null, "acquisition_group": null}]}', "raw_score: Field required"),
        (b'{"images": 3, "exams": []}', "not iterable"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "calibration.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason) as caught:
        Calibration.load(path, CONFORMAL)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; recalibrate the model with 'mammolens calibrate'")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"no usable calibration \(No such file or directory\)"):
        Calibration.load(tmp_path / "calibration.json", CONFORMAL)


def test_scores_of_another_standardisation_are_refused(tmp_path):
    calibration_of(3).save(tmp_path / "calibration.json")
    plain = CalibrationConfig(standardise="none")
    with pytest.raises(ModelError, match="standardised by 'acquisition_group_view', but the configuration says 'none'"):
        Calibration.load(tmp_path / "calibration.json", plain)


def test_the_original_rule_without_standardisation_is_that_of_the_networks_own_scores():
    config = CalibrationConfig(decision="mean_std", k=0.1, standardise="none")
    calibration = calibration_of(40, config)
    assert calibration.standardisation.score(0.123, Acquisition("Maker One", "CC")) == 0.123


def test_levels_are_float32_just_above_normal_peaks():
    peaks = [float(np.float32(0.1 + n / 50)) for n in range(39)]
    images = [
        NormalImage(patient=n, view="CC", acquisition_group=None, raw_score=0, pred_score=0, map_peak=peak)
        for n, peak in enumerate([*peaks, 1.0])
    ]
    exam = NormalExam(patient=0, acquisition_group=None, exam_score=0, asymmetry=None)
    levels = Calibration(tuple(images), (exam,), CONFORMAL).levels()
    for name, share in CONFORMAL.levels.items():
        assert levels[name] == float(np.float32(levels[name]))
        reached = [np.array([image.map_peak], np.float32) >= levels[name] for image in images]
        assert np.mean(reached) <= share


def test_an_exam_of_one_image_is_assessed_by_exams_of_one_image(tmp_path):
    exams = tuple(
        NormalExam(
            patient=patient,
            acquisition_group=None,
            exam_score=float(patient),
            asymmetry=2.0,
            breasts=(
                NormalBreast(laterality=Laterality.LEFT, pred_scores=(patient - 20.0, patient + 18.0)),
                NormalBreast(laterality=Laterality.RIGHT, pred_scores=(patient - 19.0, patient + 21.0)),
            ),
        )
        for patient in range(39)
    )
    Calibration(calibration_of(39).images, exams, CONFORMAL).save(tmp_path / "calibration.json")
    calibration = Calibration.load(tmp_path / "calibration.json", CONFORMAL)
    assert calibration.exams == exams
    assert calibration.exam_p_value(39.0, None, (2, 2)) == 1 / 40 < 0.1 < calibration.exam_p_value(39.0, None, (1,))
    assert calibration.exam_threshold() == calibration.exam_threshold(None, (2, 2))
    assert calibration.exam_threshold(None, (1,)) > calibration.exam_threshold() + 15
    assert calibration.asymmetry_p_value(3.0, None, (2, 2)) == 1 / 40 < calibration.asymmetry_p_value(3.0, None, (1, 1))
    highest = replace(calibration, fusion=FusionConfig(views="max", breasts="max"))
    assert highest.exam_threshold(None, (2, 1)) > calibration.exam_threshold(None, (2, 1))


def test_a_machine_whose_own_patients_could_never_be_flagged_is_assessed_by_all():
    sure = CONFORMAL.model_copy(update={"confidence": 0.9})
    for config, enough in ((sure, 22), (CONFORMAL.model_copy(update={"alpha": 0.04}), 24)):
        for patients, groups in ((enough - 1, set()), (enough, {"Maker One"})):
            calibration = calibration_of(patients, config)
            assert set(calibration.image_scales.groups) == set(calibration.exam_scales.whole.groups) == groups
    few = CONFORMAL.model_copy(update={"group_patients": 1})
    assert not calibration_of(18, few).peak_scales.groups, "its highest level needs 19"
