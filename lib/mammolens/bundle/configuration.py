"""What a bundle's two files of configuration say: ``inference.json`` and ``metadata.json``."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

import monai
import numpy as np
import torch

from mammolens import RESEARCH_USE_ONLY, __version__
from mammolens.bundle import files
from mammolens.config import ModelConfig, PreprocessingConfig
from mammolens.enums import Keys
from mammolens.models.directory import TrainedModel

SCHEMA: Final = (
    "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/meta_schema_20240725.json"
)
_TRANSFORMS: Final = "mammolens.transforms"


def inference_configuration(model: TrainedModel) -> dict[str, Any]:
    """The workflow: read the images of ``dataset_dir``, run the network, write scores and maps to ``output_dir``."""
    return {
        "imports": ["$from mammolens.dicom.discovery import find_images"],
        "bundle_root": ".",
        "dataset_dir": "/path/to/mammograms",
        "output_dir": "$@bundle_root + '/eval'",
        "device": "$torch.device('cpu')",
        "network_def": _network(model.config),
        "network": "$@network_def.to(@device)",
        "preprocessing": {"_target_": "Compose", "transforms": _preprocessing(model.config.preprocessing)},
        "dataset": {
            "_target_": "Dataset",
            "data": "$[{'image': path} for path in find_images([@dataset_dir]).images]",
            "transform": "@preprocessing",
        },
        "dataloader": {
            "_target_": "DataLoader",
            "dataset": "@dataset",
            "batch_size": 1,
            "shuffle": False,
            "num_workers": 0,
        },
        "inferer": {"_target_": "mammolens.bundle.inferer.BreastInferer"},
        "postprocessing": {
            "_target_": "Compose",
            "transforms": [
                {
                    "_target_": "mammolens.bundle.transforms.ScoreAnomalyd",
                    "bundle_root": "@bundle_root",
                    "model_id": model.model_id,
                    "transform": "@preprocessing",
                },
                {
                    "_target_": "mammolens.bundle.transforms.SaveAnomalyd",
                    "output_dir": "@output_dir",
                    "data_root_dir": "@dataset_dir",
                },
            ],
        },
        "handlers": [
            {
                "_target_": "CheckpointLoader",
                "load_path": f"$@bundle_root + '/{files.WEIGHTS}'",
                "load_dict": {"model": "@network"},
            }
        ],
        "evaluator": {
            "_target_": "SupervisedEvaluator",
            "device": "@device",
            "val_data_loader": "@dataloader",
            "network": "@network",
            "inferer": "@inferer",
            "prepare_batch": {"_target_": "PrepareBatchExtraInput", "extra_keys": str(Keys.BREAST_MASK)},
            "postprocessing": "@postprocessing",
            "val_handlers": "@handlers",
        },
        "run": ["$@evaluator.run()"],
    }


def metadata(model: TrainedModel, calibration_id: str, licences: list[str]) -> dict[str, Any]:
    """What the bundle is, by MONAI's Bundle Specification, and which model of MammoLens."""
    config = model.config
    members = config.network.members
    return {
        "schema": SCHEMA,
        "version": __version__,
        "changelog": {__version__: f"exported from {model.model_id}"},
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__.partition("+")[0],
        "numpy_version": np.__version__,
        "required_packages_version": {"mammolens": __version__, "pytorch-ignite": version("pytorch-ignite")},
        "supported_apps": {},
        "name": f"MammoLens {config.name}",
        "task": "Anomaly detection in mammograms",
        "description": config.description or f"{config.network.name} of MammoLens",
        "authors": "MammoLens developers",
        "copyright": "Code: MammoLens developers, Apache-2.0. Weights: see license.txt",
        "data_source": "; ".join(_sources(model.training)) or "not recorded",
        "data_type": "dicom",
        "image_classes": "one channel, greys in [0, 1], chest wall on the left, 0 outside the breast",
        "label_classes": "none",
        "pred_classes": "of each member: log odds of each pixel to deviate from normal, then the restored image",
        "eval_metrics": {},
        "intended_use": f"{RESEARCH_USE_ONLY}. Do not base any decision about a person on it.",
        "references": [],
        "network_data_format": {
            "inputs": {
                "image": _tensor(config, "magnitude", ["image"]),
                "breast_mask": _tensor(config, "segmentation", ["share of the pixel inside the breast"]),
            },
            "outputs": {"pred": _tensor(config, "magnitude", _channels(config, members), value_range=())},
        },
        "mammolens": {
            "model": model.model_id,
            "calibration": calibration_id,
            "licences_of_the_training_data": licences,
            "notice": RESEARCH_USE_ONLY,
        },
    }


def _network(config: ModelConfig) -> dict[str, Any]:
    network = config.network
    return {
        "_target_": "mammolens.bundle.network.StackedNetwork",
        "name": network.name,
        "options": dict(network.options),
        "members": network.members,
    }


def _preprocessing(config: PreprocessingConfig) -> list[dict[str, Any]]:
    """The transforms of :class:`mammolens.transforms.pipeline.Pipeline`, which a test compares."""
    if config.grid == "pixel_size":
        resize: dict[str, Any] = {
            "_target_": f"{_TRANSFORMS}.resample_mm.ResizeToPixelSized",
            "pixel_size_mm": config.pixel_size_mm,
            "size": config.size,
            "assumed_height_mm": config.assumed_height_mm,
        }
    else:
        resize = {"_target_": f"{_TRANSFORMS}.resample.ResizeToSquared", "size": config.size}
    return [
        {"_target_": f"{_TRANSFORMS}.load.LoadMammogramd", "keys": str(Keys.IMAGE)},
        {"_target_": f"{_TRANSFORMS}.breast_mask.BreastMaskd"},
        {"_target_": f"{_TRANSFORMS}.crop.CropToBreastd", "margin": config.margin},
        {"_target_": f"{_TRANSFORMS}.orient.OrientToLeftd"},
        resize,
        {"_target_": f"{_TRANSFORMS}.normalize.NormalizeInBreastd", "percentiles": list(config.percentiles)},
    ]


def _tensor(
    config: ModelConfig, kind: str, channels: list[str], value_range: tuple[int, ...] = (0, 1)
) -> dict[str, Any]:
    return {
        "type": "image",
        "format": kind,
        "modality": "MG",
        "num_channels": len(channels),
        "spatial_shape": [config.preprocessing.size, config.preprocessing.size],
        "dtype": "float32",
        "value_range": list(value_range),
        "is_patch_data": False,
        "channel_def": {str(number): channel for number, channel in enumerate(channels)},
    }


def _channels(config: ModelConfig, members: int) -> list[str]:
    from mammolens.models.networks import has_log_odds

    kinds = ("log odds", "restored image") if has_log_odds(config.network) else ("restored image",)
    return [f"{kind}, member {member}" for kind in kinds for member in range(1, members + 1)]


def _sources(training: dict[str, Any]) -> list[str]:
    sets = (training.get(part) for part in ("dataset", "exposure"))
    return [one["citation"] for one in sets if isinstance(one, dict) and one.get("citation")]
