from __future__ import annotations

from pathlib import Path

import pytest

from mammolens.datasets.base import Case, Dataset
from mammolens.datasets.joined import join_datasets
from mammolens.enums import Split
from mammolens.errors import DatasetError
from mammolens.types import ImageAttributes


def case(patient, *, site=None, machine=None, split=None):
    return Case(
        Path(f"{patient}.dcm"), patient, ImageAttributes("of-table", machine_id=machine), site=site, split=split
    )


def test_a_single_set_stays_as_it_is():
    alone = Dataset("ours", (case("7"),), "ours")
    assert join_datasets([alone]) is alone


def test_each_set_is_a_site_and_keeps_its_own_sites():
    joined = join_datasets(
        [Dataset("rsna", (case("7", site="1"), case("8", site="2")), "a"), Dataset("vindr", (case("7"),), "b")]
    )
    assert [one.site for one in joined.cases] == ["rsna 1", "rsna 2", "vindr"]


def test_patients_of_one_id_are_two_patients_for_the_reader_too():
    joined = join_datasets([Dataset("a", (case("7"),), "x"), Dataset("b", (case("7"),), "y")])
    assert joined.patients == ("a:7", "b:7")
    assert [one.attributes.patient_id for one in joined.cases] == ["a:7", "b:7"]


def test_machines_of_one_name_are_told_apart_and_others_keep_theirs():
    joined = join_datasets(
        [
            Dataset("a", (case("1", machine="49"), case("2", machine="29")), "x"),
            Dataset("b", (case("3", machine="49"),), "y"),
        ]
    )
    assert [one.attributes.machine_id for one in joined.cases] == ["a 49", "29", "b 49"]


def test_splits_stay_as_each_set_gives_them():
    joined = join_datasets([Dataset("a", (case("1", split=Split.TRAIN),), "x"), Dataset("b", (case("2"),), "y")])
    assert [one.split for one in joined.cases] == [Split.TRAIN, None]


def test_names_licences_and_citations_of_all_are_kept():
    joined = join_datasets(
        [Dataset("a", (), "CC BY", "A, 2020."), Dataset("normals", (), "x"), Dataset("normals", (), "y")]
    )
    assert joined.name == "a + normals + normals 2"
    assert joined.licence == "a: CC BY; normals: x; normals 2: y"
    assert joined.citation == "A, 2020."
    assert list(joined.parts) == ["a", "normals", "normals 2"]


def test_one_publication_twice_is_refused():
    with pytest.raises(DatasetError, match="rsna640: is the same publication as rsna, .*; give one of them"):
        join_datasets([Dataset("rsna", (), "x", "Carr, 2022."), Dataset("rsna640", (), "x", "Carr, 2022.")])
