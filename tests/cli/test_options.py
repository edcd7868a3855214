from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.cli.options import configuration
from mammolens.config import load_any_config


@pytest.mark.parametrize("name", ["autoencoder", "ensemble", "exposed", "restorer"])
def test_a_configuration_of_the_package_is_found_from_any_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = configuration(Path("configs") / f"{name}.yaml")
    assert found.is_absolute()
    assert load_any_config(found)


def test_a_file_of_the_current_folder_goes_first_and_a_missing_one_stays_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = Path("configs") / "restorer.yaml"
    own.parent.mkdir()
    own.write_text("name: own\n")
    assert configuration(own) == own
    for missing in (Path("configs") / "none.yaml", Path("elsewhere") / "exposed.yaml"):
        assert configuration(missing) == missing
