from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from mammolens import RESEARCH_USE_ONLY
from mammolens.calibration.calibration import Calibration
from mammolens.calibration.normals import NormalExam
from mammolens.enums import Laterality, QualityFlag, SpacingSource, ViewPosition
from mammolens.errors import ConfigError, InputError, ModelError
from mammolens.inference.blur import FINEST_DETAIL, finest_detail
from mammolens.inference.predictor import Predictor
from mammolens.models.directory import CALIBRATION, load_model, seal_model
from mammolens.transforms.pipeline import Pipeline
from mammolens.types import AnomalyRecord, AnomalyResult, Mammogram, PixelSpacing


@pytest.fixture(scope="module")
def results(a_predictor, an_exam) -> list[AnomalyResult]:
    return a_predictor.predict_exam(an_exam)


def same(one: AnomalyResult, other: AnomalyResult) -> bool:
    maps = ("anomaly_map", "heat_levels", "reconstruction")
    equal = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in maps)
    return equal and one.record == other.record and one.header == other.header


def test_an_image_alone_is_an_exam_of_one_image(a_predictor, an_exam):
    alone, (together,) = a_predictor.predict(an_exam[0]), a_predictor.predict_exam(an_exam[:1])
    assert same(alone, together)
    assert alone.record.exam_score == alone.record.breast_score == alone.record.pred_score


def test_a_model_whose_pixels_have_no_fixed_size_needs_all_details(a_predictor):
    assert a_predictor.detail_mm is None


def test_with_its_siblings_scores_it_is_analysed_as_within_the_exam(a_predictor, an_exam, results):
    siblings = [a_predictor.score(mammogram) for mammogram in an_exam[1:]]
    analysed = a_predictor.predict(an_exam[0], siblings)
    assert same(replace(analysed, record=analysed.record), results[0])


def test_siblings_count_once_the_image_itself_among_them_too(a_predictor, an_exam, results):
    siblings = [a_predictor.score(mammogram) for mammogram in [*an_exam, *an_exam]]
    assert a_predictor.predict(an_exam[0], siblings).record == results[0].record


def test_fused_scores_are_means_of_views_and_then_of_breasts(a_predictor, results):
    by_side: dict[str | None, list[float]] = {}
    for result in results:
        by_side.setdefault(result.record.laterality, []).append(result.record.pred_score)
    breasts = {side: sum(scores) / 2 for side, scores in by_side.items()}
    exam = (breasts["L"] + breasts["R"]) / 2
    for result in results:
        assert result.record.breast_score == pytest.approx(breasts[result.record.laterality])
        assert result.record.exam_score == pytest.approx(exam)
        exam_scale = a_predictor.calibration.exam_scales.whole.pooled
        assert result.record.exam_p_value == exam_scale.p_value(result.record.exam_score)
        assert result.record.asymmetry == pytest.approx(abs(breasts["L"] - breasts["R"]))


def test_the_numbers_of_a_record_agree_with_the_calibration(a_predictor, results):
    for record in (result.record for result in results):
        assert record.p_value == a_predictor.calibration.image_scales.pooled.p_value(record.pred_score)
        assert record.percentile == pytest.approx(100 * (1 - record.p_value))
        assert record.exam_percentile == pytest.approx(100 * (1 - record.exam_p_value))
        assert record.is_anomalous == (record.p_value <= 0.1) == (record.pred_score >= record.threshold)
        assert record.exam_is_anomalous == (record.exam_p_value <= 0.1)
        sides = a_predictor.calibration.asymmetry_scales.whole.pooled
        assert record.asymmetry_p_value == sides.p_value(record.asymmetry)
        assert record.model == a_predictor.model_id
        assert record.calibration == a_predictor.calibration_id
        assert record.notice == RESEARCH_USE_ONLY


def test_the_record_says_which_image_it_is_about(an_exam, results):
    for mammogram, result in zip(an_exam, results, strict=True):
        header, record = mammogram.header, result.record
        assert (record.path, record.sop_instance_uid) == (str(header.path), header.sop_instance_uid)
        assert (record.patient, record.exam) == (header.patient_id, header.exam_id)
        assert (record.laterality, record.view) == (header.laterality, header.view)
        assert (record.rows, record.columns) == mammogram.pixels.shape


