"""The scoring method: score every image that has no score by the serving model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from monailabel.interfaces.tasks.scoring import ScoringMethod

from mammolens.errors import MammoLensError
from mammolens.labelapp.datastore.contracts import Images, ImageScorer
from mammolens.labelapp.datastore.stored_score import is_processed
from mammolens.labelapp.exams.image_scores import score_and_store
from mammolens.labelapp.parameters import ScoringParameters, parse
from mammolens.labelapp.serving import ServingModel

_log = logging.getLogger(__name__)
_EVERY = 10


class AnomalyScoring(ScoringMethod):
    """Stores score, p-value and model in each image's info; or why an image could not be scored."""

    def __init__(self, serving: ServingModel) -> None:
        super().__init__("Anomaly score of every image, for the strategy 'most_anomalous'")
        self._serving = serving

    def __call__(self, request: Mapping[str, Any], datastore: Images) -> dict[str, Any]:
        """Score the images.

        Returns:
            ``{"model": ..., "scored": n, "kept": n, "failed": {image id: why}}``.

        Raises:
            ModelError: no model serves.
            RequestError: a parameter that cannot be used.
        """
        again = parse(ScoringParameters, request).again
        scorer: ImageScorer = self._serving.predictor()
        listed = datastore.list_images()
        due = [image_id for image_id in listed if again or not _is_processed(image_id, datastore, scorer)]
        failed: dict[str, str] = {}
        for done, image_id in enumerate(due, start=1):
            if why := _failure(image_id, datastore, scorer):
                failed[image_id] = why
            if done % _EVERY == 0 or done == len(due):
                _log.info("scored %d of %d images, %d failed", done - len(failed), len(due), len(failed))
        scored = len(due) - len(failed)
        return {"model": scorer.model_id, "scored": scored, "kept": len(listed) - len(due), "failed": failed}


def _failure(image_id: str, datastore: Images, scorer: ImageScorer) -> str | None:
    """Score one image; why it cannot be, or nothing."""
    try:
        score_and_store(image_id, datastore, scorer)
    except MammoLensError as error:
        _log.warning("not scored: %s", error)
        return str(error)
    except Exception:  # noqa: BLE001 - one bad image must not stop the others
        _log.exception("not scored: %s", image_id)
        return "unexpected error; the server's log has the details"
    return None


def _is_processed(image_id: str, datastore: Images, scorer: ImageScorer) -> bool:
    return is_processed(datastore.get_image_info(image_id), scorer.model_id, scorer.calibration_id)
