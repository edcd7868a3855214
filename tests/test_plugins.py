"""The package that docs/plugins.md describes, installed and used."""

from __future__ import annotations

import logging
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml

from mammolens.config import NetworkConfig
from mammolens.datasets.formats import dataset_kinds, detect_kind, open_dataset
from mammolens.errors import ConfigError
from mammolens.models.networks import build_network
from mammolens.plugins import PluginGroup, plugins

DOCUMENT = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
CODE = "\n".join(re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL))
PROJECT = tomllib.loads(re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[0])["project"]
NETWORK = NetworkConfig.model_validate(
    yaml.safe_load(re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)[0])["network"]
)


def install(site: Path, name: str, entry_points: dict[str, dict[str, str]]) -> None:
    """Write what pip writes of a package's metadata."""
    metadata = site / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in entry_points.items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "our_mammography", raising=False)
    plugins.cache_clear()
    yield tmp_path / "site"
    plugins.cache_clear()


@pytest.fixture
def documented(site: Path) -> None:
    install(site, PROJECT["name"], PROJECT["entry-points"])
    (site / "our_mammography.py").write_text(CODE)


@pytest.mark.usefixtures("documented")
def test_a_data_set_of_another_package_is_told_by_its_layout_and_opened(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "archive.csv").write_text("file,patient,cancer\na.png,P1,0\nb.png,P2,1\n")
    assert detect_kind(archive) == "our-archive"
    dataset = open_dataset(archive)
    assert [(case.patient_id, case.abnormal, case.clean_normal) for case in dataset.cases] == [
        ("P1", False, True),
        ("P2", True, False),
    ]
    assert "our-archive" in dataset_kinds()


@pytest.mark.usefixtures("documented")
def test_a_network_of_another_package_is_built_with_its_options() -> None:
    image, mask = torch.rand(2, 1, 24, 16), torch.ones(2, 1, 24, 16)
    network = build_network(NETWORK)
    assert network(image, mask).reconstruction.shape == image.shape
    assert next(network.parameters()).shape[0] == NETWORK.options["width"]


@pytest.mark.usefixtures("site")
def test_a_model_whose_package_is_missing_says_so() -> None:
    with pytest.raises(ConfigError, match="there is no network 'our_network'.* or install the package that adds it"):
        build_network(NETWORK)


def test_one_damaged_package_is_named_and_the_others_work(site: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(site, "good", {PluginGroup.NETWORKS: {"fine": "builtins:dict"}})
    install(site, "broken", {PluginGroup.NETWORKS: {"lost": "no_such_module:Network"}})
    install(site, "greedy", {PluginGroup.NETWORKS: {"own": "builtins:list"}})
    with caplog.at_level(logging.WARNING):
        found = plugins(PluginGroup.NETWORKS, frozenset({"own"}))
    assert dict(found) == {"fine": dict}
    said = sorted(record.getMessage() for record in caplog.records)
    assert [text.split(":")[0] for text in said] == ["broken", "greedy"]
    assert "repair or remove it" in said[0]
    assert "the name 'own' is taken" in said[1]
