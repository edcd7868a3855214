"""Run networks by ONNX Runtime and by OpenVINO, on the processor, in float32."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Final

import torch

from mammolens.enums import RuntimeName
from mammolens.models.output import NetworkOutput


class OnnxRuntime:
    """Runs an ONNX model by ONNX Runtime with as many threads as torch uses.

    Args:
        model: an ONNX file, or its content.

    Raises:
        ModuleNotFoundError: the package onnxruntime is missing.
    """

    name: Final = RuntimeName.ONNXRUNTIME

    def __init__(self, model: Path | bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors
        given = model if isinstance(model, bytes) else str(model)
        self._session = onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
        self._inputs = [one.name for one in self._session.get_inputs()]

    def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Run the network."""
        return _output(self._session.run(None, _arrays(self._inputs, image, mask)))


class OpenVinoRuntime:
    """Runs an OpenVINO or ONNX model by OpenVINO with as many threads as torch uses.

    Args:
        model: an OpenVINO file (``.xml``, its weights beside it), an ONNX file, or the content of one.

    Raises:
        ModuleNotFoundError: the package openvino is missing.
    """

    name: Final = RuntimeName.OPENVINO

    def __init__(self, model: Path | bytes) -> None:
        import openvino

        core = openvino.Core()
        settings = {
            # Without, processors that have bfloat16 use it, which changes log odds by up to 0.3.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        read = core.read_model(model if isinstance(model, bytes) else str(model))
        self._compiled = core.compile_model(read, "CPU", settings)
        self._inputs = [one.get_any_name() for one in self._compiled.inputs]
        self._local = threading.local()  # a request runs one inference at a time

    def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """Run the network."""
        if not hasattr(self._local, "request"):
            self._local.request = self._compiled.create_infer_request()
        found = self._local.request.infer(_arrays(self._inputs, image, mask))
        return _output([found[index] for index in range(len(self._compiled.outputs))])


def _arrays(names: list[str], image: torch.Tensor, mask: torch.Tensor) -> dict[str, Any]:
    """The inputs that the network has kept: one that ignores the mask was exported without."""
    given = {"image": image.contiguous().numpy(), "mask": mask.contiguous().numpy()}
    return {name: given[name] for name in names}


def _output(arrays: list[Any]) -> NetworkOutput:
    return NetworkOutput(*(torch.from_numpy(array) for array in arrays))
