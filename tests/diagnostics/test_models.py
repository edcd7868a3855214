import json
import shutil

import pytest

from mammolens.diagnostics.models import check_models, diagnose_model
from mammolens.models.directory import CALIBRATION, METRICS, WEIGHTS, model_id_of


@pytest.fixture
def a_model(a_trained_model, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(a_trained_model, folder)
    return folder


def test_a_model_that_loads_and_infers_is_named_by_its_fingerprints(a_model):
    check = diagnose_model("mine", a_model)
    assert check.status == "ok", check.detail
    assert model_id_of(a_model) in check.detail
    assert "calibration cal-" in check.detail


@pytest.mark.parametrize("name", [WEIGHTS, CALIBRATION, "config.yaml", "training.json"])
def test_a_broken_model_directory_fails(a_model, name):
    (a_model / name).write_text("{")
    check = diagnose_model("mine", a_model)
    assert check.status == "failed"
    assert check.remedy


def test_a_missing_model_directory_fails(tmp_path):
    assert diagnose_model("mine", tmp_path / "none").status == "failed"


@pytest.mark.parametrize(("name", "status"), [("shipped, exposed", "failed"), ("mine", "warning")])
def test_other_weights_than_were_evaluated_are_told(a_model, name, status):
    (a_model / METRICS).write_text(json.dumps({"model": "tiny-000000000000"}))
    check = diagnose_model(name, a_model)
    assert check.status == status
    assert "tiny-000000000000" in check.detail


@pytest.mark.parametrize("metrics", ["no JSON", "[]", "{}"])
def test_metrics_that_name_no_model_are_no_reason_to_doubt(a_model, metrics):
    (a_model / METRICS).write_text(metrics)
    assert diagnose_model("mine", a_model).status == "ok"


@pytest.mark.slow
def test_the_shipped_models_are_whole_and_work_and_a_given_one_comes_after_them(tmp_path):
    checks = list(check_models(tmp_path / "none"))
    assert [check.status for check in checks] == ["ok", "ok", "ok", "failed"]
