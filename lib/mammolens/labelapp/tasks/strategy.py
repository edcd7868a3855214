"""Which image to review next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from monailabel.interfaces.tasks.strategy import Strategy

from mammolens.enums import Verdict
from mammolens.errors import UnknownImageError
from mammolens.labelapp.datastore.contracts import Images
from mammolens.labelapp.datastore.stored_score import StoredScore, failed

Rank = tuple[int, float, float]
_SCORED, _UNSCORED, _FAILED = range(3)


class MostAnomalous(Strategy):
    """The most anomalous image that nobody has reviewed.

    Scored images come first: lowest p-value, then highest score. Then those that have no score yet,
    in the datastore's order; last those that could not be scored, which a person should see too.
    Images with a verdict never come again; files that are not mammograms never come at all.

    Args:
        verdicts: gives the verdict, or none, of every mammogram by its id.
    """

    def __init__(self, verdicts: Callable[[], Mapping[str, Verdict | None]]) -> None:
        super().__init__("Most anomalous image without a verdict; run the scoring method 'anomaly' first")
        self._verdicts = verdicts

    def __call__(self, request: Mapping[str, Any], datastore: Images) -> dict[str, str]:
        """Choose.

        Returns:
            ``{"id": image id}``, or ``{}`` when all images have a verdict.
        """
        verdicts = self._verdicts()
        undecided = [image for image in datastore.list_images() if image in verdicts and verdicts[image] is None]
        open_ones = {image_id: rank(_info(image_id, datastore)) for image_id in undecided}
        return {"id": min(open_ones, key=open_ones.__getitem__)} if open_ones else {}


def rank(info: Mapping[str, Any]) -> Rank:
    """Place in the queue of an image with this info; the lowest comes first."""
    if failed(info):
        return (_FAILED, 0.0, 0.0)
    score = StoredScore.of(info)
    return (_UNSCORED, 0.0, 0.0) if score is None else (_SCORED, score.p_value, -score.pred_score)


def _info(image_id: str, datastore: Images) -> dict[str, Any]:
    try:
        return datastore.get_image_info(image_id)
    except UnknownImageError:  # vanished since it was listed
        return {}
