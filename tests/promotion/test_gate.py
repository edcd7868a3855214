from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from safetensors.torch import load_file, save_file

from mammolens.errors import ModelError
from mammolens.models.directory import WEIGHTS, seal_model
from mammolens.promotion.gate import run_gate
from mammolens.promotion.gate_result import CheckName, CheckStatus
from mammolens.promotion.policy import PromotionPolicy
from mammolens.training.recalibrate import recalibrate

pytestmark = pytest.mark.slow
POLICY = PromotionPolicy(resamples=500)


def outcomes(gate_result):
    return {check.name: check.outcome for check in gate_result.checks}


@pytest.fixture(scope="module")
def a_candidate(a_seeing_model, tmp_path_factory):
    """The serving model with weights that training might have ended in as well."""
    folder = tmp_path_factory.mktemp("candidate") / "model"
    shutil.copytree(a_seeing_model, folder)
    weights = {name: values * 1.0001 for name, values in load_file(folder / WEIGHTS).items()}
    save_file(weights, folder / WEIGHTS)
    seal_model(folder)
    return folder


@pytest.fixture(scope="module")
def one_view_each(held_out):
    """Of each held-out patient one image: half the work; the seeing model passes with these, too."""
    return tuple(case for case in held_out if case.path.name.startswith("L_"))


@pytest.fixture(scope="module")
def the_good_verdict(a_seeing_model, a_candidate, held_out):
    return run_gate(a_seeing_model, a_candidate, held_out, policy=POLICY)


def test_a_candidate_that_is_as_good_passes(the_good_verdict):
    assert the_good_verdict.passed, the_good_verdict.reason
    assert the_good_verdict.promotes
    assert the_good_verdict.reason == "not worse than the model in use beyond the margins"
    assert set(outcomes(the_good_verdict)) == {
        CheckName.HELD_OUT,
        CheckName.RATE,
        CheckName.UNIFORMITY,
        CheckName.DETECTION,
        CheckName.DETECTION_LOSS,
    }


def test_each_check_tells_its_figure_interval_and_limit(the_good_verdict):
    for check in the_good_verdict.checks:
        assert check.figure is not None
        assert check.patients == 24
        assert check.sentence
        assert (check.limit_low, check.limit_high) != (None, None)
    suite = next(check for check in the_good_verdict.checks if check.name is CheckName.DETECTION_LOSS)
    assert suite.low <= suite.figure <= suite.high <= suite.limit_high == 0.05


def test_shuffled_weights_are_refused_as_blind_and_miscalibrated(a_seeing_model, a_shuffled_model, one_view_each):
    gate_result = run_gate(a_seeing_model, a_shuffled_model, one_view_each, policy=POLICY)
    assert not gate_result.promotes
    assert gate_result.reason.startswith("rejected: ")
    assert outcomes(gate_result)[CheckName.UNIFORMITY] is CheckStatus.FAILED
    assert outcomes(gate_result)[CheckName.DETECTION] is CheckStatus.FAILED
    assert "scores of normal patients are" in gate_result.reason


def test_shuffled_weights_are_refused_however_honest_their_calibration(
    a_seeing_model, a_shuffled_model_calibrated_anew, one_view_each
):
    gate_result = run_gate(a_seeing_model, a_shuffled_model_calibrated_anew, one_view_each, policy=POLICY)
    assert not gate_result.promotes
    assert outcomes(gate_result)[CheckName.DETECTION] is CheckStatus.FAILED
    assert "is not shown to detect synthetic lesions better than chance" in gate_result.reason


