import random

import pytest

from mammolens.evaluation.pictures import Gallery, Mistake, caption


@pytest.fixture
def offered(an_image):
    """Offers images of these (patient, score) in an order of chance; gives the gallery and what was drawn."""

    def offer(pairs, abnormal=False, size=3):
        gallery, drawn = Gallery(size), []
        images = [
            an_image(f"{at}", patient_id=patient, pred_score=float(score), abnormal=abnormal)
            for at, (patient, score) in enumerate(pairs)
        ]
        random.Random(1).shuffle(images)
        for image in images:
            gallery.offer(image, lambda image=image: drawn.append(image) or str(image.pred_score).encode())
        return gallery, drawn

    return offer


def test_the_highest_normals_stay_the_worst_first(offered):
    gallery, _ = offered([(f"p{score}", score) for score in range(20)])
    assert [picture.jpeg for picture in gallery.pictures()] == [b"19.0", b"18.0", b"17.0"]
    assert {picture.mistake for picture in gallery.pictures()} == {Mistake.FALSE_POSITIVE}


def test_the_lowest_abnormals_stay(offered):
    gallery, _ = offered([(f"p{score}", score) for score in range(20)], abnormal=True)
    assert [picture.jpeg for picture in gallery.pictures()] == [b"0.0", b"1.0", b"2.0"]
    assert gallery.pictures()[0].mistake is Mistake.MISS


def test_one_woman_has_one_picture_of_her_worst_image(offered):
    gallery, _ = offered([("a", 9), ("a", 8), ("a", 10), ("b", 3), ("c", 2), ("d", 1)])
    assert [picture.jpeg for picture in gallery.pictures()] == [b"10.0", b"3.0", b"2.0"]


def test_few_images_are_drawn(offered):
    _, drawn = offered([(f"p{score}", score) for score in range(500)])
    assert len(drawn) < 40


def test_a_gallery_of_none_draws_nothing(offered):
    gallery, drawn = offered([("a", 1), ("b", 2)], size=0)
    assert gallery.pictures() == drawn == []


def test_the_caption_names_patient_view_score_and_decision(an_image):
    image = an_image(acquisition_group="21", pred_score=1.23456, is_anomalous=True, p_value=0.02)
    assert caption(image) == "p1, L CC, machine 21: score 1.235, p = 0.02, flagged"