def test_a_record_survives_json(results):
    for result in results:
        assert AnomalyRecord.model_validate_json(result.record.model_dump_json()) == result.record


def test_maps_lie_on_the_original_grid_and_are_zero_outside_of_the_breast(a_predictor, an_exam, results):
    pipeline = Pipeline(a_predictor.config.preprocessing)
    for mammogram, result in zip(an_exam, results, strict=True):
        prepared = pipeline.prepare(mammogram)
        outside = pipeline.restore_map(prepared.mask.as_tensor(), prepared) == 0
        assert 0.2 < outside.mean() < 0.9
        assert result.anomaly_map.shape == result.reconstruction.shape == mammogram.pixels.shape
        assert result.anomaly_map.dtype == result.reconstruction.dtype == np.float32
        assert not result.anomaly_map[outside].any()
        assert result.anomaly_map.min() >= 0
        assert result.anomaly_map.max() > 0


def test_heat_levels_count_the_levels_that_the_map_reaches(results):
    for result in results:
        starts = list(result.record.levels.values())
        assert result.heat_levels.dtype == np.uint8
        expected = sum((result.anomaly_map >= start).astype(int) for start in starts)
        assert np.array_equal(result.heat_levels, expected)


def test_a_level_begins_at_its_very_value(a_predictor, a_trained_model, an_exam, results):
    calibration = replace(a_predictor.calibration)
    peak = float(results[0].anomaly_map.max())
    vars(calibration)["levels"] = lambda _: {"low": peak / 2, "moderate": peak}
    heat = Predictor(load_model(a_trained_model), calibration).predict(an_exam[0]).heat_levels
    assert np.array_equal(heat == 2, results[0].anomaly_map == peak)


def test_exams_are_analysed_by_normal_exams_and_images_by_normal_images(a_predictor, a_trained_model, an_exam):
    exams = tuple(exam.model_copy(update={"exam_score": -100.0}) for exam in a_predictor.calibration.exams)
    calibration = replace(a_predictor.calibration, exams=exams)
    record = Predictor(load_model(a_trained_model), calibration).predict_exam(an_exam)[0].record
    assert record.exam_p_value == 1 / (len(exams) + 1)
    assert record.p_value == a_predictor.image_p_value(a_predictor.score(an_exam[0])) > record.exam_p_value
    assert record.exam_is_anomalous


def a_machine_of_its_own(calibration: Calibration, group: str) -> Calibration:
    """Twenty more patients, of another machine, with scores and maps far below all others'."""
    last = max(image.patient for image in calibration.images)
    images = [
        calibration.images[0].model_copy(
            update={"patient": last + n, "acquisition_group": group, "raw_score": n / 1e6, "pred_score": n - 100.0,
                    "map_peak": n / 100}
        )
        for n in range(1, 21)
    ]  # fmt: skip
    exams = [
        NormalExam(patient=last + n, acquisition_group=group, exam_score=n - 100.0, asymmetry=n / 1e6)
        for n in range(1, 21)
    ]
    return Calibration((*calibration.images, *images), (*calibration.exams, *exams), calibration.config)


def test_a_machine_with_patients_enough_is_analysed_by_them_alone(a_predictor, a_trained_model, an_exam):
    calibration = a_machine_of_its_own(a_predictor.calibration, "Maker Two")
    predictor = Predictor(load_model(a_trained_model), calibration)
    exam = [Mammogram(replace(one.header, acquisition_group="Maker Two"), one.pixels) for one in an_exam]
    other, own = predictor.predict_exam(an_exam)[0].record, predictor.predict_exam(exam)[0].record
    assert own.p_value == own.exam_p_value == own.asymmetry_p_value == 1 / 21
    assert own.exam_is_anomalous
    assert own.threshold < other.threshold
    assert own.levels["high"] <= 0.201 < other.levels["high"]
    assert other.p_value == calibration.image_scales.pooled.p_value(other.pred_score)
    assert other.exam_p_value == calibration.exam_scales.whole.pooled.p_value(other.exam_score)
    assert own.raw_score == other.raw_score


