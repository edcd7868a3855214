"""Write a model as a MONAI bundle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

from mammolens import RESEARCH_USE_ONLY
from mammolens.bundle import files
from mammolens.bundle.configuration import inference_configuration, metadata
from mammolens.bundle.network import StackedNetwork, unstacked
from mammolens.enums import RuntimeName
from mammolens.errors import ModelError
from mammolens.inference.predictor import load_calibration
from mammolens.models.checksums import write_checksums
from mammolens.models.directory import CALIBRATION, CARD, CONFIG, TRAINING, TrainedModel, load_model
from mammolens.models.export import data_licences, new_folder
from mammolens.models.output import NetworkOutput
from mammolens.models.runtime import TorchRuntime
from mammolens.models.runtime_choice import Difference, difference, probe_images


def write_bundle(directory: Path, output: Path) -> Difference:
    """Write a model as a bundle that ``monai.bundle`` loads and runs, with MammoLens installed.

    Args:
        directory: of the model; no ensemble of whole models.
        output: the bundle's folder, which must not exist, or be empty; written whole or not at all.

    Returns:
        How much the outputs of the bundle's network differ from the model's: only by the order of roundings.

    Raises:
        ModelError: the model is damaged or an ensemble, there is something at ``output``, or the bundle's network gives
            other results.
    """
    model = load_model(directory)
    calibration = load_calibration(directory)
    licences = data_licences(model.training)
    texts = {
        files.METADATA: json.dumps(metadata(model, calibration.calibration_id, licences), indent=2),
        files.INFERENCE: json.dumps(inference_configuration(model), indent=2),
        files.README: _readme(model),
        files.LICENCE: _terms(licences),
    }
    with new_folder(output) as folder:
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        (folder / files.MODEL_FOLDER).mkdir()
        for name in (CONFIG, CALIBRATION, TRAINING):
            shutil.copyfile(directory / name, folder / files.MODEL_FOLDER / name)
        if (directory / CARD).is_file():
            shutil.copyfile(directory / CARD, folder / "docs" / CARD)
        weights = folder / files.WEIGHTS
        weights.parent.mkdir()
        stacked = _stacked(model)
        stacked.network.load_state_dict(model.network.state_dict())
        torch.save(stacked.state_dict(), weights)  # the specification asks for this format
        write_checksums(folder, files.CHECKED_FILES)
        found = _difference(model, weights)
    return found


def _stacked(model: TrainedModel) -> StackedNetwork:
    network = model.config.network
    return StackedNetwork(network.name, network.options, network.members).eval()


class _FromBundle:
    """Runs the bundle's network with the weights of its file."""

    name = RuntimeName.TORCH

    def __init__(self, model: TrainedModel, weights: Path) -> None:
        self._members = model.config.network.members
        self._network = _stacked(model)
        self._network.load_state_dict(torch.load(weights, weights_only=True))

    def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        with torch.inference_mode():
            return unstacked(self._network(image, mask), self._members)


def _difference(model: TrainedModel, weights: Path) -> Difference:
    probes = probe_images(model.config.preprocessing.size)
    found = difference(_FromBundle(model, weights), TorchRuntime(model.network), probes)
    if not found.is_accepted:
        raise ModelError(weights, f"gives different results from the model: {found}", "report this as a bug")
    return found


def _readme(model: TrainedModel) -> str:
    return f"""# {model.model_id}

**{RESEARCH_USE_ONLY}.** Do not base any decision about a person on it.

An anomaly detector for mammograms, exported from MammoLens as a MONAI bundle. It needs the package `mammolens`, which
has its transforms and networks. Scores and maps of all mammograms of a folder:

```
python -m monai.bundle run --config_file configs/inference.json --meta_file configs/metadata.json \\
  --bundle_root . --dataset_dir /path/to/mammograms --output_dir results
```

`results/results.jsonl` gets a line for each image: the network's score, the score in robust standard deviations of
normal images, and its p-value. `NAME.anomaly.nrrd`, in the same subfolder as the image, is the map in its geometry.
Images are scored one by one: `mammolens predict` also fuses the views of an exam, finds regions and looks for
calcifications, if the model can.

The licences of the training data bind the weights: `license.txt`. `SHA256SUMS` lists what a score depends on.
"""


def _terms(licences: list[str]) -> str:
    terms = "\n".join(f"- {licence}" for licence in licences) or "- not recorded"
    return f"""{RESEARCH_USE_ONLY}.

The weights (models/model.pt) are bound by the licences of the data that they were learned from:
{terms}

The code of MammoLens is licensed under the Apache License 2.0.
"""
