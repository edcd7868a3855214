from __future__ import annotations

import pytest
import torch
from torch import nn

from mammolens.models.small_unet import SmallUNet


@pytest.fixture(scope="module")
def a_small_unet() -> SmallUNet:
    """Random weights and statistics, as after some training."""
    torch.manual_seed(0)
    network = SmallUNet(width=3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return network.eval()


@pytest.fixture(scope="module")
def an_image() -> tuple[torch.Tensor, torch.Tensor]:
    """Image and breast ``(2, 1, 100, 76)``, the breast up to row 90 and column 60."""
    mask = torch.zeros(2, 1, 100, 76)
    mask[..., 5:90, :60] = 1
    return torch.rand(2, 1, 100, 76, generator=torch.Generator().manual_seed(1)) * mask, mask


def told(network: nn.Module, image: torch.Tensor, mask: torch.Tensor):
    with torch.inference_mode():
        return network(image, mask)


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (33, 17), (64, 48), (101, 10)])
def test_any_size_comes_back_in_its_size_and_range(a_small_unet, rows, columns):
    output = told(a_small_unet, torch.rand(2, 1, rows, columns), torch.ones(2, 1, rows, columns))
    assert output.reconstruction.shape == output.log_odds.shape == (2, 1, rows, columns)
    assert 0 <= float(output.reconstruction.min()) <= float(output.reconstruction.max()) <= 1


def test_a_size_that_is_no_multiple_of_16_is_as_good_as_one_with_padding(a_small_unet, an_image):
    padded = [nn.functional.pad(tensor, (0, 4, 0, 12)) for tensor in an_image]
    whole, alone = told(a_small_unet, *padded), told(a_small_unet, *an_image)
    torch.testing.assert_close(alone.log_odds, whole.log_odds[..., :100, :76])
    torch.testing.assert_close(alone.reconstruction, whole.reconstruction[..., :100, :76])


def test_outside_the_breast_the_restored_image_is_0(a_small_unet, an_image):
    restored = told(a_small_unet, *an_image).reconstruction
    assert not restored[an_image[1] == 0].any()
    assert restored[an_image[1] > 0].any()


def test_an_empty_breast_gives_finite_log_odds_and_no_image(a_small_unet):
    nothing = torch.zeros(1, 1, 48, 32)
    output = told(a_small_unet, nothing, nothing)
    assert torch.isfinite(output.log_odds).all()
    assert not output.reconstruction.any()


def test_an_image_is_analysed_alone_in_evaluation_mode(a_small_unet, an_image):
    together = told(a_small_unet, *an_image)
    alone = told(a_small_unet, *(tensor[:1] for tensor in an_image))
    torch.testing.assert_close(together.log_odds[:1], alone.log_odds, rtol=1e-4, atol=1e-5)


def test_both_heads_learn_from_a_loss(an_image):
    torch.manual_seed(0)
    network = SmallUNet(width=2)
    output = network(*an_image)
    (output.log_odds.mean() + (output.reconstruction - an_image[0]).square().mean()).backward()
    assert all(
        parameter.grad is not None and torch.isfinite(parameter.grad).all() for parameter in network.parameters()
    )
    assert network.heads.weight.grad.flatten(1).any(dim=1).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width must be a whole number from 1 on"),
        ({"width": True}, "width must be a whole number from 1 on"),
        ({"neighbourhood": 3}, "neighbourhood must be 4 to 200 pixels"),
        ({"neighbourhood": 1000.0}, "neighbourhood must be 4 to 200 pixels"),
    ],
)
def test_options_that_make_no_network_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SmallUNet(**options)