def test_one_breast_alone_has_no_asymmetry(a_predictor, an_exam):
    side = an_exam[0].header.laterality
    for result in a_predictor.predict_exam([one for one in an_exam if one.header.laterality is side]):
        assert (result.record.asymmetry, result.record.asymmetry_p_value) == (None, None)


def test_without_standardisation_the_score_is_the_networks_own(a_predictor, a_trained_model, an_exam):
    config = a_predictor.config.calibration.model_copy(update={"standardise": "none"})
    calibration = Calibration(a_predictor.calibration.images, a_predictor.calibration.exams, config)
    record = Predictor(load_model(a_trained_model), calibration).predict(an_exam[0]).record
    assert record.pred_score == record.raw_score
    assert a_predictor.predict(an_exam[0]).record.pred_score != pytest.approx(record.raw_score)


def test_a_level_that_most_normal_images_reach_is_seen_in_the_heat(a_predictor, a_trained_model, an_exam):
    config = a_predictor.config.calibration.model_copy(update={"levels": {"low": 0.99, "moderate": 0.1}})
    calibration = Calibration(a_predictor.calibration.images, a_predictor.calibration.exams, config)
    predictor = Predictor(load_model(a_trained_model), calibration)
    assert max(predictor.predict(mammogram).heat_levels.max() for mammogram in an_exam) >= 1


def test_the_reconstruction_is_an_image_of_the_breast(an_exam, results):
    for mammogram, result in zip(an_exam, results, strict=True):
        assert 0 <= result.reconstruction.min() <= result.reconstruction.max() <= 1
        inside = result.anomaly_map > 0
        assert np.corrcoef(result.reconstruction[inside], mammogram.pixels[inside])[0, 1] > 0.3


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"view": ViewPosition.XCCL}, QualityFlag.VIEW_NOT_CALIBRATED),
        ({"acquisition_group": "Another Maker"}, QualityFlag.ACQUISITION_NOT_CALIBRATED),
        ({"acquisition_group": None}, QualityFlag.ACQUISITION_NOT_CALIBRATED),
    ],
)
def test_what_calibration_never_saw_is_flagged(a_predictor, an_exam, results, changes, flag):
    mammogram = Mammogram(replace(an_exam[0].header, **changes), an_exam[0].pixels)
    assert a_predictor.predict(mammogram).record.quality_flags == [*results[0].record.quality_flags, flag]


def test_a_breast_that_is_hardly_more_than_a_speck_is_flagged(a_predictor, an_exam):
    rows, columns = np.mgrid[:200, :200]
    place = np.hypot(rows - 100, columns) / 26
    small = np.where(place < 1, 0.9 - 0.4 * place, 0.0).astype(np.float32)
    assert 0.02 < (small > 0).mean() < 0.03
    record = a_predictor.predict(Mammogram(an_exam[0].header, small)).record
    assert QualityFlag.UNUSUAL_BREAST_AREA in record.quality_flags


def test_flags_of_the_header_are_kept(a_predictor, an_exam):
    header = an_exam[0].header.flagged(QualityFlag.IMPLANT)
    assert QualityFlag.IMPLANT in a_predictor.predict(Mammogram(header, an_exam[0].pixels)).record.quality_flags


def test_an_image_without_a_breast_is_refused(a_predictor, an_exam):
    speck = np.zeros((96, 80), dtype=np.float32)
    speck[3, 3] = 1.0
    with pytest.raises(InputError, match="no breast is visible"):
        a_predictor.predict(Mammogram(an_exam[0].header, speck))


def test_four_threads_may_share_a_predictor(a_predictor, an_exam, results):
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(a_predictor.predict_exam, [an_exam] * 4))
    assert all(same(one, other) for exam in again for one, other in zip(exam, results, strict=True))


