from __future__ import annotations

from collections import Counter

import pytest

from mammolens.calibration.sub_exams import shape_of, sub_exams

LEFT, RIGHT = (1.0, 2.0), (3.0, 4.0)


def test_the_exam_itself_comes_once_where_it_is_as_large_as_wanted():
    assert sub_exams((LEFT, RIGHT), (2, 2)) == [(LEFT, RIGHT)]


def test_of_four_views_one_image_is_any_of_them_and_one_breast_either():
    assert sorted(sub_exams((LEFT, RIGHT), (1,))) == [((1.0,),), ((2.0,),), ((3.0,),), ((4.0,),)]
    assert sorted(sub_exams((LEFT, RIGHT), (2,))) == [(LEFT,), (RIGHT,)]
    assert len(sub_exams((LEFT, RIGHT), (1, 1))) == len(sub_exams((LEFT, RIGHT), (2, 1))) == 4


def test_each_image_of_a_breast_counts_equally_often_and_their_number_stays_small():
    breast = tuple(float(number) for number in range(9))
    exams = sub_exams((breast,), (4,))
    assert len(exams) == 9
    assert set(Counter(score for (own,) in exams for score in own).values()) == {4}


@pytest.mark.parametrize(
    ("breasts", "shape", "closest"),
    [
        ((LEFT,), (2, 2), [(LEFT,)]),
        ((LEFT, (3.0,)), (3, 3), [(LEFT, (3.0,))]),
        (((3.0,), LEFT), (2, 1), [((3.0,), LEFT)]),
        (((3.0,), LEFT), (2,), [(LEFT,)]),
    ],
)
def test_an_exam_with_too_few_images_gives_what_comes_closest(breasts, shape, closest):
    assert sub_exams(breasts, shape) == closest


def test_breasts_are_counted_the_largest_first():
    assert shape_of([(3.0,), LEFT]) == (2, 1)
