"""Networks in the Open Neural Network Exchange format (ONNX)."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import nn

from mammolens.models.folding import folded
from mammolens.models.output import NetworkOutput
from mammolens.models.tiles import whole_tiles

INPUTS: Final = ("image", "mask")
OUTPUTS: Final = NetworkOutput._fields
OPSET: Final = 17  # read by ONNX Runtime since 1.12 and by OpenVINO since 2022.3
_AXES = {0: "batch", 2: "rows", 3: "columns"}
_TRACED_SHAPE = (1, 1, whole_tiles(64), whole_tiles(96))  # of the example; rows and columns differ, so neither is fixed


class _Outputs(nn.Module):
    """The network with a plain tuple as output, without what it does not give."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(values for values in self.network(image, mask) if values is not None)


def onnx_of(network: nn.Module, properties: Mapping[str, str] | None = None) -> bytes:
    """The network, with folded batch normalisations, as an ONNX model with float32 weights.

    Batch, rows and columns are free; image and mask are inputs, the preprocessing within the network is part of it.

    Args:
        network: maps image and mask ``(batch, 1, rows, cols)`` to a :class:`NetworkOutput`.
        properties: stored in the model's metadata.

    Raises:
        RuntimeError: the network cannot be converted.
        ModuleNotFoundError: the package onnx is missing.
    """
    import onnx

    traced = _Outputs(folded(network)).eval()
    example = (torch.rand(_TRACED_SHAPE), torch.ones(_TRACED_SHAPE))
    with torch.inference_mode():
        outputs = OUTPUTS[: len(traced(*example))]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        # Sizes are computed in Python, of which tracing warns; that they stay free is checked when a runtime is chosen.
        warnings.simplefilter("ignore")
        path = Path(folder) / "network.onnx"
        torch.onnx.export(
            traced,
            example,
            str(path),
            dynamo=False,  # the other exporter needs the package onnxscript
            opset_version=OPSET,
            input_names=INPUTS,
            output_names=outputs,
            dynamic_axes=dict.fromkeys((*INPUTS, *outputs), _AXES),
        )
        model = onnx.load(path)
    onnx.helper.set_model_props(model, dict(properties or {}))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
