from __future__ import annotations

from mammolens.dicom.derived.kinds import OF_EXAM, OF_IMAGE, DerivedKind


def test_each_kind_is_of_an_image_or_of_an_exam():
    assert sorted((*OF_IMAGE, *OF_EXAM)) == sorted(DerivedKind)
