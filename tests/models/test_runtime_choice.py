"""What runs a network gives the results of torch, or is refused."""

from __future__ import annotations

import logging
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from mammolens.config import ModelConfig, NetworkConfig, PreprocessingConfig
from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError, ModelError
from mammolens.models import installed_runtimes, runtime_choice
from mammolens.models.directory import TrainedModel
from mammolens.models.networks import NETWORKS, build_network
from mammolens.models.onnx_network import onnx_of
from mammolens.models.output import NetworkOutput
from mammolens.models.runtime import TorchRuntime
from mammolens.models.runtime_choice import (
    LOG_ODDS_TOLERANCE,
    RECONSTRUCTION_TOLERANCE,
    choose_runtime,
    difference,
    probe_images,
)

pytestmark = pytest.mark.slow

OTHERS = [
    pytest.param(
        name, marks=pytest.mark.skipif(not installed_runtimes.is_installed(name), reason=f"{name} is not installed")
    )
    for name in (RuntimeName.ONNXRUNTIME, RuntimeName.OPENVINO)
]
OPTIONS = {
    "autoencoder": {"width": 2},
    "small_unet": {"width": 2},
    "efficientnet_unet": {"width": 4, "levels": 2, "neighbourhood": 10.0},
}


def a_model(name: str = "small_unet", members: int = 1, size: int = 64) -> TrainedModel:
    torch.manual_seed(0)
    network = NetworkConfig(name=name, options=OPTIONS[name], members=members)
    config = ModelConfig(preprocessing=PreprocessingConfig(size=size), network=network)
    built = build_network(network)
    image, mask = torch.rand(2, 1, 64, 64), torch.ones(2, 1, 64, 64)
    built.train()(image, mask)  # running means that are not those of fresh layers
    return TrainedModel(f"{name}-0", config, built.eval(), {})


class Shifted(torch.nn.Module):
    """Another network's results: its log odds are too high."""

    def __init__(self, network: torch.nn.Module, shift: float) -> None:
        super().__init__()
        self.network, self.shift = network, shift

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        output = self.network(image, mask)
        return NetworkOutput(output.reconstruction, output.log_odds + self.shift)


@pytest.fixture
def a_wrong_conversion(monkeypatch):
    """Converts networks with an error of the given size."""

    def convert(shift: float) -> None:
        monkeypatch.setattr(runtime_choice, "onnx_of", lambda network, _: onnx_of(Shifted(network, shift)))

    return convert


def test_torch_is_the_default():
    assert isinstance(choose_runtime(a_model()), TorchRuntime)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(("network", "members"), [*((network, 1) for network in NETWORKS), ("efficientnet_unet", 2)])
def test_every_network_gives_the_results_of_torch_at_any_size(name, network, members):
    model = a_model(network, members)
    runtime, reference = choose_runtime(model, name), TorchRuntime(model.network)
    assert runtime.name is name
    for batch, rows, columns in ((1, 64, 64), (1, 96, 32), (2, 32, 128), (1, 52, 36)):
        image, mask = torch.rand(batch, 1, rows, columns), (torch.rand(batch, 1, rows, columns) > 0.3).float()
        found, wanted = runtime.run(image, mask), reference.run(image, mask)
        torch.testing.assert_close(found.reconstruction, wanted.reconstruction, atol=RECONSTRUCTION_TOLERANCE, rtol=0)
        assert (found.log_odds is None) == (wanted.log_odds is None) == (network == "autoencoder")
        if found.log_odds is not None:
            torch.testing.assert_close(found.log_odds, wanted.log_odds, atol=LOG_ODDS_TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", OTHERS)
def test_threads_share_a_runtime(name):
    runtime = choose_runtime(a_model(), name)
    images = [torch.rand(1, 1, 32, 32) for _ in range(8)]
    alone = [runtime.run(image, torch.ones_like(image)) for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda image: runtime.run(image, torch.ones_like(image)), images))
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(one.reconstruction, other.reconstruction)


@pytest.mark.parametrize("name", OTHERS)
def test_a_runtime_with_other_results_is_refused(name, a_wrong_conversion):
    a_wrong_conversion(10 * LOG_ODDS_TOLERANCE)
    with pytest.raises(
        ModelError, match=f"gives different results in {name} than in torch: log odds differ by up to 0.01"
    ):
        choose_runtime(a_model(), name)


@pytest.mark.parametrize("name", OTHERS)
def test_a_difference_within_the_tolerance_is_accepted(name, a_wrong_conversion):
    a_wrong_conversion(LOG_ODDS_TOLERANCE / 2)
    assert choose_runtime(a_model(), name).name is name


def test_automatically_none_is_chosen_that_disagrees(a_wrong_conversion, caplog):
    a_wrong_conversion(1.0)
    with caplog.at_level(logging.WARNING):
        assert choose_runtime(a_model(), RuntimeName.AUTO).name is RuntimeName.TORCH
    refused = [name for name in RuntimeName if name not in ("auto", "torch") and installed_runtimes.is_installed(name)]
    assert [record.getMessage().split()[0] for record in caplog.records] == refused


@pytest.mark.parametrize("fastest", [RuntimeName.TORCH, *OTHERS])
def test_automatically_the_fastest_is_chosen(fastest, monkeypatch):
    def measured(runtimes, probe):
        return {runtime.name: 0.1 if runtime.name is fastest else 0.2 for runtime in runtimes}

    monkeypatch.setattr(runtime_choice, "seconds_of", measured)
    assert choose_runtime(a_model(), RuntimeName.AUTO).name is fastest


@pytest.mark.parametrize("name", [RuntimeName.ONNXRUNTIME, RuntimeName.OPENVINO])
def test_a_missing_package_is_reported(name, monkeypatch):
    monkeypatch.setattr(installed_runtimes, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=f"runtime {name}: the package {name} is not installed; install"):
        choose_runtime(a_model(), name)
    assert choose_runtime(a_model(), RuntimeName.AUTO).name is RuntimeName.TORCH


@pytest.mark.parametrize("name", OTHERS)
def test_a_network_that_cannot_be_converted_is_reported(name):
    class Complex(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
            return NetworkOutput(torch.fft.ifft2(torch.fft.fft2(image)).real)

    model = a_model()
    with pytest.raises(ModelError, match="its network cannot be converted"):
        choose_runtime(TrainedModel("complex-0", model.config, Complex(), {}), name)


def test_a_result_that_is_no_number_is_no_agreement():
    class Broken:
        name = RuntimeName.ONNXRUNTIME

        def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
            small = image.shape[-2] < 64  # the second probe alone
            return NetworkOutput(torch.full_like(image, torch.nan if small else 0.0), torch.zeros_like(image))

    assert math.isnan(difference(Broken(), TorchRuntime(a_model().network), probe_images(64)).reconstruction)
    assert not difference(Broken(), TorchRuntime(a_model().network), probe_images(64)).is_accepted


@pytest.mark.parametrize("size", [32, 36, 128, 416])
def test_probes_fit_the_working_grid_and_show_a_breast(size):
    probes = probe_images(size)
    assert len(probes) == 2
    for image, mask in probes:
        assert image.shape == mask.shape
        assert max(image.shape) <= size
        assert 0.3 < mask.mean() < 0.8
        assert 0 <= image.min() < image.max() <= 1
        assert not (image * (1 - mask)).any()
