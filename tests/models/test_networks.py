from __future__ import annotations

import pytest
import torch

from mammolens.config import NetworkConfig
from mammolens.errors import ConfigError
from mammolens.models.autoencoder import ConvolutionalAutoencoder
from mammolens.models.ensemble import members_of
from mammolens.models.networks import NETWORKS, build_network, initial_network


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_built_by_its_name(name):
    assert isinstance(build_network(NetworkConfig(name=name)), NETWORKS[name])


def test_options_reach_the_network():
    network = build_network(NetworkConfig(options={"width": 3}))
    assert isinstance(network, ConvolutionalAutoencoder)
    assert network.encoder[0][0].out_channels == 3


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"name": "unet"}, "network.name: there is no network 'unet'; use one of: autoencoder, small_unet, eff"),
        ({"options": {"depth": 3}}, "unexpected keyword argument 'depth'; see the options of autoencoder"),
        ({"options": {"width": 0}}, "network.options: width must be a whole number from 1 on, not 0"),
        (
            {"name": "small_unet", "options": {"neighbourhood": 1}},
            "neighbourhood must be 4 to 200 pixels, not 1; see the",
        ),
        ({"options": {"width": "wide"}}, "network.options: width must be a whole number from 1 on, not 'wide'"),
    ],
)
def test_an_unknown_name_or_option_is_refused_with_what_would_do(config, message):
    with pytest.raises(ConfigError) as caught:
        build_network(NetworkConfig.model_validate(config))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_training_begins_with_pretrained_weights_and_heads_of_each_member_s_own():
    config = NetworkConfig(name="efficientnet_unet", options={"levels": 2, "width": 2}, members=2)
    first, second = members_of(initial_network(config))
    for one, other in zip(first.encoder.parameters(), second.encoder.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(first.heads.weight, second.heads.weight)


def test_pretrained_weights_are_not_taken_where_they_are_not_wanted():
    config = NetworkConfig(name="efficientnet_unet", options={"levels": 2, "width": 2, "pretrained": False})
    torch.manual_seed(0)
    built = build_network(config)
    torch.manual_seed(0)
    assert torch.equal(built.encoder.stem[0].weight, initial_network(config).encoder.stem[0].weight)
