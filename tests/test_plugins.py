"""The package that docs/plugins.md describes, installed and used."""

from __future__ import annotations

import logging
import re
import sys
import tomllib
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
import yaml
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from mammolens.config import ModelConfig, NetworkConfig, PreprocessingConfig, ScoringConfig, load_config
from mammolens.datasets.base import Dataset
from mammolens.datasets.formats import dataset_kinds, detect_kind, open_dataset
from mammolens.datasets.phantom import make_phantom_exam
from mammolens.diagnostics.decoders import check_decoders
from mammolens.dicom import codecs
from mammolens.dicom.opening import open_dicom
from mammolens.dicom.reader import mammogram_from_array
from mammolens.dicom.stored_values import stored_pixels
from mammolens.dicom.streams import StreamKind
from mammolens.errors import ConfigError, PixelDataError
from mammolens.inference.plugin_scorer import plugin_scorers, score_members
from mammolens.inference.scorer import Scorer, without_border
from mammolens.models.networks import NETWORKS, build_network, networks
from mammolens.models.output import NetworkOutput
from mammolens.plugins import PluginGroup, plugins
from mammolens.training.engine import train
from mammolens.transforms.pipeline import Pipeline

DOCUMENT = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
CODE = "\n".join(re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL))
PROJECT = tomllib.loads(re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)[0])["project"]
SECTIONS = {
    name: section
    for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    for name, section in yaml.safe_load(text).items()
}
NETWORK = NetworkConfig.model_validate(SECTIONS["network"])
SCORING = ScoringConfig.model_validate(SECTIONS["scoring"])


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


class _TwoMembers(torch.nn.Module):
    """Reconstructs half of each grey, and nothing of it."""

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        return NetworkOutput(torch.cat([image / 2, image * 0], dim=1))


@pytest.mark.usefixtures("documented")
def test_a_scorer_of_another_package_makes_map_and_score() -> None:
    mammogram = mammogram_from_array(make_phantom_exam(7, rows=256, columns=208, spacing=(1.0, 1.0)).views[0].pixels)
    prepared = Pipeline(PreprocessingConfig(size=64)).prepare(mammogram)
    grid = Scorer(_TwoMembers(), SCORING).score(prepared)
    image, inside = prepared.image.as_tensor()[0], prepared.mask.as_tensor()[0] > 0.5
    brightest = float(image[inside].max())
    assert grid.pred_score == pytest.approx((brightest / 2 + brightest) / 2)
    assert grid.anomaly_map.shape == prepared.image.shape
    counted = without_border(inside.numpy(), SCORING.erosion)
    np.testing.assert_allclose(grid.anomaly_map[0].numpy(), 0.75 * image.numpy() * counted, atol=1e-6)
    assert not grid.is_probability


@pytest.mark.usefixtures("site")
def test_a_model_whose_scorer_is_missing_says_so_before_it_is_used_or_trained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no anomaly scorer 'brightest'.*install the package that adds it"):
        Scorer(_TwoMembers(), SCORING)
    config = ModelConfig(name="ours", network=NetworkConfig(name="small_unet"), scoring=SCORING)
    (tmp_path / "ours.yaml").write_text(config.to_yaml())
    assert load_config(tmp_path / "ours.yaml") == config
    with pytest.raises(ConfigError, match="there is no anomaly scorer"):
        train(config, Dataset("none", (), "none"), tmp_path / "model")


@pytest.mark.usefixtures("documented")
def test_a_scorer_that_does_not_fit_is_named() -> None:
    wrong = SCORING.model_copy(update={"scorer_options": {"exponent": 1}})
    with pytest.raises(ConfigError, match="scoring.scorer_options.*exponent.*see the options of brightest"):
        Scorer(_TwoMembers(), wrong)
    with pytest.raises(ConfigError, match=r"its map has the shape \(2,\)"):
        score_members(lambda *_: (0.0, np.zeros(2, np.float32)), *(np.zeros((3, 3)),) * 2, np.zeros((1, 3, 3)), None)


