from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mammolens.config import (
    LesionKind,
    ModelConfig,
    PreprocessingConfig,
    load_any_config,
    load_calcification_config,
    load_config,
    load_document,
)
from mammolens.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_configuration_that_is_shipped_can_be_read_and_is_called_like_its_file(path):
    config = load_document(path)
    assert config.name == path.stem
    assert config.description
    assert load_document(path).model_validate(yaml.safe_load(config.to_yaml())) == config


def test_the_members_of_the_ensemble_are_configurations_beside_it():
    path = next(path for path in CONFIGS if path.name == "ensemble.yaml")
    members = [load_config(path.parent / member.model) for member in load_any_config(path).ensemble.members]
    assert len({member.network.members for member in members}) == 1  # the same patients calibrate all of them
    with pytest.raises(ConfigError, match="is an ensemble of whole models; give the configuration of a single model"):
        load_config(path)


def test_a_mistake_in_a_calcification_branchs_configuration_is_named(tmp_path):
    path = tmp_path / "branch.yaml"
    path.write_text("calcifications: {pixel_size_mm: 0.5}")
    with pytest.raises(ConfigError, match=r"pixel_size_mm: Input should be less .* see configs/calcifications\.yaml"):
        load_calcification_config(path)
    path.write_text("calcifications: {}")
    with pytest.raises(ConfigError, match="is the configuration of a calcification branch, which is a part of a model"):
        load_any_config(path)
    path.write_text("name: other")
    with pytest.raises(ConfigError, match="it has no section 'calcifications'; see configs/"):
        load_calcification_config(path)


def test_the_original_method_is_configured_as_it_was():
    config = load_config(next(path for path in CONFIGS if path.name == "autoencoder.yaml"))
    assert config.network.name == "autoencoder"
    assert (config.preprocessing.grid, config.preprocessing.size) == ("square", 128)
    assert (config.calibration.decision, config.calibration.alpha) == ("conformal", 0.10)


def test_the_restorer_learns_from_lesions_in_millimetres():
    config = load_config(next(path for path in CONFIGS if path.name == "restorer.yaml"))
    assert (config.network.name, config.scoring.residual) == ("efficientnet_unet", 10)
    assert (config.preprocessing.grid, config.preprocessing.pixel_size_mm) == ("pixel_size", 0.75)
    assert (config.training.schedule, set(config.training.lesions.kinds)) == ("one_cycle", set(LesionKind))


@pytest.mark.parametrize(
    ("preprocessing", "pixel_size"),
    [
        ({"grid": "pixel_size", "pixel_size_mm": 0.75}, "0.75"),
        ({"grid": "square", "size": 128}, "1.9"),
        ({"grid": "square", "size": 128, "pixel_size_mm": 0.1}, "1.9"),
    ],
)
def test_coarse_pixels_are_told_to_be_too_coarse_for_calcifications(preprocessing, pixel_size):
    limitation = PreprocessingConfig.model_validate(preprocessing).limitation
    assert limitation == f"Calcifications are not detected: the model works at {pixel_size} mm per pixel."


@pytest.mark.parametrize(
    "preprocessing", [{"grid": "pixel_size", "pixel_size_mm": 0.15}, {"grid": "square", "size": 2048}]
)
def test_fine_pixels_have_no_such_limitation(preprocessing):
    assert PreprocessingConfig.model_validate(preprocessing).limitation is None


