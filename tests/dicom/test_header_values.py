from datetime import date

import pytest
from pydicom.dataset import Dataset

from mammolens.dicom.header_values import date_of, texts_of


@pytest.mark.parametrize("text", ["20260131", "2026.01.31", " 2026-01-31 "])
def test_a_date_is_read_in_each_way_it_is_written(text: str) -> None:
    assert date_of(text) == date(2026, 1, 31)


@pytest.mark.parametrize("text", ["", "20261331", "2026", "20260131-20260201", "yesterday"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert date_of(text) is None


@pytest.mark.parametrize(
    ("stated", "texts"),
    [("1.2 ", ("1.2",)), (["1.2", " 3"], ("1.2", "3")), (["1.2", ""], ("1.2",)), ("", ()), (None, ())],
)
def test_all_values_of_an_attribute_are_read_as_texts(stated: object, texts: tuple[str, ...]) -> None:
    dataset = Dataset()
    dataset.SoftwareVersions = stated
    assert texts_of(dataset, "SoftwareVersions") == texts


def test_a_missing_attribute_has_no_texts() -> None:
    assert texts_of(Dataset(), "SoftwareVersions") == ()
