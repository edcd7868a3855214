"""Write a model directory that holds its network in another format as well."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.enums import RuntimeName
from mammolens.errors import ConfigError, ModelError
from mammolens.files import write_text
from mammolens.models.checksums import CHECKSUMS
from mammolens.models.directory import (
    TrainedModel,
    load_any_model,
    load_model,
    model_files,
    network_directories,
    seal_model,
)
from mammolens.models.exported import EXPORT_RECORD, EXPORTED_FILES, NETWORK_FILES, ExportFormat
from mammolens.models.installed_runtimes import INSTALL, is_installed
from mammolens.models.onnx_network import OPSET
from mammolens.models.runtime_choice import (
    LOG_ODDS_TOLERANCE,
    RECONSTRUCTION_TOLERANCE,
    Difference,
    checked_runtime,
    converted,
)

_TENSOR = {"dtype": "float32", "shape": ["batch", "channels", "rows", "columns"]}
_MEANINGS = {
    "image": {
        "range": [0, 1],
        "channels": 1,
        "meaning": "normalised greys, chest wall on the left, 0 outside the breast",
    },
    "mask": {"range": [0, 1], "channels": 1, "meaning": "share of each pixel inside the breast"},
    "reconstruction": {"range": [0, 1], "meaning": "the image as each member restores it, a channel for each"},
    "log_odds": {"meaning": "of each pixel to deviate from normal, a channel for each member"},
}


def export_model(directory: Path, form: ExportFormat, output: Path) -> dict[str, Difference]:
    """Copy a model, with its network in another format beside its weights.

    The copy has the same id and can be used like the model itself; a runtime that can read the exported network starts
    faster. ``exported/export.json`` of each network describes inputs and outputs, how far its results are from torch's,
    licences and intended use.

    Args:
        directory: of the model; of an ensemble of whole models, the network of each member is exported.
        form: of the network.
        output: the new model directory, which must not exist, or be empty; written whole or not at all.

    Returns:
        How much the exported network's outputs differ from torch's, by the id of each network.

    Raises:
        ConfigError: a package is missing.
        ModelError: there is something at ``output``, the model is damaged, or its network cannot be exported with the
            same results.
    """
    runtime = _checking_runtime(form)
    load_any_model(directory)
    with new_folder(output) as folder:
        for name in (name for names in model_files(directory) for name in names):
            if (directory / name).is_file() and not name.as_posix().endswith((CHECKSUMS, *EXPORTED_FILES)):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(directory / name, folder / name)
        seal_model(folder)
        found = {}
        for part in network_directories(folder):
            model = load_model(part)
            found[model.model_id] = _export_network(model, part, form, runtime)
        seal_model(folder)
    return found


def data_licences(training: dict[str, Any]) -> list[str]:
    """The licences of the data that a model learned from, by its training record; they bind its weights as well."""
    sets = (training.get(part) for part in ("dataset", "exposure"))
    named = [one["licence"] for one in sets if isinstance(one, dict) and one.get("licence")]
    return list(dict.fromkeys(named))


def _checking_runtime(form: ExportFormat) -> RuntimeName:
    """What checks the exported network: any that reads it."""
    readers = {
        ExportFormat.ONNX: (RuntimeName.ONNXRUNTIME, RuntimeName.OPENVINO),
        ExportFormat.OPENVINO: (RuntimeName.OPENVINO,),
    }[form]
    name = next(filter(is_installed, readers), None)
    if name is None:
        raise ConfigError(f"--format {form}", f"the package {readers[0]} is not installed", INSTALL)
    return name


def _export_network(model: TrainedModel, folder: Path, form: ExportFormat, runtime: RuntimeName) -> Difference:
    """Write the network into a folder of its own model, and check what was written."""
    import onnx

    licences = data_licences(model.training)
    properties = {
        "model": model.model_id,
        "notice": RESEARCH_USE_ONLY,
        "licence": "; ".join(licences) or "not recorded",
    }
    network = converted(model, properties)
    path = folder / NETWORK_FILES[form][0]
    path.parent.mkdir(exist_ok=True)
    if form is ExportFormat.ONNX:
        path.write_bytes(network)
    else:
        _write_openvino(network, path, properties)
    graph = onnx.load_from_string(network).graph
    found = checked_runtime(model, runtime)[1]
    record = {
        **properties,
        "licence": licences,
        "terms": "The weights are bound by the licences of the data that they were learned from.",
        "format": form,
        "opset": OPSET,
        "mammolens": __version__,
        "torch": torch.__version__,
        "inputs": _described(graph.input),
        "outputs": _described(graph.output),
        "preprocessing": model.config.preprocessing.model_dump(mode="json"),
        "scoring": model.config.scoring.model_dump(mode="json"),
        "differences_from_torch": {
            "runtime": runtime,
            "log_odds": found.log_odds,
            "reconstruction": found.reconstruction,
            "accepted": {"log_odds": LOG_ODDS_TOLERANCE, "reconstruction": RECONSTRUCTION_TOLERANCE},
        },
    }
    write_text(folder / EXPORT_RECORD, json.dumps(record, indent=1))
    return found


def _described(values: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Inputs or outputs of an ONNX graph, of which a network that ignores the mask or gives no log odds has fewer."""
    return {value.name: {**_TENSOR, "meaning": _MEANINGS[value.name]} for value in values}


def _write_openvino(network: bytes, path: Path, properties: dict[str, str]) -> None:
    import openvino

    read = openvino.Core().read_model(network)
    for name, value in properties.items():
        read.set_rt_info(value, ["mammolens", name])
    openvino.save_model(read, str(path), compress_to_fp16=False)  # half precision would change the results


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A hidden folder beside ``path`` that takes its place in the end.

    Raises:
        ModelError: there is something already.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ModelError(path, "already exists", "choose another output, or move it away")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{uuid4().hex}"
    try:
        temporary.mkdir()
        yield temporary
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