def test_convergence_needs_a_grid_with_a_pixel_size(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("scoring: {convergence: 16}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"one size: set preprocessing\.grid to pixel_size"):
        load_config(path)


def test_a_configuration_with_lesions_is_read_back_unchanged(tmp_path):
    path = tmp_path / "config.yaml"
    training = {"schedule": "one_cycle", "lesions": {"kinds": {"mass": 1, "foreign": 0.5}, "radius_mm": [1, 2]}}
    config = ModelConfig.model_validate({"training": training})
    path.write_text(config.to_yaml())
    assert load_config(path) == config
    assert config.training.lesions.kinds == {LesionKind.MASS: 1, LesionKind.FOREIGN: 0.5}


def test_a_section_or_field_that_is_left_out_has_its_default(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text("name: short\ntraining: {epochs: 2}\n")
    config = load_config(path)
    assert config.training.epochs == 2
    assert config.model_copy(update={"name": "autoencoder", "training": ModelConfig().training}) == ModelConfig()


def test_an_empty_file_is_the_default_configuration(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert load_config(tmp_path / "empty.yaml") == ModelConfig()


@given(
    width=st.integers(1, 512),
    rate=st.floats(1e-12, 10),
    shares=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5, unique=True),
    words=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
def test_what_is_written_is_read_back_unchanged(tmp_path_factory, width, rate, shares, words):
    config = ModelConfig.model_validate(
        {
            "description": words,
            "network": {"options": {"width": width, "act": "relu", "deep": True, "share": 0.5}},
            "training": {"learning_rate": rate},
            "calibration": {"levels": {f"l{n}": share for n, share in enumerate(sorted(shares, reverse=True))}},
            "findings": {"level": "l0"},
        }
    )
    path = tmp_path_factory.getbasetemp() / "config.yaml"
    path.write_text(config.to_yaml(), encoding="utf-8")
    assert load_config(path) == config
    assert yaml.safe_load(config.to_yaml())["preprocessing"]["percentiles"] == [1.0, 99.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name: Tiny Model", "name: String should match pattern"),
        (b"nme: tiny", "nme: Extra inputs are not permitted"),
        (b"training: {epochs: 0}", "training.epochs: Input should be greater than or equal to 1"),
        (b"training: {learning_rate: .inf}", "training.learning_rate: Input should be a finite number"),
        (b"training: {learning_rate: 1.0e+38}", "training.learning_rate: Input should be less than or equal to 10"),
        (b"training: {seed: -1}", "training.seed: Input should be greater than or equal to 0"),
        (b"training: {seed: 99999999999999999999}", "training.seed: Input should be less than 4294967296"),
        (b"training: {schedule: cosine}", "training.schedule: Input should be 'constant' or 'one_cycle'"),
        (b"training: {weight_decay: 1}", "training.weight_decay: Input should be less than 1"),
        (b"training: {lesions: {kinds: {}}}", "training.lesions.kinds: Dictionary should have at least 1 item"),
        (b"training: {lesions: {kinds: {cyst: 1}}}", "training.lesions.kinds.cyst.[key]: Input should be 'mass'"),
        (b"training: {lesions: {kinds: {mass: 0}}}", "training.lesions.kinds.mass: Input should be greater than 0"),
        (
            b"training: {lesions: {radius_mm: [5, 2]}}",
            "training.lesions.radius_mm: must be two increasing positive numbers",
        ),
        (
            b"training: {lesions: {contrast: [0, 2]}}",
            "training.lesions.contrast: must be two increasing positive numbers",
        ),
        (b"preprocessing: {assumed_height_mm: 10}", "preprocessing.assumed_height_mm: Input should be greater than 50"),
        (b"preprocessing: {size: 66}", "preprocessing.size: Input should be a multiple of 4"),
        (b"preprocessing: {grid: pixel_size}", "preprocessing: grid 'pixel_size' needs pixel_size_mm"),
        (b"preprocessing: {percentiles: [99, 1]}", "preprocessing: percentiles must rise within 0..100"),
        (b"preprocessing: {percentiles: [1]}", "preprocessing.percentiles.1: Field required"),
        (b"scoring: {fusion: median}", "scoring.fusion.views: Input should be 'mean' or 'max'"),
        (b"scoring: {fusion: {asymmetry: -1}}", "scoring.fusion.asymmetry: Input should be greater than or equal to 0"),
        (b"calibration: {k: .nan}", "calibration.k: Input should be a finite number"),
        (b"calibration: {alpha: 1}", "calibration.alpha: Input should be less than 1"),
        (
            b"calibration: {levels: {low: 0.1, high: 0.5}}",
            "calibration: levels must be decreasing shares within (0, 1)",
        ),
        (b"calibration: {levels: {}}", "calibration: levels must be decreasing shares within (0, 1)"),
        (b"network: 5", "network: Input should be a valid dictionary"),
        (b"- name: tiny", "the top level: Input should be a valid dictionary"),
        (b"name: [1\nage: 2", "is not valid YAML (line 2: expected ',' or ']'"),
        (b"name: !!python/object/apply:os.system [ls]", "is not valid YAML (line 1: could not determine a constructor"),
        (b"name: \x07", "is not valid YAML (unacceptable character #x0007"),
        (b"\xff\xfe\x00", "cannot be read (it is not a text file)"),
    ],
)
def test_a_mistake_is_named_with_file_and_field_in_one_line(tmp_path, text, message):
    path = tmp_path / "config.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_missing_file_or_a_folder_is_named(tmp_path):
    for path, why in ((tmp_path / "gone.yaml", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigError, match=rf"cannot be read \({why}\); give a YAML file like configs/"):
            load_config(path)


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        ModelConfig().name = "other"


def test_findings_begin_at_a_level_that_there_is(tmp_path):
    path = tmp_path / "levels.yaml"
    path.write_text("calibration: {levels: {rare: 0.1}}\n")
    with pytest.raises(ConfigError, match=r"findings.level 'moderate' is not one of calibration.levels: rare"):
        load_config(path)
    path.write_text("calibration: {levels: {rare: 0.1}}\nfindings: {level: rare}\n")
    assert load_config(path).findings.level == "rare"
