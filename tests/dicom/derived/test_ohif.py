from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from mammolens.dicom.derived.ohif import set_plane_for_ohif
from mammolens.dicom.reader import read_header


@pytest.mark.parametrize(
    ("stated", "spacing"), [({}, [1.0, 1.0]), ({"ImagerPixelSpacing": ["0.2", "0.1"]}, [0.2, 0.1])], ids=str
)
def test_both_groups_stand_there_with_the_spacing_and_orientation_that_ohif_gives_the_image(
    write_dicom, values_of, stated, spacing
):
    dataset = Dataset()
    dataset.SharedFunctionalGroupsSequence = Sequence([Dataset()])
    set_plane_for_ohif(dataset, read_header(write_dicom(values_of(), **stated)))
    shared = dataset.SharedFunctionalGroupsSequence[0]
    assert shared.PixelMeasuresSequence[0].PixelSpacing == spacing  # between rows, between columns
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == [0, 1, 0, 0, 0, -1]
