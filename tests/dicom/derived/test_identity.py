from __future__ import annotations

import re
import uuid

import pytest

from mammolens.dicom.derived import identity
from mammolens.dicom.derived.identity import derived_uid, instance_uid, series_uid
from mammolens.dicom.derived.kinds import DerivedKind

SEGMENTATION, REPORT = DerivedKind.SEGMENTATION, DerivedKind.REPORT


def test_a_uid_is_a_uuid_below_2_25():
    for word in map(str, range(200)):
        uid = derived_uid(word)
        assert uid.is_valid
        assert re.fullmatch(r"2\.25\.[1-9]\d*", uid)
        number = uuid.UUID(int=int(uid.removeprefix("2.25.")))
        assert (number.version, number.variant) == (8, uuid.RFC_4122)


def test_the_same_words_give_the_same_uid_and_others_another():
    assert derived_uid("a", "b") == derived_uid("a", "b")
    assert len({derived_uid("a", "b"), derived_uid("ab"), derived_uid("b", "a"), derived_uid("a", "b", "")}) == 4


def test_the_order_of_the_sources_does_not_matter():
    assert instance_uid(REPORT, ["1", "2"], "m", "c") == instance_uid(REPORT, ["2", "1"], "m", "c")


@pytest.mark.parametrize(
    "other", [(REPORT, ["1"], "m", "c"), (SEGMENTATION, ["2"], "m", "c"), (SEGMENTATION, ["1"], "n", "c"),
              (SEGMENTATION, ["1"], "m", "d")],
)  # fmt: skip
def test_another_kind_source_model_or_calibration_gives_another_uid(other):
    assert instance_uid(*other) != instance_uid(SEGMENTATION, ["1"], "m", "c")


def test_another_version_gives_another_uid(monkeypatch):
    before = instance_uid(SEGMENTATION, ["1"], "m", "c")
    monkeypatch.setattr(identity, "__version__", "99.0")
    assert instance_uid(SEGMENTATION, ["1"], "m", "c") != before


def test_a_series_is_no_instance():
    instance = instance_uid(SEGMENTATION, ["1"], "m", "c")
    assert series_uid(SEGMENTATION, instance) not in (instance, series_uid(REPORT, instance))
