from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

import mammolens as package
from mammolens.config import load_any_config

CONFIGS = sorted((Path(package.__file__).parent / "configs").glob("*.yaml"))


def test_the_packaged_configurations_are_listed_with_what_they_are(mammolens):
    result = mammolens("config", "list")
    assert result.exit_code == 0
    assert all(f"configs/{path.name}" in result.stdout for path in CONFIGS)


def test_what_is_shown_is_whole_and_read_back_unchanged(mammolens, tmp_path):
    (tmp_path / "mine.yaml").write_text("name: mine\ntraining: {epochs: 3}\n")
    shown = mammolens("config", "show", tmp_path / "mine.yaml").stdout
    (tmp_path / "whole.yaml").write_text(shown)
    assert yaml.safe_load(shown)["preprocessing"]["size"] == 128
    assert load_any_config(tmp_path / "whole.yaml") == load_any_config(tmp_path / "mine.yaml")


def test_all_packaged_configurations_can_be_used_and_are_found_by_their_short_path(mammolens, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = mammolens("config", "check", *(f"configs/{path.name}" for path in CONFIGS))
    assert (result.exit_code, result.stderr.count("can be used")) == (0, len(CONFIGS))
    assert "exposed: 5 x efficientnet_unet, 4.60 million weights, pixels of 0.75 mm" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("training: {epochs: zero}", "training.epochs"),
        ("training: {epoch: 3}", "training.epoch"),
        ("network: {name: autoencoder, options: {width: -1}}", "network.options"),
        ("network: {name: unet}", "network.name: there is no network 'unet'"),
    ],
)
def test_what_cannot_be_used_is_named_with_file_and_setting(mammolens, tmp_path, text, reason):
    (tmp_path / "mine.yaml").write_text(text)
    result = mammolens("config", "check", tmp_path / "mine.yaml")
    assert result.exit_code == 4
    said = "".join(result.stderr.split())
    assert "mine.yaml" in said
    assert "".join(reason.split()) in said


def test_the_schema_takes_the_packaged_configurations_and_refuses_a_misspelt_setting(mammolens):
    schema = json.loads(mammolens("config", "schema").stdout)
    for path in CONFIGS:
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"training": {"epoch": 3}}, schema)
