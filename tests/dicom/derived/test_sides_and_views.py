from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mammolens.dicom.derived.sides_and_views import BREASTS, SIDES, VIEWS
from mammolens.dicom.views import laterality_of, view_of
from mammolens.enums import Laterality, ViewPosition


def coded(code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item


@pytest.mark.parametrize("view", ViewPosition)
def test_the_reader_takes_a_views_code_for_the_view(view):
    dataset = Dataset()
    dataset.ViewCodeSequence = Sequence([coded(VIEWS[view])])
    assert view_of(dataset)[0] is view


@pytest.mark.parametrize("side", Laterality)
def test_the_reader_takes_a_sides_code_for_the_side(side):
    region = Dataset()
    region.AnatomicRegionModifierSequence = Sequence([coded(SIDES[side])])
    dataset = Dataset()
    dataset.AnatomicRegionSequence = Sequence([region])
    assert laterality_of(dataset)[0] is side


def test_each_side_has_a_breast():
    assert {side: code.meaning for side, code in BREASTS.items()} == {
        Laterality.LEFT: "Left breast",
        Laterality.RIGHT: "Right breast",
    }
