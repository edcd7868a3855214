from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from torch import nn

from mammolens.errors import ConfigError
from mammolens.models.calcification_network import CalcificationNetwork
from mammolens.models.convergence import convergence
from mammolens.models.device_names import DEVICE_VARIABLE, Precision
from mammolens.models.devices import REFERENCE, Device, PlacedNetwork, choose_device, placed_for_training
from mammolens.models.small_unet import SmallUNet

from ..second_device import PLACE, SecondDevice

ELSEWHERE = Device(PLACE)


@pytest.fixture(autouse=True)
def a_computer_without_graphics(monkeypatch):
    monkeypatch.delenv(DEVICE_VARIABLE, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def two_cuda_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


def test_auto_is_the_processor_where_there_is_nothing_else():
    assert choose_device() == choose_device("cpu") == REFERENCE


def test_auto_is_the_first_cuda_device(two_cuda_devices):
    assert choose_device("auto").place == torch.device("cuda:0")
    assert choose_device("cuda") == choose_device("auto")
    assert choose_device("cuda:1").place == torch.device("cuda:1")


def test_auto_is_apple_graphics_before_the_processor(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").place == torch.device("mps")


def test_auto_is_what_the_variable_names(monkeypatch, two_cuda_devices):
    monkeypatch.setenv(DEVICE_VARIABLE, "cuda:1")
    assert choose_device("auto").place == torch.device("cuda:1")
    assert choose_device("cpu") == REFERENCE  # a name goes before it


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps", "meta", "xpu", "graphics", ""])
def test_a_device_that_cannot_be_used_is_refused_with_a_remedy(name):
    with pytest.raises(ConfigError, match="device .*; use "):
        choose_device(name)


def test_a_number_beyond_the_devices_is_refused(two_cuda_devices):
    with pytest.raises(ConfigError, match="torch finds 2 CUDA devices, counted from 0"):
        choose_device("cuda:2")


def test_an_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match="use float32 or bfloat16"):
        choose_device("cpu", "float8")


def test_a_device_passes_as_it_is():
    assert choose_device(ELSEWHERE) is ELSEWHERE


@pytest.fixture
def a_unet() -> nn.Module:
    torch.manual_seed(0)
    return SmallUNet(8).eval()


@pytest.fixture
def an_image() -> tuple[torch.Tensor, torch.Tensor]:
    greys = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    return greys, torch.ones_like(greys)


def test_a_network_and_all_that_it_makes_are_on_its_device(a_unet, an_image):
    def compute(network: nn.Module, device: Device) -> tuple[torch.Tensor, torch.Tensor]:
        image, mask = (tensor.to(device.place) for tensor in an_image)
        return network(image, mask).log_odds.cpu(), convergence(image, mask, (6.0, 7.0), 1).cpu()

    expected, _ = PlacedNetwork(a_unet, REFERENCE).run(compute)
    with SecondDevice():
        found, exhausted = PlacedNetwork(a_unet, ELSEWHERE).run(compute)
    assert not exhausted
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_the_calcification_network_is_on_its_device(an_image):
    torch.manual_seed(0)
    network = CalcificationNetwork().eval()

    def compute(network: nn.Module, device: Device) -> torch.Tensor:
        return network(an_image[0].to(device.place)).cpu()

    expected, _ = PlacedNetwork(network, REFERENCE).run(compute)
    with SecondDevice():
        found, _ = PlacedNetwork(network, ELSEWHERE).run(compute)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_tensor_that_stays_behind_is_an_error(a_unet, an_image):
    image, mask = an_image
    with SecondDevice(), pytest.raises(RuntimeError, match="on the same device"):
        PlacedNetwork(a_unet, ELSEWHERE).run(lambda network, device: network(image, mask.to(device.place)))


def exhausted(network: nn.Module, device: Device) -> str:
    if not device.is_cpu:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nAnd much more")
    return "whole"


def test_what_does_not_fit_is_computed_on_the_processor(a_unet, caplog):
    assert PlacedNetwork(a_unet, ELSEWHERE).run(exhausted) == ("whole", True)
    assert "meta: computing this image on the processor instead" in caplog.text


def test_parts_are_tried_before_the_processor(a_unet, caplog):
    caplog.set_level(logging.WARNING)
    found = PlacedNetwork(a_unet, ELSEWHERE).run(exhausted, lambda network, device: "in parts")
    assert found == ("in parts", False)
    assert "memory is exhausted (CUDA out of memory. Tried to allocate 20.00 GiB.)" in caplog.text


def test_memory_is_exhausted_on_apple_graphics_in_words_alone(a_unet):
    def compute(network: nn.Module, device: Device) -> str:
        if not device.is_cpu:
            raise RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)")
        return "whole"

    assert PlacedNetwork(a_unet, ELSEWHERE).run(compute) == ("whole", True)


def test_other_errors_are_not_hidden(a_unet):
    def compute(network: nn.Module, device: Device) -> None:
        raise RuntimeError("device-side assert triggered")

    with pytest.raises(RuntimeError, match="assert triggered"):
        PlacedNetwork(a_unet, ELSEWHERE).run(compute)


def test_training_whose_memory_is_exhausted_says_what_to_do(a_unet):
    def learn() -> None:
        with placed_for_training(a_unet, ELSEWHERE):
            assert {parameter.device for parameter in a_unet.parameters()} == {PLACE}
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with SecondDevice(), pytest.raises(ConfigError, match=r"device meta: has too little .*--resume --device cpu"):
        learn()
    assert {parameter.device.type for parameter in a_unet.parameters()} == {"cpu"}


def test_bfloat16_changes_log_odds_little(a_unet, an_image):
    def compute(network: nn.Module, device: Device) -> torch.Tensor:
        return network(*an_image).log_odds.float()

    exact, _ = PlacedNetwork(a_unet, REFERENCE).run(compute)
    short, _ = PlacedNetwork(a_unet, Device(precision=Precision.BFLOAT16)).run(compute)
    difference = float((exact - short).abs().max())
    assert 0 < difference < 0.05 * float(np.ptp(exact.numpy()))
