"""Scores of a datastore's images, computed and stored where there are none yet."""

from __future__ import annotations

import logging
from pathlib import Path

from mammolens.dicom.reader import read_mammogram
from mammolens.errors import InputError, MammoLensError
from mammolens.inference.exam import ImageScore
from mammolens.labelapp.datastore.contracts import Images, ImageScorer
from mammolens.labelapp.datastore.stored_score import StoredScore, failed, failure_as_info, is_processed
from mammolens.labelapp.exams.exam import Exams

_log = logging.getLogger(__name__)


class SiblingScores:
    """Returns the scores of an image's sibling views; missing ones are computed and stored.

    Args:
        exams: of the datastore.
        images: the datastore.
    """

    def __init__(self, exams: Exams, images: Images) -> None:
        self._exams = exams
        self._images = images

    def of(self, image_id: str, scorer: ImageScorer) -> list[ImageScore]:
        """Scores of the exam's other views by this model; a view that cannot be scored is left out."""
        found = (self._score(sibling, scorer) for sibling in self._exams.siblings_of(image_id))
        return [score for score in found if score is not None]

    def _score(self, image_id: str, scorer: ImageScorer) -> ImageScore | None:
        info = self._images.get_image_info(image_id)
        stored = StoredScore.of(info)
        known = is_processed(info, scorer.model_id, scorer.calibration_id)
        if known and failed(info):
            return None
        try:
            if known and stored is not None:
                return stored.as_image_score(image_id)
            return score_and_store(image_id, self._images, scorer)
        except MammoLensError as error:
            _log.warning("exam score without the view %s: %s", image_id, error)
            return None


def score_and_store(image_id: str, images: Images, scorer: ImageScorer) -> ImageScore:
    """Score one image and store the score, or why there is none.

    Raises:
        InputError: the image cannot be scored; the reason is stored.
        PacsError: it cannot be fetched now.
    """
    try:
        score = scorer.score(read_mammogram(Path(images.get_image_uri(image_id))))
    except InputError as error:
        images.update_image_info(image_id, failure_as_info(error, scorer.model_id))
        raise
    images.update_image_info(image_id, StoredScore.by(scorer, score).as_info())
    return score
