import numpy as np
import pytest

from mammolens.evaluation.baselines import BASELINES, other_score_baselines, patient_age


@pytest.mark.parametrize(
    ("covariates", "years"),
    [
        ({"age": "61"}, 61),
        ({"age": " 61.0 "}, 61),
        ({"PatientAge": "061Y"}, 61),
        ({"age": "018M"}, 1.5),
        ({"age": "", "PatientAge": "052Y"}, 52),
    ],
)
def test_age_is_read_as_a_number_or_as_dicoms_age_string(an_image, covariates, years):
    assert patient_age([an_image(covariates=covariates)]).tolist() == [years]


@pytest.mark.parametrize("text", ["unknown", "-4", "nan", "1e3", ""])
def test_an_unreadable_age_is_unknown(an_image, text):
    ages = patient_age([an_image(covariates={"age": text}), an_image(covariates={"age": "50"})])
    assert np.isnan(ages[0])
    assert ages[1] == 50


def test_age_is_no_baseline_where_nobody_tells_it(an_image):
    assert patient_age([an_image(), an_image(covariates={"density": "B"})]) is None


def test_age_is_compared_by_default():
    assert BASELINES["age"] is patient_age


def test_scores_kept_beside_the_models_are_baselines_by_their_names(an_image):
    images = [an_image("a", other_scores={"blob": 2.0, "older": 1.0}), an_image("b", other_scores={"blob": 3.0})]
    found = other_score_baselines(images)
    assert list(found) == ["blob", "older"]
    assert found["blob"](images).tolist() == [2, 3]
    assert np.isnan(found["older"](images)).tolist() == [False, True]
    assert found["blob"]([an_image()]) is None