@pytest.mark.parametrize(
    ("shift", "words", "rate_words"),
    [(-5.0, "higher", "100.0% of 24 held-out"), (5.0, "lower", "0.0% of 24 held-out")],
)
def test_a_miscalibrated_model_is_refused_whichever_way_its_scores_moved(
    a_seeing_model, miscalibrated, one_view_each, shift, words, rate_words
):
    gate_result = run_gate(a_seeing_model, miscalibrated(shift), one_view_each, policy=POLICY)
    assert not gate_result.promotes
    assert outcomes(gate_result)[CheckName.UNIFORMITY] is CheckStatus.FAILED
    assert f"scores of normal patients are {words} than the calibration expects" in gate_result.reason
    rate = next(check for check in gate_result.checks if check.name is CheckName.RATE)
    assert rate.sentence.startswith(rate_words)
    # Eight calibration patients promise little: that nobody is flagged could be chance, that all are could not.
    assert rate.outcome is (CheckStatus.FAILED if shift < 0 else CheckStatus.PASSED)


def test_a_model_calibrated_anew_is_assessed_by_its_calibration_alone(
    a_seeing_model, phantoms, one_view_each, tmp_path
):
    marked = [case for case in phantoms.cases if case.lesions]
    recalibrate(a_seeing_model, phantoms, tmp_path / "anew")
    told = []
    gate_result = run_gate(
        a_seeing_model,
        tmp_path / "anew",
        one_view_each,
        findings=marked,
        policy=POLICY,
        progress=lambda done, total: told.append((done, total)),
    )
    assert gate_result.promotes, gate_result.reason
    assert set(outcomes(gate_result)) == {
        CheckName.HELD_OUT,
        CheckName.RATE,
        CheckName.UNIFORMITY,
        CheckName.WEIGHTS,
    }
    assert outcomes(gate_result)[CheckName.WEIGHTS] is CheckStatus.NOT_TESTED
    assert told[-1] == (len(one_view_each), len(one_view_each))


def test_too_few_held_back_normals_refuse_and_say_so(a_seeing_model, a_candidate, held_out):
    few = [case for case in held_out if case.patient_id in {"PHANTOM-10000", "PHANTOM-10001"}]
    gate_result = run_gate(a_seeing_model, a_candidate, few, policy=POLICY)
    assert not gate_result.promotes
    assert outcomes(gate_result)[CheckName.HELD_OUT] is CheckStatus.INCONCLUSIVE
    assert "only 2 held-out normal patients could be scored" in gate_result.reason


def test_without_any_usable_image_nothing_is_claimed(a_seeing_model, held_out, tmp_path):
    told = []
    gone = [replace(held_out[0], path=tmp_path / "gone.dcm")]
    gate_result = run_gate(a_seeing_model, a_seeing_model, gone, policy=POLICY, on_error=told.append)
    assert list(outcomes(gate_result)) == [CheckName.HELD_OUT]
    assert not gate_result.promotes
    assert gate_result.images_left_out == len(told) == 1


def test_findings_and_sentinels_are_assessed_where_there_are_some(a_seeing_model, a_candidate, phantoms, held_out):
    marked = [case for case in phantoms.cases if case.abnormal is not None][-8:]
    seen = []
    gate_result = run_gate(
        a_seeing_model,
        a_candidate,
        held_out[:8],
        findings=marked,
        sentinels=marked,
        policy=POLICY,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert outcomes(gate_result)[CheckName.FINDINGS] is CheckStatus.NOT_TESTED  # of two patients
    assert outcomes(gate_result)[CheckName.SENTINELS] is CheckStatus.PASSED
    total = 8 + sum(bool(case.lesions) for case in marked) + 2 * 8
    assert seen == [(done, total) for done in range(1, total + 1)]


def test_the_suite_is_the_same_each_time(a_seeing_model, a_candidate, held_out):
    gate_results = [run_gate(a_seeing_model, a_candidate, held_out[:4], policy=POLICY) for _ in range(2)]
    assert gate_results[0].checks == gate_results[1].checks


def test_a_damaged_candidate_is_an_error(a_seeing_model, held_out, tmp_path):
    with pytest.raises(ModelError, match="is not a model directory"):
        run_gate(a_seeing_model, tmp_path / "none", held_out, policy=POLICY)


def test_the_verdict_names_no_patient(the_good_verdict):
    assert "PHANTOM" not in the_good_verdict.to_json()
