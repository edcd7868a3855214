"""The infer task: one mammogram in, a map with the image's exact geometry and a record out."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from monailabel.interfaces.tasks.infer_v2 import InferTask, InferType

from mammolens.dicom.derived.derive import write_derived
from mammolens.dicom.export import write_volume
from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError, ModelError
from mammolens.files import removed_if_it_fails
from mammolens.inference.exam import ImageScore
from mammolens.inference.predictor import Predictor
from mammolens.labelapp.datastore.contracts import Images
from mammolens.labelapp.datastore.stored_score import StoredScore, failure_as_info
from mammolens.labelapp.exams.image_scores import SiblingScores
from mammolens.labelapp.exams.inference import derived_from_image
from mammolens.labelapp.keys import OutputMap, ResultExtension
from mammolens.labelapp.parameters import InferParameters, defaults
from mammolens.labelapp.serving import ServingModel
from mammolens.models.directory import WEIGHTS, network_directories
from mammolens.types import AnomalyResult, Mammogram

T = TypeVar("T")
_DESCRIPTION = "Where a mammogram deviates from normal, and how much. Research use only."


class MammogramInfer(InferTask):
    """Infers one image with the model that serves when the request comes.

    MONAI Label's own BasicInferTask is not used: it unpickles weights and loses the geometry of 2D images.

    Args:
        serving: the model.
        images: the datastore; scores are kept with its images.
        siblings: scores of the other views of an image's exam.
    """

    def __init__(self, serving: ServingModel, images: Images, siblings: SiblingScores) -> None:
        super().__init__(InferType.SEGMENTATION, labels=None, dimension=2, description=_DESCRIPTION)
        self._serving = serving
        self._images = images
        self._siblings = siblings

    def is_valid(self) -> bool:
        """Whether there is a model to serve."""
        try:
            self._serving.predictor()
        except ModelError:
            return False
        return True

    def info(self) -> dict[str, Any]:
        """What clients see at ``/info/``: labels, parameters with their defaults, the serving model."""
        predictor = self._serving.predictor()
        return {**super().info(), "labels": label_names(predictor), "model": predictor.model_id}

    def config(self) -> dict[str, Any]:
        """Parameters of a request and their defaults."""
        return defaults(InferParameters)

    def get_path(self, validate: bool = True) -> str:
        """File of the serving model's weights; of an ensemble, of its first member's."""
        return str(network_directories(self._serving.directory())[0] / WEIGHTS)

    def __call__(self, path: Path, image_id: str | None, wanted: InferParameters) -> tuple[str, dict[str, Any]]:
        """Infer one image.

        Args:
            path: the file.
            image_id: its id in the datastore; ``None`` of an upload.
            wanted: what to answer.

        Returns:
            Path of the map, to be removed by the caller, and the record with ``label_names``
            and ``latencies`` in seconds.

        Raises:
            InputError: the file is not a mammogram that can be scored.
            RequestError: there is no such device.
            ModelError: no model serves.
        """
        predictor = self._serving.predictor(wanted.device)
        clock = _Clock()
        mammogram = clock.timed("pre", lambda: self._read(path, image_id, predictor))
        siblings = clock.timed("siblings", lambda: self._sibling_scores(image_id, wanted, predictor))
        result = clock.timed("infer", lambda: predictor.predict(mammogram, siblings))
        self._remember(image_id, result, predictor)
        file = clock.timed("write", lambda: _write(result, wanted))
        record = result.record.model_dump(mode="json")
        return file, {**record, "label_names": label_names(predictor), "latencies": clock.latencies()}

    def _read(self, path: Path, image_id: str | None, predictor: Predictor) -> Mammogram:
        try:
            return read_mammogram(path)
        except InputError as error:
            if image_id is not None:
                self._images.update_image_info(image_id, failure_as_info(error, predictor.model_id))
            raise

    def _sibling_scores(self, image_id: str | None, wanted: InferParameters, predictor: Predictor) -> list[ImageScore]:
        if image_id is None or not wanted.exam_scores:
            return []
        return self._siblings.of(image_id, predictor)

    def _remember(self, image_id: str | None, result: AnomalyResult, predictor: Predictor) -> None:
        if image_id is not None:
            score = ImageScore(result.header, result.record.pred_score, result.record.raw_score)
            self._images.update_image_info(image_id, StoredScore.by(predictor, score).as_info())


def label_names(predictor: Predictor) -> dict[str, int]:
    """Heat levels and their values in the label, from 1."""
    return {name: value for value, name in enumerate(predictor.config.calibration.levels, start=1)}


def _write(result: AnomalyResult, wanted: InferParameters) -> str:
    suffix = ".dcm" if wanted.dicom else ResultExtension(wanted.result_extension).value
    descriptor, name = tempfile.mkstemp(prefix="mammolens-", suffix=suffix)
    os.close(descriptor)
    with removed_if_it_fails(Path(name)):
        if wanted.dicom:
            write_derived(derived_from_image(result, wanted.dicom), Path(name))
        else:
            array = result.heat_levels if wanted.output_map is OutputMap.LEVELS else result.anomaly_map
            write_volume(array, result.header, Path(name))
    return name


class _Clock:
    """Seconds that each step took, under MONAI Label's names."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._taken: dict[str, float] = {}

    def timed(self, name: str, step: Callable[[], T]) -> T:
        started = time.monotonic()
        done = step()
        self._taken[name] = round(time.monotonic() - started, 3)
        return done

    def latencies(self) -> dict[str, float]:
        return {**self._taken, "total": round(time.monotonic() - self._started, 3)}
