import pytest
import torch
from torch import nn

from mammolens.config import NetworkConfig
from mammolens.models.folding import folded
from mammolens.models.networks import NETWORKS, build_network


@pytest.mark.parametrize(("name", "members"), [(name, 1) for name in NETWORKS] + [("efficientnet_unet", 2)])
def test_the_output_is_the_same_but_for_rounding_and_the_network_is_left_as_it_was(name, members):
    torch.manual_seed(0)
    network = build_network(NetworkConfig(name=name, members=members))
    image, mask = torch.rand(3, 1, 64, 64), torch.ones(3, 1, 64, 64)
    for _ in range(3):  # running means that are not those of fresh layers
        network.train()(image, mask)
    faster = folded(network)
    assert network.training
    before, after = (sum(isinstance(layer, nn.BatchNorm2d) for layer in one.modules()) for one in (network, faster))
    assert after == (before if name == "autoencoder" else 0)  # the autoencoder's follow activations
    assert before > 0
    with torch.inference_mode():
        wanted, found = network.eval()(image, mask), faster(image, mask)
    for one, other in zip(wanted, found, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(other, one, atol=1e-4, rtol=1e-4)


def test_a_normalisation_that_follows_no_convolution_stays():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.BatchNorm2d(2))
    assert [type(layer) for layer in folded(network)] == [nn.Conv2d, nn.ReLU, nn.BatchNorm2d]
