import io

import numpy as np
from PIL import Image

from mammolens.web.composed import as_jpeg, composed


def test_heat_is_drawn_over_the_image_and_what_lies_beside_it_stays_grey(a_presentation, results, tmp_path):
    view = a_presentation.exams[0].views[0]
    view = view.model_copy(update={"record": view.record.model_copy(update={"findings": []})})
    with Image.open(results / view.image) as image:
        size = image.size
    heat = np.zeros((size[1], size[0], 4), np.uint8)
    heat[20:60, 20:60] = (255, 0, 0, 255)
    (tmp_path / view.image).write_bytes((results / view.image).read_bytes())
    Image.fromarray(heat).save(tmp_path / next(iter(view.heat.values())))
    picture = np.asarray(composed(view, [], tmp_path), dtype=int)
    coloured = np.ptp(picture, axis=2) > 40
    assert coloured[22:58, 22:58].all()
    coloured[20:60, 20:60] = False
    assert not coloured.any()


def test_a_picture_is_no_larger_than_asked_for(a_presentation, results):
    exam = a_presentation.exams[0]
    picture = composed(exam.views[0], exam.finding_numbers[0], results, longest=100)
    assert max(picture.size) == 100
    assert Image.open(io.BytesIO(as_jpeg(picture))).size == picture.size
