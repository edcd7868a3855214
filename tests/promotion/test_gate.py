from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from safetensors.torch import load_file, save_file

from mammolens.errors import ModelError
from mammolens.models.directory import WEIGHTS
from mammolens.promotion.gate import judge_candidate
from mammolens.promotion.policy import PromotionPolicy
from mammolens.promotion.verdict import CheckName, Outcome
from mammolens.training.recalibrate import recalibrate

pytestmark = pytest.mark.slow
POLICY = PromotionPolicy(resamples=500)


def outcomes(verdict):
    return {check.name: check.outcome for check in verdict.checks}


@pytest.fixture(scope="module")
def a_candidate(a_seeing_model, tmp_path_factory):
    """The serving model with weights that training might have ended in as well."""
    folder = tmp_path_factory.mktemp("candidate") / "model"
    shutil.copytree(a_seeing_model, folder)
    weights = {name: values * 1.0001 for name, values in load_file(folder / WEIGHTS).items()}
    save_file(weights, folder / WEIGHTS)
    return folder


@pytest.fixture(scope="module")
def the_good_verdict(a_seeing_model, a_candidate, held_back):
    return judge_candidate(a_seeing_model, a_candidate, held_back, policy=POLICY)


def test_a_candidate_that_is_as_good_passes(the_good_verdict):
    assert the_good_verdict.passed, the_good_verdict.reason
    assert the_good_verdict.promotes
    assert the_good_verdict.reason == "not worse than the serving model beyond the margins"
    assert set(outcomes(the_good_verdict)) == {
        CheckName.HELD_BACK,
        CheckName.RATE,
        CheckName.UNIFORMITY,
        CheckName.SIGHT,
        CheckName.SUITE,
    }


def test_each_check_tells_its_figure_interval_and_limit(the_good_verdict):
    for check in the_good_verdict.checks:
        assert check.figure is not None
        assert check.patients == 24
        assert check.sentence
        assert (check.limit_low, check.limit_high) != (None, None)
    suite = next(check for check in the_good_verdict.checks if check.name is CheckName.SUITE)
    assert suite.low <= suite.figure <= suite.high <= suite.limit_high == 0.05


def test_shuffled_weights_are_refused_as_blind_and_miscalibrated(a_seeing_model, a_shuffled_model, held_back):
    verdict = judge_candidate(a_seeing_model, a_shuffled_model, held_back, policy=POLICY)
    assert not verdict.promotes
    assert verdict.reason.startswith("refused: ")
    assert outcomes(verdict)[CheckName.UNIFORMITY] is Outcome.FAILED
    assert outcomes(verdict)[CheckName.SIGHT] is Outcome.FAILED
    assert "scores of normal patients lie" in verdict.reason


def test_shuffled_weights_are_refused_however_honest_their_calibration(
    a_seeing_model, a_shuffled_model_calibrated_anew, held_back
):
    verdict = judge_candidate(a_seeing_model, a_shuffled_model_calibrated_anew, held_back, policy=POLICY)
    assert not verdict.promotes
    assert outcomes(verdict)[CheckName.SIGHT] is Outcome.FAILED
    assert "is not shown to see synthetic lesions any better than chance" in verdict.reason


@pytest.mark.parametrize(
    ("shift", "words", "rate_words"),
    [(-5.0, "higher", "100.0% of 24 held-back"), (5.0, "lower", "0.0% of 24 held-back")],
)
def test_a_miscalibrated_model_is_refused_whichever_way_its_scores_moved(
    a_seeing_model, miscalibrated, held_back, shift, words, rate_words
):
    verdict = judge_candidate(a_seeing_model, miscalibrated(shift), held_back, policy=POLICY)
    assert not verdict.promotes
    assert outcomes(verdict)[CheckName.UNIFORMITY] is Outcome.FAILED
    assert f"scores of normal patients lie {words} than the calibration says" in verdict.reason
    rate = next(check for check in verdict.checks if check.name is CheckName.RATE)
    assert rate.sentence.startswith(rate_words)
    # Eight calibration patients promise little: that nobody is flagged could be chance, that all are could not.
    assert rate.outcome is (Outcome.FAILED if shift < 0 else Outcome.PASSED)


def test_a_model_calibrated_anew_is_judged_by_its_calibration_alone(a_seeing_model, phantoms, held_back, tmp_path):
    marked = [case for case in phantoms.cases if case.lesions]
    recalibrate(a_seeing_model, phantoms, tmp_path / "anew")
    told = []
    verdict = judge_candidate(
        a_seeing_model,
        tmp_path / "anew",
        held_back,
        findings=marked,
        policy=POLICY,
        progress=lambda done, total: told.append((done, total)),
    )
    assert verdict.promotes, verdict.reason
    assert set(outcomes(verdict)) == {
        CheckName.HELD_BACK,
        CheckName.RATE,
        CheckName.UNIFORMITY,
        CheckName.WEIGHTS,
    }
    assert outcomes(verdict)[CheckName.WEIGHTS] is Outcome.NOT_JUDGED
    assert told[-1] == (len(held_back), len(held_back))


def test_too_few_held_back_normals_refuse_and_say_so(a_seeing_model, a_candidate, held_back):
    few = [case for case in held_back if case.patient_id in {"PHANTOM-10000", "PHANTOM-10001"}]
    verdict = judge_candidate(a_seeing_model, a_candidate, few, policy=POLICY)
    assert not verdict.promotes
    assert outcomes(verdict)[CheckName.HELD_BACK] is Outcome.UNDECIDED
    assert "only 2 held-back normal patients can be judged, too few to tell" in verdict.reason


def test_without_any_usable_image_nothing_is_claimed(a_seeing_model, held_back, tmp_path):
    told = []
    gone = [replace(held_back[0], path=tmp_path / "gone.dcm")]
    verdict = judge_candidate(a_seeing_model, a_seeing_model, gone, policy=POLICY, on_error=told.append)
    assert list(outcomes(verdict)) == [CheckName.HELD_BACK]
    assert not verdict.promotes
    assert verdict.images_left_out == len(told) == 1


def test_findings_and_sentinels_are_judged_where_there_are_some(a_seeing_model, a_candidate, phantoms, held_back):
    marked = [case for case in phantoms.cases if case.abnormal is not None][-8:]
    seen = []
    verdict = judge_candidate(
        a_seeing_model,
        a_candidate,
        held_back[:8],
        findings=marked,
        sentinels=marked,
        policy=POLICY,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert outcomes(verdict)[CheckName.FINDINGS] is Outcome.NOT_JUDGED  # of two patients
    assert outcomes(verdict)[CheckName.SENTINELS] is Outcome.PASSED
    total = 8 + sum(bool(case.lesions) for case in marked) + 2 * 8
    assert seen == [(done, total) for done in range(1, total + 1)]


def test_the_suite_is_the_same_each_time(a_seeing_model, a_candidate, held_back):
    verdicts = [judge_candidate(a_seeing_model, a_candidate, held_back[:8], policy=POLICY) for _ in range(2)]
    assert verdicts[0].checks == verdicts[1].checks


def test_a_damaged_candidate_is_an_error(a_seeing_model, held_back, tmp_path):
    with pytest.raises(ModelError, match="is no model directory"):
        judge_candidate(a_seeing_model, tmp_path / "none", held_back, policy=POLICY)


def test_the_verdict_names_no_patient(the_good_verdict):
    assert "PHANTOM" not in the_good_verdict.to_json()
