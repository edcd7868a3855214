import base64
import io
import json

import pytest
from PIL import Image

from mammolens.datasets.base import Lesion
from mammolens.web.viewer import viewer_data


@pytest.fixture
def data(a_presentation, results):
    return viewer_data(a_presentation.exams[0], results, "k")


def opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_all_is_json_and_no_picture_comes_from_elsewhere(data):
    assert json.loads(json.dumps(data)) == data
    for view in data["views"]:
        assert all(
            uri.startswith("data:image/") for uri in (view["image"], view["network_input"], *view["heat"].values())
        )


def test_layers_of_a_view_have_one_size_which_is_told(data):
    for view in data["views"]:
        pictures = [opened(view[name]) for name in ("image", "network_input", "reconstruction")]
        pictures += [opened(uri) for uri in view["heat"].values()]
        assert {picture.size for picture in pictures} == {(view["width"], view["height"])}


def test_every_level_has_its_colour_and_its_meaning(data, a_presentation):
    record = a_presentation.exams[0].of_exam
    assert [level["name"] for level in data["levels"]] == list(record.levels)
    assert "half of normal images have such a spot" in data["levels"][0]["meaning"]


def test_views_hang_as_readers_are_used_to(data):
    assert [view["name"] for view in data["views"]] == ["R CC", "L CC", "R MLO", "L MLO"]


def test_findings_lie_on_the_picture(a_presentation, results):
    exam = a_presentation.exams[0]
    view = exam.views[0]
    finding = {
        "contour": [(0.0, 0.0), (10.0, 0.0), (10.0, 20.0), (0.0, 0.0)],
        "bounding_box": (0, 0, 10, 20),
        "area_pixels": 100,
        "area_mm2": None,
        "peak": 1.0,
        "peak_location": (5, 5),
        "mean": 0.5,
        "level": "high",
        "percentile": 83.0,
        "position": None,
        "position_guessed": False,
        "depth": "middle",
        "skin_distance_mm": None,
        "nipple_distance_mm": None,
        "anatomy": None,
    }
    record, stronger = (
        view.record.model_validate(
            {**view.record.model_dump(), "findings": [{**finding, "peak": peak}], "rows": 2 * view.record.rows}
        )
        for peak in (1.0, 2.0)
    )
    views = [view.model_copy(update={"record": each}) for each in (record, stronger)]
    marked = exam.model_copy(update={"views": views})
    (weak,), (strong,) = [one["findings"] for one in viewer_data(marked, results, "k")["views"]]
    assert weak["outline"][1] == [10.5, 0.2]
    assert weak["outline"][2] == [10.5, 10.2]
    assert (weak["number"], strong["number"]) == (2, 1)


def test_known_lesions_are_outlined_on_the_picture_of_their_file(a_presentation, results):
    exam = a_presentation.exams[0]
    record = exam.views[0].record
    whole = Lesion(
        (record.rows - 1) / 2, (record.columns - 1) / 2, record.rows / 2, record.columns / 2, shape="box", kind="mass"
    )
    first, *others = viewer_data(exam, results, "k", {record.path: [whole]})["views"]
    width, height = first["width"], first["height"]
    assert first["known"] == [[[0, 0], [width, 0], [width, height], [0, height]]]
    assert not any(view["known"] for view in others)
