from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mammolens.dicom.reader import read_mammogram
from mammolens.errors import DatasetError
from mammolens.inference.blur import FINEST_DETAIL
from mammolens.inference.image_statistics import ImageStatistic
from mammolens.inference.predictor import Predictor
from mammolens.models.directory import load_model
from mammolens.training.calibrate import Unseen, calibrate
from mammolens.transforms.pipeline import Pipeline


@pytest.fixture(scope="module")
def calibrating(a_trained_model):
    """Calibrates the trained model on any cases."""
    model = load_model(a_trained_model)
    pipeline = Pipeline(model.config.preprocessing)
    return lambda cases: calibrate([Unseen(model.network, cases)], pipeline, model.config, lambda: None)


def test_scores_are_those_that_the_predictor_gives(calibrating, a_predictor, an_exam, six_patients):
    calibration, used = calibrating(six_patients.cases[:4])
    assert used == six_patients.cases[:4]
    results = a_predictor.predict_exam(an_exam)
    assert [image.raw_score for image in calibration.images] == [result.record.raw_score for result in results]
    assert [image.view for image in calibration.images] == [result.record.view for result in results]
    assert all(set(image.statistics) == {*ImageStatistic, FINEST_DETAIL} for image in calibration.images)
    groups = {image.acquisition_group for image in calibration.images}
    assert groups == {result.record.acquisition_group for result in results}


def test_a_patients_scores_are_those_that_a_calibration_without_her_gives(calibrating, a_trained_model, six_patients):
    whole, _ = calibrating(six_patients.cases)
    without, _ = calibrating(six_patients.cases[4:])
    predictor = Predictor(load_model(a_trained_model), without)
    results = predictor.predict_exam([read_mammogram(case.path, case.attributes) for case in six_patients.cases[:4]])
    for image, result in zip(whole.images[:4], results, strict=True):
        assert image.pred_score == pytest.approx(result.record.pred_score)
    assert whole.exams[0].exam_score == pytest.approx(results[0].record.exam_score)
    assert whole.exams[0].asymmetry == pytest.approx(results[0].record.asymmetry)
    assert whole.exams[0].acquisition_group == results[0].record.acquisition_group


def test_machine_and_software_of_the_images_are_kept(calibrating, six_patients):
    calibration, _ = calibrating(six_patients.cases[:4])
    assert calibration.acquisition_groups == {"MammoLens Phantom power law"}
    assert calibration.software_versions == {"1"}


def test_an_exam_of_one_breast_has_no_asymmetry(calibrating, six_patients):
    left = [case for case in six_patients.cases[:8] if case.path.name.startswith("L")]
    calibration, _ = calibrating(left)
    assert [exam.asymmetry for exam in calibration.exams] == [None, None]
    assert calibration.asymmetry_scales is None


def test_patients_are_counted_and_not_named(calibrating, six_patients):
    calibration, _ = calibrating(six_patients.cases)
    assert (
        {image.patient for image in calibration.images} == {exam.patient for exam in calibration.exams} == set(range(6))
    )
    assert not any(patient in calibration._json() for patient in six_patients.patients)


def test_two_exams_of_a_patient_are_two_exams_of_one_patient(calibrating, six_patients):
    cases = [replace(case, patient_id="the same") for case in six_patients.cases[:8]]
    cases = [
        replace(case, attributes=replace(case.attributes, patient_id="the same", exam_id=str(number // 4)))
        for number, case in enumerate(cases)
    ]
    calibration, _ = calibrating(cases)
    assert [exam.patient for exam in calibration.exams] == [0, 0]
    assert calibration.exam_scales.whole.pooled.patients == 1


def test_exams_that_are_numbered_alike_for_each_patient_stay_apart(calibrating, six_patients):
    cases = [replace(case, attributes=replace(case.attributes, exam_id="1")) for case in six_patients.cases[:8]]
    calibration, _ = calibrating(cases)
    assert len(calibration.exams) == 2


def test_unusable_images_are_left_out(calibrating, six_patients, tmp_path):
    broken = replace(six_patients.cases[0], path=tmp_path / "gone.dcm")
    calibration, used = calibrating([broken, *six_patients.cases[4:8]])
    assert used == six_patients.cases[4:8]
    assert len(calibration.images) == 4
    assert calibration.image_scales.pooled.patients == 1


def test_without_a_usable_image_there_is_no_calibration(calibrating, six_patients, tmp_path):
    broken = [replace(case, path=tmp_path / "gone.dcm") for case in six_patients.cases[:4]]
    with pytest.raises(DatasetError, match="calibration: none of its images can be used; see the images"):
        calibrating(broken)


def test_exams_keep_the_scores_of_each_breast_that_they_were_fused_of(calibrating, six_patients):
    calibration, _ = calibrating(six_patients.cases)
    for exam in calibration.exams:
        own = [image.pred_score for image in calibration.images if image.patient == exam.patient]
        assert {breast.laterality for breast in exam.breasts} == {"L", "R"}
        assert sorted(score for breast in exam.breasts for score in breast.pred_scores) == sorted(own)
        assert exam.exam_score == pytest.approx(np.mean([np.mean(breast.pred_scores) for breast in exam.breasts]))
