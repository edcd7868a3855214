"""A small U-Net with fresh weights: restores an image without its lesions, and gives the log odds of a lesion."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from mammolens.models.local_contrast import local_contrast
from mammolens.models.output import NetworkOutput
from mammolens.models.unet import convolution_block, decode

_STEM = 2  # the network works on pixels twice as large: four times fewer
_RESIDUAL_UNIT = 0.2  # normalised greys: what the residual head calls 1
_POOLINGS = 3
_MULTIPLE = _STEM * 2**_POOLINGS


class SmallUNet(nn.Module):
    """A small U-Net behind a pixel-unshuffle stem with two heads: the greys to take away, and the log odds of a lesion.

    Its channels are the image and its local contrast. One convolution a level on the way up, where MONAI's
    ``BasicUNet`` has three: the same figures in half the time on a CPU. Sources: Kascenas, Pugeault and O'Neil,
    MIDL 2022 (denoising autoencoders with skips); Schlueter et al., ECCV 2022 (NSA) and Baugh et al., MICCAI 2023
    (synthetic anomalies of several kinds).

    Args:
        width: channels of the first level; the others have 2, 4 and 5 times as many.
        neighbourhood: sigma, in pixels, of what counts as local for the contrast.
    """

    def __init__(self, width: int = 24, neighbourhood: float = 20.0) -> None:
        super().__init__()
        if type(width) is not int or width < 1:
            raise ValueError(f"width must be a whole number from 1 on, not {width!r}")
        if not 4 <= neighbourhood <= 200:
            raise ValueError(f"neighbourhood must be 4 to 200 pixels, not {neighbourhood!r}")
        self.neighbourhood = float(neighbourhood)
        levels = (width, 2 * width, 4 * width, 5 * width)
        inputs = (2 * _STEM**2, *levels[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(convolution_block(before, after), convolution_block(after, after))
            for before, after in zip(inputs, levels, strict=True)
        )
        self.up = nn.ModuleList(convolution_block(fine + coarse, fine) for fine, coarse in pairwise(levels))
        self.heads = nn.Conv2d(width, 1 + _STEM**2, 1)

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Restore ``(batch, 1, rows, cols)`` float32 in [0, 1] inside ``mask`` of the same shape; any size."""
        rows, columns = image.shape[-2:]
        beyond = (0, -columns % _MULTIPLE, 0, -rows % _MULTIPLE)
        image, mask = functional.pad(image, beyond), functional.pad(mask, beyond)
        outputs = self._unet(self._seen(image, mask))
        log_odds = functional.interpolate(outputs[:, :1], scale_factor=_STEM, mode="bilinear", align_corners=False)
        residual = functional.pixel_shuffle(outputs[:, 1:], _STEM) * _RESIDUAL_UNIT
        restored = (image - residual).clamp(0.0, 1.0) * (mask > 0)
        return NetworkOutput(restored[..., :rows, :columns], log_odds[..., :rows, :columns])

    def _seen(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        greys = torch.cat([image * mask, 0.5 * local_contrast(image, mask, self.neighbourhood)], dim=1)
        return functional.pixel_unshuffle(greys, _STEM).contiguous(memory_format=torch.channels_last)

    def _unet(self, values: torch.Tensor) -> torch.Tensor:
        levels: list[torch.Tensor] = []
        for convolve in self.down:
            values = convolve(functional.max_pool2d(values, 2) if levels else values)
            levels.append(values)
        return self.heads(decode(levels, self.up))  # type: ignore[no-any-return]
