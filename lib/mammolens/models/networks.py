"""Networks by the name that a configuration gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import torch
from torch import nn

from mammolens.config import NetworkConfig
from mammolens.errors import ConfigError
from mammolens.models.autoencoder import ConvolutionalAutoencoder
from mammolens.models.efficientnet_lite import IMAGENET_WEIGHTS
from mammolens.models.efficientnet_unet import EfficientNetUNet
from mammolens.models.ensemble import Ensemble, members_of
from mammolens.models.small_unet import SmallUNet
from mammolens.plugins import PluginGroup, plugins

NETWORKS: Final[Mapping[str, Callable[..., nn.Module]]] = {
    "autoencoder": ConvolutionalAutoencoder,
    "small_unet": SmallUNet,
    "efficientnet_unet": EfficientNetUNet,
}


def networks() -> Mapping[str, Callable[..., nn.Module]]:
    """MammoLens's own networks and those of other packages (entry points ``mammolens.networks``), by name."""
    return {**NETWORKS, **plugins(PluginGroup.NETWORKS, Callable, frozenset(NETWORKS))}


def build_network(config: NetworkConfig) -> nn.Module:
    """A network, or an ensemble, with fresh weights: ``(batch, 1, rows, cols)`` and mask in, ``NetworkOutput`` out.

    Raises:
        ConfigError: unknown name or option.
    """
    build = networks().get(config.name)
    if build is None:
        remedy = f"use one of: {', '.join(networks())}, or install the package that adds it"
        raise ConfigError("network.name", f"there is no network '{config.name}'", remedy)
    options: dict[str, Any] = dict(config.options)
    try:
        members = [build(**options) for _ in range(config.members)]
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError("network.options", reason, f"see the options of {config.name}") from error
    network = members[0] if len(members) == 1 else Ensemble(members)
    # The layout that CPU convolutions are fastest in; inputs follow the weights.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def initial_network(config: NetworkConfig) -> nn.Module:
    """The same, as a training begins with it: with pretrained weights where this kind of network has some.

    Raises:
        ConfigError: as :func:`build_network`.
    """
    network = build_network(config)
    for member in members_of(network):
        if isinstance(member, EfficientNetUNet) and member.pretrained:
            member.load_pretrained_weights()
    return network


def has_log_odds(config: NetworkConfig) -> bool:
    """Whether this network gives the log odds of a lesion at each pixel; the autoencoder only reconstructs."""
    return NETWORKS.get(config.name) is not ConvolutionalAutoencoder


def pretrained_weights(config: NetworkConfig) -> str | None:
    """What a training of this network begins with, in words; ``None``: fresh weights."""
    wanted = NETWORKS.get(config.name) is EfficientNetUNet and config.options.get("pretrained", True)
    return IMAGENET_WEIGHTS if wanted else None
