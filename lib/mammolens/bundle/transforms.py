"""From a network's output to scores and maps, as MONAI transforms for a bundle's postprocessing."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from monai.data import MetaTensor
from monai.transforms import Compose, InvertibleTransform, MapTransform

from mammolens import RESEARCH_USE_ONLY
from mammolens.bundle.files import CHECKED_FILES, MODEL_FOLDER
from mammolens.bundle.network import unstacked
from mammolens.calibration.standardisation import Acquisition
from mammolens.config import load_config
from mammolens.dicom.export import write_volume
from mammolens.enums import Keys, RuntimeName
from mammolens.errors import ModelError
from mammolens.inference.outputs import RESULTS
from mammolens.inference.predictor import load_calibration
from mammolens.inference.scorer import Scorer
from mammolens.models.checksums import check_checksums
from mammolens.models.directory import CONFIG
from mammolens.models.output import NetworkOutput
from mammolens.names import path_as_text
from mammolens.transforms.base import derived
from mammolens.transforms.breast_mask import BREAST_HEIGHT, BREAST_SHARE
from mammolens.transforms.load import header_of
from mammolens.transforms.pipeline import Prepared

PRED: Final = "pred"
ANOMALY_MAP: Final = "anomaly_map"
RECORD: Final = "record"


class ScoreAnomalyd(MapTransform):
    """Adds ``data["record"]``, the scores, and ``data["anomaly_map"]``, the map on the original image's grid.

    The scores are those of :class:`mammolens.Predictor` without a calcification branch. The map is a MetaTensor
    ``(1, rows, cols)`` float32.

    Args:
        bundle_root: folder of the bundle, whose configuration and calibration are used.
        model_id: of the model.
        transform: the preprocessing that prepared the image.
        keys: of the network's output, ``(channels, size, size)``.

    Raises:
        ModelError: a file of the bundle is missing, or was changed.
    """

    def __init__(self, bundle_root: str, model_id: str, transform: Compose, keys: str = PRED) -> None:
        super().__init__(keys)
        root = Path(bundle_root)
        try:
            check_checksums(root, CHECKED_FILES)
        except ModelError as error:
            raise ModelError(error.source, error.reason, "export the model again") from error
        config = load_config(root / MODEL_FOLDER / CONFIG)
        self._members, self._scoring = config.network.members, config.scoring
        self._calibration = load_calibration(root / MODEL_FOLDER)
        self._model_id = model_id
        self._spatial = Compose(
            [
                one
                for one in transform.transforms
                if isinstance(one, InvertibleTransform) and Keys.BREAST_MASK in getattr(one, "keys", ())
            ]
        )

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Score one image; raises as the calibration does."""
        result = dict(data)
        image, mask = result[Keys.IMAGE].cpu(), result[Keys.BREAST_MASK].cpu()
        header = header_of(image)
        for key in self.key_iterator(result):
            prepared = Prepared(image, mask, float(mask.meta[BREAST_SHARE]), float(mask.meta[BREAST_HEIGHT]))
            output = unstacked(torch.as_tensor(result[key]).detach().cpu().float()[None], self._members)
            grid = Scorer(_Finished(output), self._scoring).score(prepared)
            source = Acquisition(header.acquisition_group, header.view)
            score = self._calibration.standardisation.score(grid.pred_score, source)
            result[RECORD] = {
                "path": path_as_text(header.path),
                "sop_instance_uid": header.sop_instance_uid,
                "raw_score": grid.pred_score,
                "pred_score": score,
                "p_value": self._calibration.image_p_value(score, header.acquisition_group),
                "model": self._model_id,
                "calibration": self._calibration.calibration_id,
                "notice": RESEARCH_USE_ONLY,
            }
            on_grid = {Keys.IMAGE: derived(mask, grid.anomaly_map)}
            result[ANOMALY_MAP] = self._spatial.inverse(on_grid)[Keys.IMAGE]
        return result


class SaveAnomalyd(MapTransform):
    """Appends the record to ``results.jsonl`` and writes the map as ``NAME.anomaly.nrrd`` in the image's geometry.

    Args:
        output_dir: folder; created if missing.
        data_root_dir: folder of the images, whose subfolders the maps are written to.
        keys: of the map.
    """

    def __init__(self, output_dir: str, data_root_dir: str, keys: str = ANOMALY_MAP) -> None:
        super().__init__(keys)
        self._folder = Path(output_dir)
        self._images = Path(data_root_dir)

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Write the result of one image."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for key in self.key_iterator(dict(data)):
            anomaly_map: MetaTensor = data[key]
            header = header_of(anomaly_map)
            path = self._folder / header.path.relative_to(self._images)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_volume(anomaly_map.as_tensor()[0].numpy(), header, path.with_name(f"{path.name}.anomaly.nrrd"))
        with (self._folder / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(data[RECORD]) + "\n")
        return dict(data)


class _Finished:
    """In place of a runtime: the output on the whole grid is there already."""

    name: Final = RuntimeName.TORCH

    def __init__(self, output: NetworkOutput) -> None:
        self._output = output

    def run(self, image: torch.Tensor, mask: torch.Tensor) -> NetworkOutput:
        """The part of the output that lies on the image."""
        rows, columns = image.shape[-2:]
        parts = (None if values is None else values[..., :rows, :columns] for values in self._output)
        return NetworkOutput(*parts)  # type: ignore[arg-type]  # the first is never None
