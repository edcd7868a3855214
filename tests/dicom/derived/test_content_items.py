from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.derived import content_items as items
from mammolens.dicom.derived.standard_codes import DCM


def test_children_are_nested_in_their_order():
    first, second = items.text(items.CONTAINS, DCM.Comment, "one"), items.by_reference(items.SELECTED_FROM, 1, 2, 3)
    holder = items.code(items.CONTAINS, DCM.SingleImageFinding, DCM.SelectedRegion, first, second)
    assert list(holder.ContentSequence) == [first, second]
    assert (holder.ValueType, holder.RelationshipType) == ("CODE", "CONTAINS")


def test_an_item_without_children_has_no_content():
    assert "ContentSequence" not in items.code(items.CONTAINS, DCM.SummaryOfAnalyses, DCM.NotAttempted)


def test_an_item_by_reference_has_a_place_and_no_value():
    item = items.by_reference(items.SELECTED_FROM, 1, 2, 3)
    assert item.ReferencedContentItemIdentifier == [1, 2, 3]
    assert "ValueType" not in item


def test_the_root_names_its_template_and_has_no_relationship():
    root = items.container(None, DCM.MammographyCADReport, template="4000")
    assert root.ContentTemplateSequence[0].TemplateIdentifier == "4000"
    assert "RelationshipType" not in root


def test_an_image_is_referred_to_by_class_and_instance():
    source = Dataset()
    source.SOPClassUID, source.SOPInstanceUID = "1.2", "3.4"
    (reference,) = items.image(items.CONTAINS, source).ReferencedSOPSequence
    assert (reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID) == ("1.2", "3.4")


def test_a_place_keeps_its_points():
    place = items.place(items.HAS_PROPERTIES, DCM.Center, "POINT", np.array([[12.5, 30.5]]))
    assert (place.GraphicType, place.GraphicData) == ("POINT", [12.5, 30.5])


@pytest.mark.parametrize("value", [0.1, 0.09409090909091])
def test_a_length_is_in_millimetres(value):
    (measured,) = items.millimetres(items.HAS_ACQ_CONTEXT, DCM.VerticalPixelSpacing, value).MeasuredValueSequence
    assert float(measured.NumericValue) == pytest.approx(value)
    assert measured.MeasurementUnitsCodeSequence[0].CodeValue == "mm"