@pytest.fixture
def deflated(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A file in a transfer syntax that is not MammoLens's own, and its values."""
    values = np.arange(80 * 64, dtype="<u2").reshape(80, 64)
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    frame = packer.compress(values.tobytes()) + packer.flush()
    dataset = pydicom.Dataset()
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 80, 64, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.PixelData = encapsulate([frame + b"\0" * (len(frame) % 2)])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    path = tmp_path / "deflated.dcm"
    pydicom.dcmwrite(path, dataset, write_like_original=True)
    # pydicom 2 writes no transfer syntax that it does not know.
    path.write_bytes(path.read_bytes().replace(JPEG2000Lossless.encode(), b"1.2.840.10008.1.2.8.1\0"))
    return path, values


@pytest.mark.usefixtures("documented")
def test_a_decoder_of_another_package_reads_its_transfer_syntax(deflated: tuple[Path, np.ndarray]) -> None:
    path, values = deflated
    np.testing.assert_array_equal(stored_pixels(open_dicom(path, with_pixels=True), path).values, values)
    damaged = path.read_bytes()[:-40]
    path.write_bytes(damaged)
    with pytest.raises(PixelDataError):
        stored_pixels(open_dicom(path, with_pixels=True), path)


@pytest.mark.usefixtures("site")
def test_without_the_decoder_the_file_is_refused(deflated: tuple[Path, np.ndarray]) -> None:
    path, _ = deflated
    with pytest.raises(PixelDataError, match="deflated.dcm"):
        stored_pixels(open_dicom(path, with_pixels=True), path)


@pytest.mark.usefixtures("documented")
def test_doctor_shows_a_decoder_of_another_package() -> None:
    found = {check.name: check.detail for check in check_decoders()}
    assert found["plug-in deflated-frames"] == "is used for 1.2.840.10008.1.2.8.1; not tried here"


def test_own_decoders_come_before_those_of_other_packages(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "codecs", {PluginGroup.DECODERS: {"theirs": "their_codecs:J2K"}})
    (site / "their_codecs.py").write_text(
        f"from mammolens.dicom.codecs import PluginDecoder\nJ2K = PluginDecoder(('{JPEG2000Lossless}',), print)\n"
    )
    assert list(codecs.plugin_decoders()) == ["theirs"]
    assert codecs.plugin_name_for(JPEG2000Lossless) is None
    monkeypatch.setitem(codecs.DECODERS, StreamKind.JPEG_2000, (codecs.Decoder("lost", "no_such_module", print),))
    codecs.decoder_of.cache_clear()
    assert codecs.plugin_name_for(JPEG2000Lossless) == "theirs"
    codecs.decoder_of.cache_clear()


@pytest.mark.parametrize(
    ("package", "name", "value", "reason"),
    [
        ("broken", "lost", "no_such_module:Network", "it cannot be loaded: .*; repair or remove the package"),
        ("greedy", "small_unet", "builtins:list", "the name is taken; rename it"),
        ("mistaken", "wrong", "math:pi", r"math:pi is a float, not a Callable; correct it \(docs/plugins.md\)"),
    ],
)
def test_one_damaged_package_is_named_and_the_others_work(
    package: str, name: str, value: str, reason: str, site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    install(site, "good", {PluginGroup.NETWORKS: {"fine": "builtins:dict"}})
    install(site, package, {PluginGroup.NETWORKS: {name: value}})
    with caplog.at_level(logging.WARNING):
        assert dict(networks()) == {**NETWORKS, "fine": dict}
    [said] = [record.getMessage() for record in caplog.records]
    assert re.fullmatch(f"{package}: entry point '{name}' of mammolens.networks is left out: {reason}", said)


@pytest.mark.parametrize(
    ("group", "look_up", "kind"),
    [
        (PluginGroup.DATASETS, dataset_kinds, "DatasetKind"),
        (PluginGroup.DECODERS, codecs.plugin_decoders, "PluginDecoder"),
        (PluginGroup.NETWORKS, networks, "Callable"),
        (PluginGroup.SCORERS, plugin_scorers, "Callable"),
    ],
)
def test_an_entry_point_of_another_type_is_left_out_with_a_warning(
    group: PluginGroup,
    look_up: Callable[[], Mapping[str, object]],
    kind: str,
    site: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(site, "mistaken", {group: {"wrong": "math:pi"}})
    with caplog.at_level(logging.WARNING):
        assert "wrong" not in look_up()
    assert f"mistaken: entry point 'wrong' of {group} is left out: math:pi is a float, not a {kind};" in caplog.text
