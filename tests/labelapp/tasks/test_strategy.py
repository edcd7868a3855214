from typing import Any

import pytest

from mammolens.enums import Verdict
from mammolens.errors import UnknownImageError
from mammolens.labelapp.tasks.strategy import MostAnomalous


class InfosStandIn:
    """A datastore that knows infos only."""

    def __init__(self, **infos: dict[str, Any]) -> None:
        self._infos = infos

    def list_images(self) -> list[str]:
        return [*self._infos, *(["vanished"] if "vanishing" in self._infos else [])]

    def get_image_info(self, image_id: str) -> dict[str, Any]:
        if image_id not in self._infos:
            raise UnknownImageError(image_id, "gone", "list again")
        return self._infos[image_id]


def _score(pred_score: float, p_value: float, **more: Any) -> dict[str, Any]:
    image = {"laterality": "L", "view": "CC", "acquisition_group": None, "sop_instance_uid": "1.2"}
    score = {"pred_score": pred_score, "raw_score": 1, "p_value": p_value}
    return {**score, "model": "m", "calibration": "c", "software_versions": None, **image, **more}


REVIEWED: dict[str, Any] = {"reviewed": True}


def _chosen(infos: dict[str, Any], left_out: str = "") -> dict[str, str]:
    images = [*infos, "vanished"]
    verdicts = {
        image: Verdict.NORMAL if infos.get(image, {}).get("reviewed") else None for image in images if image != left_out
    }
    return MostAnomalous(lambda: verdicts)({}, InfosStandIn(**infos))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("infos", "chosen"),
    [
        ({"a": _score(1, 0.5), "b": _score(9, 0.01), "c": _score(5, 0.1)}, "b"),
        ({"a": _score(1, 0.01), "b": _score(9, 0.01)}, "b"),
        ({"a": _score(9, 0.01) | REVIEWED, "b": _score(1, 0.9)}, "b"),
        ({"a": {}, "b": _score(1, 0.9)}, "b"),
        ({"a": {"score_error": "damaged"}, "b": {}}, "b"),
        ({"a": REVIEWED, "b": {"score_error": "damaged"}}, "b"),
        ({"a": {}, "b": {}}, "a"),
        ({"a": _score("high", []), "b": _score(0, 1)}, "b"),
        ({"vanishing": REVIEWED, "b": _score(0, 1)}, "b"),
    ],
)
def test_the_next_image_is_the_most_anomalous_without_a_verdict(infos: dict[str, Any], chosen: str) -> None:
    assert _chosen(infos) == {"id": chosen}


def test_when_all_are_reviewed_there_is_no_next() -> None:
    assert _chosen({"a": REVIEWED, "b": REVIEWED}) == {}
    assert _chosen({}) == {}


def test_a_file_that_nobody_can_decide_on_is_not_offered() -> None:
    assert _chosen({"a": _score(1, 0.5), "b": _score(9, 0.01)}, left_out="b") == {"id": "a"}
