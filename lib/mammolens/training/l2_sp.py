"""Hold weights near those that training starts from, against forgetting."""

from __future__ import annotations

import torch
from torch import nn


class L2SP:
    """The penalty ``strength / 2 * |w - w0|^2`` on a network's parameters ``w``, where ``w0`` are those it has now.

    L2-SP (Li, Grandvalet & Davoine, *Explicit Inductive Bias for Transfer Learning with Convolutional Networks*,
    ICML 2018), where every layer has a starting point. It is part of the objective, as published, and not decoupled
    like AdamW's weight decay: what the images give is weighed against what is lost, at any learning rate. Running
    means and variances of batch normalisation are statistics of the images, not parameters, and are free.

    Args:
        network: the weights to stay near; they are copied.
        strength: of the penalty, 0 or more.

    Example:
        >>> layer = nn.Linear(2, 1, bias=False)
        >>> penalty = L2SP(layer, strength=0.1)
        >>> with torch.no_grad():
        ...     layer.weight += 3.0
        >>> round(float(penalty(layer)), 3)
        0.9
    """

    def __init__(self, network: nn.Module, strength: float) -> None:
        self.strength = strength
        self._start = [parameter.detach().clone() for parameter in network.parameters()]

    def __call__(self, network: nn.Module) -> torch.Tensor:
        """The penalty of the network's parameters as they are, a scalar with a gradient."""
        pairs = zip(network.parameters(), self._start, strict=True)
        return self.strength / 2 * torch.stack([(now - start).square().sum() for now, start in pairs]).sum()