def test_a_model_that_knows_too_few_patients_flags_nothing_and_says_so(a_predictor, a_trained_model, an_exam):
    few = [image for image in a_predictor.calibration.images if image.patient < 2]
    calibration = Calibration(tuple(few), a_predictor.calibration.exams, a_predictor.config.calibration)
    record = Predictor(load_model(a_trained_model), calibration).predict(an_exam[0]).record
    assert (record.threshold, record.is_anomalous) == (None, False)
    assert json.loads(record.model_dump_json())["threshold"] is None


def test_the_original_rule_can_be_chosen(a_predictor, a_trained_model, an_exam):
    config = a_predictor.config.calibration.model_copy(update={"decision": "mean_std", "k": -5.0})
    calibration = Calibration(a_predictor.calibration.images, a_predictor.calibration.exams, config)
    record = Predictor(load_model(a_trained_model), calibration).predict(an_exam[0]).record
    assert record.is_anomalous
    assert record.decision_rule == "flags scores of at least mean + -5 SD of normal images"


def test_an_uncalibrated_model_is_not_loaded(a_trained_model, tmp_path):
    for file in a_trained_model.iterdir():
        if file.name != CALIBRATION:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    seal_model(tmp_path)
    with pytest.raises(ModelError, match="calibration.json: no usable calibration"):
        Predictor.load(tmp_path)


def test_left_and_right_are_analysed_alike(a_predictor, an_exam):
    mammogram = an_exam[0]
    side = Laterality.LEFT if mammogram.header.laterality is Laterality.RIGHT else Laterality.RIGHT
    mirrored = Mammogram(replace(mammogram.header, laterality=side), np.ascontiguousarray(mammogram.pixels[:, ::-1]))
    one, other = a_predictor.predict(mammogram), a_predictor.predict(mirrored)
    assert other.record.pred_score == pytest.approx(one.record.pred_score, rel=0.02)


def test_findings_are_regions_of_the_map_from_their_level_on(a_predictor, a_trained_model, an_exam):
    config = a_predictor.config.calibration.model_copy(update={"levels": {"low": 0.99, "moderate": 0.98}})
    calibration = Calibration(a_predictor.calibration.images, a_predictor.calibration.exams, config)
    results = Predictor(load_model(a_trained_model), calibration).predict_exam(an_exam)
    assert any(result.record.findings for result in results)
    for result in results:
        assert len(result.record.findings) <= 3
        for finding in result.record.findings:
            column, row = finding.peak_location
            assert result.anomaly_map[row, column] == np.float32(finding.peak)
            assert finding.peak >= result.record.levels["moderate"]
            assert finding.area_mm2 == pytest.approx(finding.area_pixels * 1.25**2, abs=0.01)
            assert finding.nipple_distance_mm is not None
            assert 0 <= finding.nipple_distance_mm < np.hypot(*result.anomaly_map.shape) * 1.25
            assert not finding.position_guessed
        if result.record.findings:
            assert result.record.findings[0].peak == pytest.approx(float(result.anomaly_map.max()))


def test_an_image_unlike_those_of_the_calibration_is_flagged_and_a_statistic_is_named(
    a_predictor, a_trained_model, an_exam, results
):
    calibration = a_predictor.calibration
    assert len(calibration.images) < 50  # too few to call anything unusual, so there are two of each here
    twice = [
        image.model_copy(update={"patient": image.patient + 1000 * copy})
        for copy in range(2)
        for image in calibration.images
    ]
    predictor = Predictor(load_model(a_trained_model), replace(calibration, images=tuple(twice)))
    noise = 0.2 * np.random.default_rng(0).random(an_exam[0].pixels.shape, dtype=np.float32)
    noisy = np.where(an_exam[0].pixels > 0, (an_exam[0].pixels + noise).clip(0, 1), 0).astype(np.float32)
    record = predictor.predict(Mammogram(an_exam[0].header, noisy)).record
    assert QualityFlag.OUT_OF_DISTRIBUTION in record.quality_flags
    assert record.outlying_statistic.endswith("than in the most similar normal images")
    for result in (*results, *predictor.predict_exam(an_exam)):
        assert QualityFlag.OUT_OF_DISTRIBUTION not in result.record.quality_flags
        assert result.record.outlying_statistic is None


