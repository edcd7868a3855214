from __future__ import annotations

import pytest

from mammolens.config import NetworkConfig
from mammolens.errors import ConfigError
from mammolens.models.autoencoder import ConvolutionalAutoencoder
from mammolens.models.registry import NETWORKS, build_network


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
        ({"name": "unet"}, "network.name: there is no network 'unet'; use one of: autoencoder, restorer"),
        ({"options": {"depth": 3}}, "unexpected keyword argument 'depth'; see the options of autoencoder"),
        ({"options": {"width": 0}}, "network.options: width must be a whole number from 1 on, not 0"),
        (
            {"name": "restorer", "options": {"neighbourhood": 1}},
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
