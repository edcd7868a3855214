from __future__ import annotations

import torch

from mammolens.config import NetworkConfig
from mammolens.models.ensemble import Ensemble, members_of
from mammolens.models.networks import build_network

IMAGE = torch.rand(2, 1, 64, 48, generator=torch.Generator().manual_seed(0))
MASK = torch.ones_like(IMAGE)


def three(name: str, **options: int) -> torch.nn.Module:
    return build_network(NetworkConfig(name=name, options=options, members=3)).eval()


def test_its_output_has_a_channel_for_each_member():
    network = three("small_unet", width=2)
    output, alone = network(IMAGE, MASK), [member(IMAGE, MASK) for member in members_of(network)]
    assert output.reconstruction.shape == output.log_odds.shape == (2, 3, 64, 48)
    for place, one in enumerate(alone):
        torch.testing.assert_close(output.reconstruction[:, place : place + 1], one.reconstruction)
        torch.testing.assert_close(output.log_odds[:, place : place + 1], one.log_odds)


def test_members_begin_with_weights_of_their_own():
    one, other, _ = members_of(three("small_unet", width=2))
    assert not torch.equal(one.heads.weight, other.heads.weight)


def test_members_that_only_reconstruct_tell_no_log_odds():
    network = three("autoencoder", width=2)
    assert network(IMAGE, MASK).log_odds is None


def test_any_other_network_is_its_own_only_member():
    network = build_network(NetworkConfig(name="small_unet", options={"width": 2}))
    assert not isinstance(network, Ensemble)
    assert members_of(network) == [network]
