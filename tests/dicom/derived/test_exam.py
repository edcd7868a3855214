from __future__ import annotations

import numpy as np
import pytest

from mammolens.dicom.derived.exam import ReportedImage, describe_flags, exam_sentence, outline_of, peak_of
from mammolens.dicom.derived.source import source_of


@pytest.fixture
def an_image(write_dicom, values_of, result_of, a_finding):
    result = result_of(write_dicom(values_of()), findings=(a_finding, a_finding))
    return ReportedImage(source_of(result.header), result.record, ("one", "two"), (3, 5))


def test_places_count_from_the_corner_of_the_first_pixel(a_finding):
    np.testing.assert_allclose(outline_of(a_finding), [[10, 20], [20, 20], [20, 40], [10, 40], [10, 20]])
    np.testing.assert_allclose(peak_of(a_finding), [[12.5, 30.5]])


def test_findings_are_numbered_and_tracked_apart(an_image):
    assert [(number, words) for number, _, words in an_image.findings()] == [(3, "one"), (5, "two")]
    assert an_image.tracking_uid(1) == an_image.tracking_uid(1) != an_image.tracking_uid(2)


def test_an_image_is_named_by_side_and_view(an_image, result_of, write_dicom, values_of):
    assert an_image.name == "L MLO"
    nameless = result_of(write_dicom(values_of(), ImageLaterality=None, ViewPosition=None))
    assert ReportedImage(source_of(nameless.header), nameless.record, (), ()).name == "image"


@pytest.mark.parametrize(("texts", "numbers"), [(("one",), (3, 5)), (("one", "two"), (3,))], ids=["texts", "numbers"])
def test_texts_and_numbers_that_do_not_belong_to_the_findings_are_refused(an_image, texts, numbers):
    words = f"image.dcm: 2 findings, but {len(texts)} texts and {len(numbers)} numbers of findings"
    with pytest.raises(ValueError, match=words):
        ReportedImage(an_image.source, an_image.record, texts, numbers)


def test_the_sentence_never_rounds_up(an_image):
    record = an_image.record.model_copy(update={"exam_percentile": 99.96, "exam_is_anomalous": False})
    said = "Score 10 of 10 (p = 0.03): Highly unusual, more anomalous than 99 % of normal exams; not flagged"
    assert exam_sentence(record).startswith(said)


def test_the_sentence_tells_what_is_not_looked_for(an_image):
    sentence = exam_sentence(an_image.record)
    assert sentence.endswith("(the model flags at most 10 % of normal exams).")
    limited = an_image.record.model_copy(update={"limitation": "Nothing small is looked for."})
    assert exam_sentence(limited) == f"{sentence} Nothing small is looked for."


def test_no_flags_are_none(an_image):
    assert describe_flags(an_image.record) == "view guessed"
    assert describe_flags(an_image.record.model_copy(update={"quality_flags": []})) == "none"
