"""A U-Net whose encoder starts from ImageNet: restores an image without its lesions, and gives the log odds of one."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from mammolens.models.efficientnet_lite import EfficientNetLite0
from mammolens.models.local_contrast import local_contrast
from mammolens.models.output import NetworkOutput
from mammolens.models.unet import convolution_block, decode

_RESIDUAL_UNIT = 0.2  # normalised greys: what the residual head calls 1
_USUAL_GREY, _GREY_GAIN, _CONTRAST_GAIN = 0.4, 4.0, 0.7  # to the mean and spread that the encoder learned with
_FINE = 2.5  # the second local contrast is this many times more local
_USUAL_LOG_ODDS = -2.0  # to begin with: lesions are rare


class EfficientNetUNet(nn.Module):
    """EfficientNet-Lite0 as the encoder of a U-Net; two heads: the grey to take away, the log odds of a lesion.

    Its three channels are the image and its contrast to two neighbourhoods. Trained on the same images, it finds more
    than a network of fresh weights does: pretraining matters most where lesions are few (Raghu et al., NeurIPS 2019,
    on small data; Matsoukas et al., CVPR 2022).

    Args:
        width: channels of the decoder at its two finest levels; twice as many below.
        neighbourhood: sigma, in pixels, of what counts as local for the contrast.
        levels: of the encoder, which each halve the resolution; 1 to 5.
        pretrained: whether a new training starts from ImageNet weights.
    """

    def __init__(self, width: int = 32, neighbourhood: float = 20.0, levels: int = 4, pretrained: bool = True) -> None:
        super().__init__()
        if type(width) is not int or width < 1:
            raise ValueError(f"width must be a whole number from 1 on, not {width!r}")
        if not 10 <= neighbourhood <= 200:
            raise ValueError(f"neighbourhood must be 10 to 200 pixels, not {neighbourhood!r}")
        self.neighbourhood = float(neighbourhood)
        self.pretrained = pretrained
        self.encoder = EfficientNetLite0(levels)
        widths = [width if level < 2 else 2 * width for level in range(levels)]
        self.lateral = nn.ModuleList(
            convolution_block(channels, outputs)
            for channels, outputs in zip(self.encoder.channels, widths, strict=True)
        )
        self.up = nn.ModuleList(convolution_block(fine + coarse, fine) for fine, coarse in pairwise(widths))
        self.heads = nn.Conv2d(width, 1 + 4, 1)
        with torch.no_grad():
            self.heads.bias.copy_(torch.tensor([_USUAL_LOG_ODDS, 0.0, 0.0, 0.0, 0.0]))  # type: ignore[union-attr]
        self._multiple = 2**levels

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Restore ``(batch, 1, rows, cols)`` float32 in [0, 1] inside ``mask`` of the same shape; any size."""
        rows, columns = image.shape[-2:]
        beyond = (0, -columns % self._multiple, 0, -rows % self._multiple)
        image, mask = functional.pad(image, beyond), functional.pad(mask, beyond)
        outputs = self._decoded(self.encoder(self._seen(image, mask)))
        log_odds = functional.interpolate(outputs[:, :1], scale_factor=2.0, mode="bilinear", align_corners=False)
        residual = functional.pixel_shuffle(outputs[:, 1:], 2) * _RESIDUAL_UNIT
        restored = (image - residual).clamp(0.0, 1.0) * (mask > 0)
        return NetworkOutput(restored[..., :rows, :columns], log_odds[..., :rows, :columns])

    def load_pretrained_weights(self) -> None:
        """Start the encoder from ImageNet."""
        self.encoder.load_imagenet_weights()

    def _seen(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        wide, fine = (local_contrast(image, mask, self.neighbourhood / share) for share in (1.0, _FINE))
        grey = (image * mask - _USUAL_GREY) * _GREY_GAIN
        channels = [grey, _CONTRAST_GAIN * wide, _CONTRAST_GAIN * fine]
        return torch.cat(channels, dim=1).contiguous(memory_format=torch.channels_last)

    def _decoded(self, features: list[torch.Tensor]) -> torch.Tensor:
        levels = [convolve(values) for convolve, values in zip(self.lateral, features, strict=True)]
        return self.heads(decode(levels, self.up))  # type: ignore[no-any-return]
