"""Several data sets at once: each is a site."""

from __future__ import annotations

import csv
import json

import pytest

from mammolens.datasets.phantom_dataset import write_phantom_dataset
from mammolens.evaluation.scored_set import read_scores


@pytest.fixture
def two_sites(tmp_path):
    """Four small phantoms of each site, one of them with a lesion."""
    sites = []
    for seed, name in enumerate(("north", "south")):
        write_phantom_dataset(
            tmp_path / name, normals=3, abnormals=1, seed=seed, rows=128, columns=104, spacing=(2.0, 2.0)
        )
        sites += ["-d", tmp_path / name]
    return sites


@pytest.fixture
def a_config_file(tmp_path, a_tiny_config):
    """The tiny configuration at 32 pixels with one epoch."""
    preprocessing = a_tiny_config.preprocessing.model_copy(update={"size": 32})
    training = a_tiny_config.training.model_copy(update={"epochs": 1})
    path = tmp_path / "tiny.yaml"
    path.write_text(a_tiny_config.model_copy(update={"preprocessing": preprocessing, "training": training}).to_yaml())
    return path


def test_training_evaluation_and_calibration_take_several(mammolens, a_config_file, two_sites, tmp_path):
    model, report = tmp_path / "model", tmp_path / "report"
    trained = mammolens("train", "-c", a_config_file, *two_sites, "-o", model)
    assert trained.exit_code == 0, trained.stderr
    record = json.loads((model / "training.json").read_text())
    assert record["dataset"]["name"] == "north + south"
    assert sum(record["patients"].values()) == 6

    measured = mammolens("evaluate", *two_sites, "-o", report, "-m", model, "--bootstrap", 20, "--split", "all")
    assert measured.exit_code == 0, measured.stderr
    with (report / "scores.csv").open() as file:
        assert {row["site"] for row in csv.DictReader(file)} == {"north", "south"}
    assert "was trained or calibrated on 6 of these 8 patients" in measured.stderr

    calibrated = mammolens("calibrate", model, *two_sites, "-o", tmp_path / "again")
    assert calibrated.exit_code == 0, calibrated.stderr
    assert "warning" not in calibrated.stderr  # the record recognises the data, and whom it held back


def test_cross_fitting_shares_each_site_out(mammolens, a_config_file, two_sites, tmp_path):
    output = tmp_path / "cross"
    result = mammolens("cross-fit", "-c", a_config_file, *two_sites, "-o", output, "--folds", 2, "--bootstrap", 20)
    assert result.exit_code == 0, result.stderr
    normals = [image for image in read_scores(output / "scores.csv") if not image.abnormal]
    assert {image.site for image in normals} == {"north", "south"}
    for fold in (1, 2):
        scored = [image for image in read_scores(output / f"fold-{fold}" / "scores.csv") if not image.abnormal]
        assert {image.site for image in scored} == {"north", "south"}


def test_a_kind_for_several_is_a_line_and_its_code(mammolens, two_sites, tmp_path):
    result = mammolens("train", *two_sites, "--kind", "table", "-o", tmp_path / "model")
    assert result.exit_code == 5
    assert "a table or kind belongs to one data set" in result.stderr
