"""The models that the package ships."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from mammolens.calibration.calibration import Calibration
from mammolens.config import load_config
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files
from mammolens.datasets.formats import open_dataset
from mammolens.dicom.reader import read_mammogram
from mammolens.inference.predictor import Predictor
from mammolens.inference.scorer import Scorer
from mammolens.models.directory import CALIBRATION, CARD, CONFIG, TRAINING, load_model
from mammolens.models.ensemble import members_of
from mammolens.models.store import BASELINE, PRETRAINED, pretrained_directory
from mammolens.training.partition import partition
from mammolens.transforms.pipeline import Pipeline

SHIPPED = sorted(path.name for path in pretrained_directory().parent.iterdir() if path.is_dir())


@pytest.fixture(scope="module", params=SHIPPED)
def the_directory(request) -> Path:
    return pretrained_directory(request.param)


@pytest.fixture(scope="module")
def the_pretrained(the_directory) -> Predictor:
    return Predictor.load(the_directory)


def test_the_detector_serves_and_the_original_method_stays_beside_it():
    assert {PRETRAINED, BASELINE} <= set(SHIPPED)
    assert load_config(pretrained_directory() / CONFIG).network.name == "efficientnet_unet"
    assert load_config(pretrained_directory(BASELINE) / CONFIG).network.name == "autoencoder"


def test_the_configuration_is_the_one_that_people_edit(the_pretrained):
    edited = Path(__file__).parents[2] / "configs" / f"{the_pretrained.config.name}.yaml"
    config = load_config(edited)
    assert the_pretrained.config == config


def test_the_card_says_where_it_comes_from(the_pretrained, the_directory):
    card = (the_directory / CARD).read_text()
    record = json.loads((the_directory / TRAINING).read_text())
    assert card.startswith(f"# {the_pretrained.model_id}\n")
    assert the_pretrained.config.name == the_directory.name
    assert record["dataset"]["licence"] in card
    assert record["dataset"]["citation"] in card


def test_the_record_the_card_and_the_calibration_count_the_same(the_pretrained, the_directory):
    card = (the_directory / CARD).read_text()
    record = json.loads((the_directory / TRAINING).read_text())
    calibration = the_pretrained.calibration
    assert len(calibration.images) == record["images"]["calibration"]
    assert calibration.image_scales.pooled.patients == record["patients"]["calibration"]
    for part in ("train", "calibration"):
        assert f"| {record['patients'][part]} | {record['images'][part]} |" in card


def test_it_knows_enough_patients_to_flag_and_its_levels_rise(the_pretrained):
    assert 0 < the_pretrained.calibration.exam_threshold() < float("inf")
    starts = list(the_pretrained.calibration.levels().values())
    assert starts == sorted(set(starts))


def test_its_calibration_numbers_patients_and_names_none(the_pretrained, the_directory):
    content = json.loads((the_directory / CALIBRATION).read_text())
    assert set(content) == {"standardise", "images", "exams"}
    patients = {image["patient"] for image in content["images"]}
    assert patients == set(range(len(patients)))
    assert {exam["patient"] for exam in content["exams"]} == patients


def test_it_analyses_a_real_mammogram(the_pretrained):
    record = the_pretrained.predict(read_mammogram(cbis_ddsm_files()[0])).record
    assert record.model == the_pretrained.model_id
    assert np.isfinite(record.raw_score)
    assert 0 < record.exam_p_value <= 1


@pytest.mark.slow
def test_it_was_calibrated_by_the_code_that_is_here(the_directory, development_data):
    model, config = load_model(the_directory), load_config(the_directory / CONFIG)
    exposed = open_dataset(development_data / "cbis800bank") if config.training.exposure_share else None
    parts = partition(open_dataset(development_data / "rsna640"), config, exposed)
    saved = iter(Calibration.load(the_directory / CALIBRATION, config.calibration).images)
    pipeline = Pipeline(config.preprocessing)
    for member, share in zip(members_of(model.network), parts.shares, strict=True):
        scorer, images = Scorer(member, config.scoring), list(islice(saved, len(share.calibration)))
        for case, image in islice(zip(share.calibration, images, strict=True), 6):
            grid = scorer.score(pipeline.load(case.path, case.attributes))
            assert grid.pred_score == pytest.approx(image.raw_score, rel=1e-3)
            assert grid.map_peak == pytest.approx(image.map_peak, rel=1e-3)
    assert not list(saved)
