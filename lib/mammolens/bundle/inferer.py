"""Run a network on the part of the grid that holds the breast, as :class:`mammolens.inference.scorer.Scorer` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import Inferer
from torch.nn import functional

from mammolens.inference.scorer import occupied


class BreastInferer(Inferer):
    """Gives the network the breast and a margin, each image by itself; the output is 0 beyond."""

    def __call__(
        self,
        inputs: torch.Tensor,
        network: Callable[..., torch.Tensor],
        breast_mask: torch.Tensor,
        *args: Any,
        **kwargs: Any,
    ) -> torch.Tensor:
        """Run the network.

        Args:
            inputs: ``(batch, 1, size, size)`` float32 in [0, 1].
            network: a :class:`mammolens.bundle.network.StackedNetwork`.
            breast_mask: the same shape, the share of each pixel inside the breast.
            args, kwargs: further inputs of the network.

        Returns:
            ``(batch, channels, size, size)``.
        """
        outputs = []
        for image, mask in zip(_plain(inputs), _plain(breast_mask), strict=True):
            rows, columns = occupied(mask)
            output = network(image[None, :, :rows, :columns], mask[None, :, :rows, :columns], *args, **kwargs)
            outputs.append(functional.pad(output, (0, image.shape[-1] - columns, 0, image.shape[-2] - rows)))
        return torch.cat(outputs)


def _plain(values: torch.Tensor) -> torch.Tensor:
    """Without meta data, which convolutions would carry along."""
    return values.as_tensor() if hasattr(values, "as_tensor") else values
