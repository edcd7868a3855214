from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mammolens.dicom.derived.finalising import finalised
from mammolens.dicom.derived.source import source_of
from mammolens.dicom.reader import read_header


@pytest.fixture
def source(write_dicom, values_of):
    return source_of(read_header(write_dicom(values_of(), SOPClassUID="1.2.840.113619.4.26")))


def test_a_reference_at_any_depth_gets_the_sources_true_class_and_others_keep_theirs(source):
    mine, other, holder, dataset = Dataset(), Dataset(), Dataset(), Dataset()
    mine.ReferencedSOPClassUID, mine.ReferencedSOPInstanceUID = "1.2", source.dataset.SOPInstanceUID
    other.ReferencedSOPClassUID, other.ReferencedSOPInstanceUID = "1.2", "9.9"
    holder.ReferencedInstanceSequence = Sequence([mine, other])
    dataset.SOPInstanceUID, dataset.ReferencedSeriesSequence = "1.2.3", Sequence([holder])
    finalised(dataset, [source])
    assert (mine.ReferencedSOPClassUID, other.ReferencedSOPClassUID) == ("1.2.840.113619.4.26", "1.2")


def test_dimensions_keep_one_uid_that_chance_has_no_part_in(source):
    organisation, index, dataset = Dataset(), Dataset(), Dataset()
    organisation.DimensionOrganizationUID = index.DimensionOrganizationUID = "1.2.3.4"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.DimensionOrganizationSequence, dataset.DimensionIndexSequence = Sequence([organisation]), Sequence([index])
    finalised(dataset, [source])
    assert organisation.DimensionOrganizationUID == index.DimensionOrganizationUID
    assert organisation.DimensionOrganizationUID.startswith("2.25.")