def test_an_image_that_moved_is_flagged_where_its_machine_has_normal_images(a_predictor, a_trained_model, an_exam):
    still, moved = an_exam[0], replace(an_exam[0], pixels=ndimage.uniform_filter1d(an_exam[0].pixels, 9, axis=0))
    machine, images = still.header.acquisition_group, a_predictor.calibration.images
    detail = finest_detail(Pipeline(a_predictor.config.preprocessing).prepare(still))
    normals = [
        images[number % len(images)].model_copy(
            update={"acquisition_group": machine, "statistics": {FINEST_DETAIL: detail * (1 + number / 2000)}}
        )
        for number in range(100)
    ]
    predictor = Predictor(load_model(a_trained_model), replace(a_predictor.calibration, images=tuple(normals)))
    assert QualityFlag.BLURRED in predictor.flagged_header(moved).flags
    assert QualityFlag.BLURRED not in predictor.flagged_header(still).flags
    elsewhere = replace(moved, header=replace(moved.header, acquisition_group="another"))
    assert QualityFlag.BLURRED not in predictor.flagged_header(elsewhere).flags


def test_an_image_that_was_prepared_already_gets_the_same_score(a_predictor, an_exam):
    prepared = Pipeline(a_predictor.config.preprocessing).prepare(an_exam[0])
    assert a_predictor.score_prepared(prepared) == a_predictor.score(an_exam[0])


def test_an_image_alone_is_set_against_exams_of_one_image(a_predictor, an_exam):
    record = a_predictor.predict(an_exam[0]).record
    one_image = a_predictor.calibration.exam_scales.of_shape((1,)).pooled
    assert len(one_image.scores) == len(a_predictor.calibration.images)
    assert record.exam_p_value == one_image.p_value(record.exam_score)


@pytest.mark.parametrize(("spacing", "flagged"), [(0.3, False), (0.35, True), (None, False)])
def test_pixels_that_are_known_to_be_too_coarse_for_calcifications_are_flagged(a_predictor, an_exam, spacing, flagged):
    size = PixelSpacing(spacing, spacing, SpacingSource.TABLE) if spacing else None
    image = Mammogram(replace(an_exam[0].header, spacing=size), an_exam[0].pixels)
    flags = a_predictor.predict(image).record.quality_flags
    assert (QualityFlag.COARSE_PIXELS in flags) is flagged


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_another_runtime_gives_the_same_results(runtime, a_predictor, a_trained_model, an_exam):
    pytest.importorskip(runtime, reason=f"the package {runtime} is not installed")
    predictor = Predictor.load(a_trained_model, runtime=runtime)
    assert (a_predictor.runtimes, predictor.runtimes) == (("torch",), (runtime,))
    for mammogram in an_exam:
        found, wanted = predictor.predict(mammogram), a_predictor.predict(mammogram)
        assert found.record.raw_score == pytest.approx(wanted.record.raw_score, abs=1e-3)
        assert found.record.pred_score == pytest.approx(wanted.record.pred_score, abs=1e-3)
        np.testing.assert_allclose(found.anomaly_map, wanted.anomaly_map, atol=1e-3)


def test_each_model_of_an_ensemble_runs_in_the_runtime(an_ensemble_of_models, an_exam):
    pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    reference, predictor = (Predictor.load(an_ensemble_of_models, runtime=one) for one in ("torch", "onnxruntime"))
    assert predictor.runtimes == ("onnxruntime", "onnxruntime")
    found, wanted = (one.score(an_exam[0]).pred_score for one in (predictor, reference))
    assert found == pytest.approx(wanted, abs=1e-3)


def test_an_unknown_runtime_is_refused(a_trained_model):
    with pytest.raises(ConfigError, match="runtime tensorrt: is not known; use auto, torch, onnxruntime, openvino"):
        Predictor.load(a_trained_model, runtime="tensorrt")
